"""Replay at the very instant at which something happened: it has not happened just before it."""

from datetime import timedelta

from tests.unit.test_core_replay import DEBTOR, HOUR, MINUTE, NUMBER, then, tried
from tests.unit.world import NOON
from worker.core.enums import Answerer, EntryState, Heard, LineResult, Result
from worker.core.model import TalkFacts
from worker.core.replay import Past


def test_what_happens_at_the_instant_has_not_happened_just_before_it() -> None:
    call = tried(NOON - MINUTE)
    ended = NOON - MINUTE / 2
    during, after = (then(Past((call,), NOON - HOUR), at) for at in (ended, ended + MINUTE / 60))
    assert (EntryState.CLAIMED, {}) == (during.entry.state, during.last_outcome)
    assert (EntryState.WAITING, {NUMBER: LineResult.NO_ANSWER}) == (after.entry.state, after.last_outcome)
    opened = [then(Past(opened_at=NOON), at).entry.state for at in (NOON, NOON + MINUTE)]
    assert [EntryState.DONE, EntryState.WAITING] == opened


def test_of_two_conversations_the_longer_quiet_period_holds() -> None:
    talks = [
        TalkFacts(Heard.ALL, 9.0, Result.PROMISE, "3", (NOON + timedelta(days=20)).date()),
        TalkFacts(Heard.ALL, 9.0, Result.CONFIRMED, "1"),
    ]
    tries = [
        tried(NOON + n * 5 * HOUR, line_result=LineResult.ANSWERED, answerer=Answerer.HUMAN, talk=talk)
        for n, talk in enumerate(talks)
    ]
    quiet = [then(Past(part), NOON + 24 * HOUR).ledger[DEBTOR].quiet_until for part in (tuple(tries), (tries[0],))]
    assert quiet[0] == quiet[1]
    assert quiet[0] is not None
    assert quiet[0] > NOON + timedelta(days=19)
