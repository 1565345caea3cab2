"""What the jobs need of the results that agents and dialplans tell us. `worker.store` implements it."""

from datetime import datetime
from typing import Protocol

from worker.core.agent_result import AgentResult
from worker.core.erp_note import ErpNote
from worker.core.model import NextStep


class AgentResults(Protocol):
    def add(self, told: AgentResult) -> None:
        """Written down durably; idempotent on its id. Nothing follows from it yet."""
        ...

    def to_settle(self, limit: int) -> list[AgentResult]:
        """The oldest first; none while a call to the debtor goes on: his entry is CLAIMED until its outcome is."""
        ...

    def settle(self, told: AgentResult, step: NextStep, debtor: str, note: ErpNote | None, now: datetime) -> bool:
        """Its consequences, in one transaction: the outcome of its call says the same, the WAITING entry takes the
        step, the debtor (the ledger's key; empty: none) has his quiet period, the ERP its note.

        The step's block and list are not written here. False: it was settled already.
        """
        ...
