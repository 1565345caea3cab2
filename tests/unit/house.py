"""One debtor, one dialled attempt and a switchboard, over the store's twin in memory."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from agi.plan import ConversationPlan
from agi.switchboard import InstanceLine, Switchboard
from tests.unit.scripted import SECONDS
from worker.core import userfield
from worker.core.enums import AttemptState, Origination, PhoneKind
from worker.core.line_facts import LineFacts
from worker.core.model import (
    Attempt,
    Block,
    Candidate,
    Client,
    Debtor,
    LedgerRules,
    Open,
    Outcome,
    Phone,
)
from worker.core.script import Line, Offers
from worker.ports import Script, Sound
from worker.store.memory import memory_store
from worker.store_ports import Store

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
ID = "01JABCDEFGHJKMNPQRSTVWXYZ0"
NUMBER, OTHER = "+5511987654321", "+5511912345678"
SCRIPT = Script(
    {line: Sound(line.value, SECONDS) for line in Line if line is not Line.PROMISED},
    tuple((date(2026, 11, 18 + day), Sound(f"promised_{key}", SECONDS)) for key, day in enumerate((1, 3, 7), 1)),
    {digit: Sound(f"digit_{digit}", SECONDS) for digit in "0123456789"},
)
FULL = Offers(2, say_line=True, send=True, promise_days=(1, 3, 7), paid=True, agent=True)
LINE = "23793381286000000000300000000401198220000012345"  # a digitable line, 47 digits
RULES = LedgerRules()


class FakeDesk:
    """What the house answers, and what it was asked."""

    def __init__(self, line: str = "", *, sends: bool = True) -> None:
        self._line, self._sends = line, sends
        self.asked: list[str] = []

    def pay_line(self) -> str:
        self.asked.append("pay_line")
        return self._line

    def send(self) -> bool:
        self.asked.append("send")
        return self._sends


class House:
    """One debtor, one attempt dialled, one switchboard."""

    def __init__(self, *numbers: str) -> None:
        phones = tuple(Phone(number, PhoneKind.MOBILE) for number in numbers or (NUMBER, OTHER))
        debtor = Debtor("7", "Ana", phones, Decimal("99.90"), 1, date(2026, 10, 1))
        self.store: Store = memory_store()
        self.store.catalogue.replace_clients("demo", [Client("7", "Ana", phones=phones)], NOW)
        self.store.queue.apply("demo", [Open(debtor)], NOW)
        (waiting,) = self.store.queue.waiting("demo", NOW, 9)
        candidate = Candidate(waiting, NUMBER, ID, Origination.CALLFILE, NOW.date())
        assert self.store.attempts.reserve([candidate], channels=9, rules=RULES, now=NOW)
        self.store.attempts.dialed([ID])
        self.board = self.switchboard()

    def script(self, _attempt: Attempt) -> Script:
        return SCRIPT

    def switchboard(self) -> Switchboard:
        line = InstanceLine("demo", ConversationPlan(), self.script, RULES)
        return Switchboard(self.store, {"demo": line}, lambda: NOW, patience=0.2)

    def ends(self, **facts: object) -> bool:
        line = replace(LineFacts(ID, NUMBER, answered=True, talk_seconds=20.0), **facts)  # type: ignore[arg-type]
        return self.board.hung_up(userfield.render(line), "1795237667.22")

    @property
    def outcome(self) -> Outcome:
        (row,) = self.store.outcomes.listing(NOW - timedelta(1), NOW + timedelta(1))
        return row.outcome

    @property
    def state(self) -> AttemptState:
        attempt = self.store.attempts.get(ID)
        assert attempt is not None
        return attempt.state

    @property
    def blocks(self) -> tuple[Block, ...]:
        return self.store.queue.dossier(NUMBER).blocks
