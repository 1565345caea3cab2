"""Notes for the ERP, as a table or as JSON."""

from collections.abc import Sequence

from worker.commands.show import as_json, grid
from worker.core.erp_note import ErpNote


def notes(found: Sequence[ErpNote], json_wanted: bool) -> str:
    """The oldest first. The text holds the number masked, as it was written."""
    if json_wanted:
        return as_json([_note(one) for one in found])
    if not found:
        return "the ERP has been told everything"
    columns = ("day", "instance", "client", "state", "text", "error")
    return grid(columns, [list(_note(one).values())[1:] for one in found])


def _note(one: ErpNote) -> dict[str, object]:
    return {
        "attempt_id": one.attempt_id,
        "day": one.day.isoformat(),
        "instance": one.instance,
        "client": one.client_id,
        "state": str(one.state),
        "text": one.text,
        "error": one.error,
    }
