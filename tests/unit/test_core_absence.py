"""Why a client is not in the queue, one sentence for each reason."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from worker.core.absence import BUILT_NEXT, Charging, ClientFacts, why_absent
from worker.core.do_not_call import DoNotCall
from worker.core.enums import PhoneKind
from worker.core.model import Bill, Client, Phone

TODAY = date(2026, 11, 18)
CHARGING = Charging(date(2025, 11, 18), date(2026, 11, 11), TODAY, frozenset({"condominio"}))
OWES = Bill("b1", "1", date(2026, 10, 1), Decimal("99.90"), Decimal("99.90"))
FACTS = ClientFacts(
    "fibra", Client("1", "Ana", document="52998224725", client_type="7"), active=True, bills=(OWES,)
)
LISTED = DoNotCall(document="52998224725", reason="asked", source="Procon", expires_on=date(2026, 12, 1))

NUMBER = DoNotCall("+5511961000001", source="Procon")
TWO = replace(FACTS.client, phones=tuple(Phone(f"+551196100000{n}", PhoneKind.MOBILE) for n in (1, 2)))


def due(day: date, owed: str = "10") -> Bill:
    return replace(OWES, due_date=day, open_amount=Decimal(owed))


CHARGED = "charged are those due 2025-11-18 to 2026-11-11"
CASES = [
    ({}, BUILT_NEXT),
    ({"active": False}, "the source no longer has this client"),
    ({"client": replace(FACTS.client, collectable=False)}, "the ERP says not to collect from this client"),
    ({"no_notice_until": TODAY}, "wants no notices until 2026-11-18"),
    ({"no_notice_until": date(2026, 11, 17)}, BUILT_NEXT),
    ({"type_name": "Condomínio"}, "left out by type: Condomínio"),
    # left out at the next reading: whoever was stored before is then no longer active
    ({"type_name": "Condomínio", "active": False}, "left out by type: Condomínio"),
    ({"do_not_call": (LISTED,)}, "the client is on the do-not-call list of Procon: asked"),
    ({"do_not_call": (replace(LISTED, expires_on=TODAY),)}, BUILT_NEXT),
    ({"client": TWO, "do_not_call": (NUMBER,)}, BUILT_NEXT),
    (
        {"client": TWO, "do_not_call": (replace(NUMBER, number="+5511961000002", source="ana"), NUMBER)},
        "every number of the client is on a do-not-call list: Procon, ana",
    ),
    (
        {"client": TWO, "do_not_call": (NUMBER, replace(NUMBER, number="+5511961000002", expires_on=TODAY))},
        BUILT_NEXT,
    ),
    (
        {"bills": ()},
        "no overdue bill in the span: no open bill, charged are those due 2025-11-18 to 2026-11-11",
    ),
    (
        {"bills": (due(date(2026, 11, 12)),)},
        "no overdue bill in the span: 1 open, due 2026-11-12, charged are those due 2025-11-18 to 2026-11-11",
    ),
    (
        {"bills": (due(date(2025, 11, 17)), due(date(2026, 11, 12)), due(date(2026, 10, 1), "0"))},
        f"no overdue bill in the span: 2 open, due 2025-11-17 to 2026-11-12, {CHARGED}",
    ),
    ({"bills": (due(date(2025, 11, 18)),)}, BUILT_NEXT),  # both edges are charged
    ({"bills": (due(date(2026, 11, 11)),)}, BUILT_NEXT),
]


@pytest.mark.parametrize(("changes", "expected"), CASES)
def test_each_reason_has_its_sentence(changes: dict[str, object], expected: str) -> None:
    facts = replace(FACTS, **changes)  # type: ignore[arg-type]  # a table of changes has no one type
    assert expected == why_absent(facts, CHARGING)
