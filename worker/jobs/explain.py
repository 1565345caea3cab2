"""Why is this number (not) called? Every rule with its verdict and data, for every debtor with that number."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from worker.core import phone, policy
from worker.core.model import Attempt, Phone, Rejected, Waiting
from worker.core.policy import CallRules
from worker.core.records import Dossier
from worker.core.verdict import Verdict
from worker.errors import UsageError
from worker.store_ports import Store

Rules = Mapping[str, CallRules]  # by instance


@dataclass(frozen=True, slots=True)
class Case:
    """One debtor with this number, judged."""

    waiting: Waiting
    verdicts: tuple[Verdict, ...]

    @property
    def allowed(self) -> bool:
        return all(verdict.allowed for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to say about a number at an instant."""

    number: str
    at: datetime
    cases: tuple[Case, ...]
    attempts: tuple[Attempt, ...]
    dossier: Dossier


def explain(store: Store, raw_number: str, rules: Rules, now: datetime) -> Explanation:
    """Raises UsageError when the text is not a telephone number."""
    read = phone.read_phone(raw_number)
    if isinstance(read, Rejected):
        raise UsageError(f"{raw_number}: {read.reason}")
    dossier = store.queue.dossier(read.number)
    cases = tuple(_case(waiting, read, rules, now) for waiting in dossier.waiting)
    return Explanation(read.number, now, cases, dossier.attempts, dossier)


def _case(waiting: Waiting, asked: Phone, rules: Rules, now: datetime) -> Case:
    if waiting.entry.instance not in rules:
        gone = Verdict("instance", False, f"{waiting.entry.instance} is not in the configuration", None)
        return Case(waiting, (gone,))
    own = rules[waiting.entry.instance]
    return Case(waiting, tuple(policy.judge(waiting, asked, rules=own, now=now)))
