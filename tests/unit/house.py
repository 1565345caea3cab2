"""One debtor, one dialled attempt and a switchboard, over the store's twin in memory."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from agi.conversation import ConversationPlan
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
from worker.core.script import Line
from worker.ports import Sound
from worker.store.memory import memory_store
from worker.store_ports import Store

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
ID = "01JABCDEFGHJKMNPQRSTVWXYZ0"
NUMBER, OTHER = "+5511987654321", "+5511912345678"
SOUNDS = {line: Sound(line.value, SECONDS) for line in Line}
RULES = LedgerRules()


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

    def sounds(self, _attempt: Attempt) -> Mapping[Line, Sound]:
        return SOUNDS

    def switchboard(self) -> Switchboard:
        line = InstanceLine("demo", ConversationPlan(), self.sounds, RULES)
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
