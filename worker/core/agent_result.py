"""What a person of the house was told by a debtor, outside our own conversation; and which words say it."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from worker.core.enums import Answerer, Heard, LineResult, Result
from worker.core.model import Outcome, TalkFacts

LATEST: Final = timedelta(days=60)  # a promise for later than this is a slip of the finger
ACCEPTED: Final = (
    Result.CONFIRMED,
    Result.PROMISE,
    Result.SAYS_PAID,
    Result.WANTS_AGENT,
    Result.TRANSFERRED,
    Result.WRONG_PERSON,
    Result.OPT_OUT,
)


@dataclass(frozen=True, slots=True)
class AgentResult:
    told_id: str  # ULID
    instance: str
    client_id: str
    number: str
    result: Result
    told_at: datetime
    promise_day: date | None = None
    attempt_id: str = ""  # the call of ours in which it was told; empty: the debtor rang us
    uniqueid: str = ""  # of the channel on which it was told

    def as_outcome(self) -> Outcome:
        """As if our conversation had been told: from it follows what is to be done."""
        return Outcome(
            attempt_id=self.told_id,
            instance=self.instance,
            client_id=self.client_id,
            number=self.number,
            ended_at=self.told_at,
            line_result=LineResult.ANSWERED,
            answerer=Answerer.HUMAN,
            talk=TalkFacts(heard=Heard.ALL, result=self.result, promise_day=self.promise_day),
        )


def read_result(word: str, day: str, today: date) -> tuple[Result, date | None]:
    """The result and the promised day, checked together. ValueError with one sentence, which quotes nothing."""
    known = {str(one): one for one in ACCEPTED}
    result = known.get(word.strip().casefold())
    if result is None:
        raise ValueError(f"the result is none of {', '.join(known)}")
    if result is not Result.PROMISE:
        if day.strip():
            raise ValueError("only a promise has a day")
        return result, None
    promised = _day(day.strip(), today)
    if not today <= promised <= today + LATEST:
        raise ValueError(f"the promised day is not between today and {LATEST.days} days from now")
    return result, promised


def _day(text: str, today: date) -> date:
    """2026-12-01, 01/12/2026, or in so many days: 3."""
    if re.fullmatch("[0-9]{1,2}", text, re.ASCII):
        return today + timedelta(days=int(text))
    if iso := re.fullmatch("([0-9]{4})-([0-9]{2})-([0-9]{2})", text, re.ASCII):
        year, month, day = iso.groups()
    elif ours := re.fullmatch("([0-9]{2})/([0-9]{2})/([0-9]{4})", text, re.ASCII):
        day, month, year = ours.groups()
    else:
        raise ValueError("a promise needs its day: 2026-12-01, 01/12/2026, or a number of days from today")
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError("the promised day is no day of the calendar") from None
