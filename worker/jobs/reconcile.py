"""Reconciliation: attempts nobody ended get their outcome from the CDR, and every outcome looks for its CDR row.

An attempt is left alone while its call may still live: the PBX says so, or its deadline has not come. Of another
PBX's calls ours knows nothing: they are left to its own worker, for as long as it is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

import structlog

from worker.core import outcome, retry, userfield
from worker.core.enums import OutcomeSource
from worker.core.line_facts import LineFacts
from worker.core.model import Attempt, LedgerRules, Outcome
from worker.core.records import CdrRow, Change
from worker.core.retry_table import RetryTable
from worker.core.route import is_on, pbx_of
from worker.jobs.history import Report, recorded
from worker.jobs.leading import LEADER, leader_of
from worker.ports import Clock, Pbx
from worker.running_ports import Presence
from worker.store_ports import Store

log = structlog.get_logger(__name__)

SETTLE = timedelta(seconds=10)  # the handler's own chance to write the outcome; CDR rows may come late
NEVER = timedelta(minutes=15)  # an outcome without CDR row after this has none
GONE = timedelta(minutes=10)  # a PBX of which neither worker nor handler has been seen for so long is gone
# the longest call that settings allow: those of another PBX are not known here
ANY_CALL = timedelta(hours=2, minutes=6, seconds=10)
ALL = "-"  # instance name in the history: one run serves all
NO_TABLES: Mapping[str, RetryTable] = MappingProxyType({})


def reconcile(
    store: Store,
    pbx: Pbx,
    clock: Clock,
    rules: Mapping[str, LedgerRules],
    longest_call: timedelta,
    tables: Mapping[str, RetryTable] = NO_TABLES,
) -> Report:
    """One run over all instances. `longest_call`: no channel of ours can live longer (TIMEOUT(absolute)).

    `rules` and `tables` by instance; an instance that has none gets the usual ones.
    """

    def work() -> Report:
        now = clock()
        ended, lost = end_orphans(store, pbx, now, rules, longest_call, tables)
        found, missing = match_cdr(store, now)
        detail: dict[str, object] = {
            "pbx": pbx.name,
            "ended": ended,
            "lost": lost,
            "cdr_found": found,
            "cdr_missing": missing,
        }
        return Report("reconcile", ALL, change=Change(0, 0, ended, found, lost), detail=detail)

    return recorded(store.runs, clock, "reconcile", ALL, work)


def end_orphans(
    store: Store,
    pbx: Pbx,
    now: datetime,
    rules: Mapping[str, LedgerRules],
    longest_call: timedelta,
    tables: Mapping[str, RetryTable] = NO_TABLES,
) -> tuple[int, int]:
    """(ended from the CDR, lost without a trace)"""
    if ahead := store.attempts.clock_put_back(now + SETTLE, now):
        log.warning("the clock was put back: attempts reserved in its future count from now", attempts=ahead)
    attempts = store.attempts.open_since(now - SETTLE)
    ours = [one for one in attempts if is_on(one.trunk, pbx.name)]
    live = pbx.live_attempts() if ours else set()
    silent = [one for one in ours if _is_over(one, live, now, longest_call)]
    others = [one for one in attempts if not is_on(one.trunk, pbx.name)]
    silent += _left_behind(store.presence, others, now, longest_call)
    if not silent:
        return 0, 0
    rows = store.outcomes.cdr_of({one.attempt_id: one.reserved_at for one in silent})
    ended = lost = 0
    for attempt in silent:
        row = rows.get(attempt.attempt_id)
        if row is not None and _just_over(row, now):
            continue  # the handler may be writing this very outcome
        if row is not None:
            ended += _end(store, attempt, _from_cdr(attempt, row, now), now, rules, tables)
        elif attempt.reserved_at + longest_call + NEVER < now or (live is not None and _settled(attempt, now)):
            lost += _end(store, attempt, outcome.unknown(attempt, now), now, rules, tables, lost=True)
    return ended, lost


def _left_behind(
    presence: Presence, others: Sequence[Attempt], now: datetime, longest_call: timedelta
) -> list[Attempt]:
    """Those of another PBX that can no longer live, where nobody is left to end them. Their tries count."""
    last_moment = now - max(longest_call, ANY_CALL) - NEVER
    overdue = [one for one in others if one.reserved_at < last_moment]
    gone = {name for name in {pbx_of(one.trunk) for one in overdue} if _is_gone(presence, name, now)}
    return [one for one in overdue if pbx_of(one.trunk) in gone]


def _is_gone(presence: Presence, pbx: str, now: datetime) -> bool:
    seen = (presence.last_seen(LEADER, leader_of(pbx)), presence.last_seen("handler", pbx))
    return all(one is None or one[0] + GONE < now for one in seen)


def _is_over(attempt: Attempt, live: set[str] | None, now: datetime, longest_call: timedelta) -> bool:
    if live is not None:
        return attempt.attempt_id not in live
    return attempt.reserved_at + longest_call + SETTLE < now


def _just_over(row: CdrRow, now: datetime) -> bool:
    """It ended within the last seconds. A calldate far off (another zone's clock) does not hold it up."""
    since = now - row.calldate - timedelta(seconds=row.duration)
    return timedelta(minutes=-1) < since < SETTLE


def _settled(attempt: Attempt, now: datetime) -> bool:
    """The PBX knows nothing of it and its CDR row has had time to come."""
    return attempt.reserved_at + timedelta(minutes=2) < now


def _from_cdr(attempt: Attempt, row: CdrRow, now: datetime) -> Outcome:
    facts = userfield.parse(row.userfield) if "|" in row.userfield else _from_disposition(attempt, row)
    if not facts.ring_seconds and not facts.talk_seconds:  # calls over ARI leave that to the row
        facts = replace(facts, ring_seconds=float(row.duration - row.billsec), talk_seconds=float(row.billsec))
    return outcome.conclude(
        facts,
        instance=attempt.instance,
        client_id=attempt.client_id,
        number=attempt.number,
        now=now,
        talk=None,
        source=OutcomeSource.CDR,
        uniqueid=row.uniqueid,
    )


def _from_disposition(attempt: Attempt, row: CdrRow) -> LineFacts:
    """The hang-up handler never ran (Asterisk died): only answered and busy can be believed of a disposition."""
    return LineFacts(
        attempt.attempt_id,
        attempt.number,
        answered=row.disposition == "ANSWERED",
        cause={"BUSY": 17}.get(row.disposition),
        tech_text=f"CDR {row.disposition}",
    )


def _end(
    store: Store,
    attempt: Attempt,
    ending: Outcome,
    now: datetime,
    rules: Mapping[str, LedgerRules],
    tables: Mapping[str, RetryTable],
    *,
    lost: bool = False,
) -> int:
    step = retry.next_step(
        ending,
        now=now,
        rules=rules.get(attempt.instance, LedgerRules()),
        other_numbers_left=True,
        table=tables.get(attempt.instance, retry.USUAL),
        streak=attempt.streak,
        name=attempt.client_name,
    )
    written = store.outcomes.record(ending, step, lost=lost)
    if written:
        log.info("reconciled", attempt=attempt.attempt_id, line=ending.line_result, source=ending.source)
    return int(written)


def match_cdr(store: Store, now: datetime) -> tuple[int, int]:
    """Outcomes and the CDR rows of the very same calls: (found, missing for good)."""
    outcomes = store.outcomes.unmatched(now - SETTLE)
    rows = store.outcomes.cdr_of({one.attempt_id: one.ended_at for one in outcomes})
    found = {one.attempt_id: rows[one.attempt_id].uniqueid for one in outcomes if one.attempt_id in rows}
    missing = [one.attempt_id for one in outcomes if one.attempt_id not in rows and one.ended_at + NEVER < now]
    if found or missing:
        store.outcomes.mark_cdr(found, missing)
    if missing:
        log.warning("outcomes without CDR row", count=len(missing), first=missing[0])
    return len(found), len(missing)
