"""Between rows and the core's values: what fits a column, what None means, UTC in and out."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from worker.core.billing import Contract
from worker.core.enums import (
    Access,
    Answerer,
    AttemptState,
    BillStatus,
    EntryState,
    Heard,
    LineResult,
    Origination,
    OutcomeSource,
    PhoneKind,
    Result,
    TrustUnlock,
)
from worker.core.model import (
    Attempt,
    Bill,
    Block,
    Client,
    Debtor,
    Outcome,
    Phone,
    QueueEntry,
    Streak,
    TalkFacts,
)

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # queue_entry.next_attempt_at of an entry that need not wait
_CENT = Decimal("0.01")
_NO_STREAK = Streak()
_SECONDS_MAX = 99999.99  # DECIMAL(7,2)
_SEPARATORS = dict.fromkeys(range(0x1C, 0x20))  # the control characters that part fields and rows in the spool


def utc(instant: datetime) -> datetime:
    """UTC without its zone, as the columns hold it. ValueError for a datetime without zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant without time zone cannot be stored")
    return instant.astimezone(UTC).replace(tzinfo=None)


def aware(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC)


def aware_or_none(instant: datetime | None) -> datetime | None:
    return None if instant is None else aware(instant)


def fit(text: str, length: int) -> str:
    """Cut to the column. Control characters that separate fields are dropped; half of a surrogate pair, which no
    database takes, becomes a question mark.
    """
    if not text.isprintable():  # a printable text holds neither, and nearly every text is one
        text = text.translate(_SEPARATORS).encode("utf-8", "replace").decode("utf-8")
    return text[:length]


def key(text: str) -> str:
    """An ERP's id: cleaned as `fit` does, never cut, because two ids cut alike would become one row."""
    return fit(text, len(text))


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def seconds(value: float) -> float:
    return round(min(max(value, 0.0), _SECONDS_MAX), 2)


def next_attempt(instant: datetime | None) -> datetime:
    return AT_ONCE if instant is None else instant


# --- as stored: what the database would give back ----------------------------------------------------


def tidy_client(client: Client) -> Client:
    """Telephones come out as not shared: that is for the store to say."""
    return Client(
        client_id=key(client.client_id),
        name=fit(client.name, 200),
        person=client.person,
        document=None if client.document is None else fit(client.document, 14),
        client_type=fit(client.client_type, 40),
        neighbourhood=fit(client.neighbourhood, 120),
        phones=tuple(Phone(p.number, p.kind, p.repaired, fit(p.source, 40)) for p in client.phones),
        city=fit(client.city, 120),
        state=fit(client.state, 2),
        collectable=client.collectable,
    )


def tidy_bill(bill: Bill) -> Bill:
    return Bill(
        bill_id=key(bill.bill_id),
        client_id=key(bill.client_id),
        due_date=bill.due_date,
        amount=cents(bill.amount),
        open_amount=cents(bill.open_amount),
        status=bill.status,
        contract_id=None if bill.contract_id is None else key(bill.contract_id),
        updated_amount=None if bill.updated_amount is None else cents(bill.updated_amount),
        pay_line=fit(bill.pay_line or "", 48) or None,
    )


def tidy_contract(contract: Contract) -> Contract:
    return Contract(
        contract_id=key(contract.contract_id),
        client_id=key(contract.client_id),
        access=contract.access,
        access_code=fit(contract.access_code, 20),
        trust_unlock=contract.trust_unlock,
        plan=fit(contract.plan, 120),
        neighbourhood=fit(contract.neighbourhood, 120),
        blocked_since=contract.blocked_since,
        no_notice_until=contract.no_notice_until,
    )


def tidy_outcome(outcome: Outcome) -> Outcome:
    """Texts cut, seconds to hundredths."""
    talk = outcome.talk
    return Outcome(
        attempt_id=outcome.attempt_id,
        instance=outcome.instance,
        client_id=outcome.client_id,
        number=outcome.number,
        ended_at=outcome.ended_at,
        line_result=outcome.line_result,
        answerer=outcome.answerer,
        talk=TalkFacts(talk.heard, seconds(talk.heard_seconds), talk.result, fit(talk.keys, 40), talk.promise_day),
        cause=outcome.cause,
        tech_text=fit(outcome.tech_text, 120),
        amd_status=fit(outcome.amd_status, 10),
        amd_cause=fit(outcome.amd_cause, 80),
        ring_seconds=seconds(outcome.ring_seconds),
        talk_seconds=seconds(outcome.talk_seconds),
        short_call=outcome.short_call,
        source=outcome.source,
        uniqueid=fit(outcome.uniqueid, 32),
    )


def outcome_values(outcome: Outcome) -> dict[str, object]:
    talk = outcome.talk
    return {
        "attempt_id": outcome.attempt_id,
        "instance": outcome.instance,
        "client_id": outcome.client_id,
        "number": outcome.number,
        "ended_at": outcome.ended_at,
        "line_result": outcome.line_result,
        "cause": outcome.cause,
        "tech_text": outcome.tech_text,
        "answerer": outcome.answerer,
        "amd_status": outcome.amd_status,
        "amd_cause": outcome.amd_cause,
        "heard": talk.heard,
        "heard_seconds": talk.heard_seconds,
        "result": talk.result,
        "keys_pressed": talk.keys,
        "promise_day": talk.promise_day,
        "ring_seconds": outcome.ring_seconds,
        "talk_seconds": outcome.talk_seconds,
        "short_call": outcome.short_call,
        "source": outcome.source,
        "uniqueid": outcome.uniqueid,
    }


# --- from rows ---------------------------------------------------------------------------------------


def phone(row: Any) -> Phone:
    return Phone(row.number, PhoneKind(row.kind), bool(row.repaired), row.source, bool(row.shared))


def phones_by_client(found: Iterable[Any]) -> dict[str, tuple[Phone, ...]]:
    """Of rows that come ordered by position."""
    phones: dict[str, list[Phone]] = defaultdict(list)
    for row in found:
        phones[row.client_id].append(phone(row))
    return {client_id: tuple(numbers) for client_id, numbers in phones.items()}


def bill(row: Any) -> Bill:
    return Bill(
        bill_id=row.bill_id,
        client_id=row.client_id,
        due_date=row.due_date,
        amount=row.amount,
        open_amount=row.open_amount,
        status=BillStatus(row.status),
        contract_id=row.contract_id,
        updated_amount=row.updated_amount,
        pay_line=row.pay_line,
    )


def contract(row: Any) -> Contract:
    return Contract(
        contract_id=row.contract_id,
        client_id=row.client_id,
        access=Access(row.access),
        access_code=row.access_code,
        trust_unlock=TrustUnlock(row.trust_unlock),
        plan=row.plan,
        neighbourhood=row.neighbourhood,
        blocked_since=row.blocked_since,
        no_notice_until=row.no_notice_until,
    )


def debtor(row: Any, phones: tuple[Phone, ...]) -> Debtor:
    return Debtor(row.client_id, row.name, phones, row.total, int(row.bill_count), row.oldest_due)


def entry(row: Any) -> QueueEntry:
    until = aware(row.next_attempt_at)
    return QueueEntry(
        entry_id=row.entry_id,
        instance=row.instance,
        client_id=row.client_id,
        state=EntryState(row.state),
        total=row.total,
        bill_count=row.bill_count,
        oldest_due=row.oldest_due,
        next_attempt_at=None if until == AT_ONCE else until,
        reason=row.reason,
        turn=row.turn,
        bumped_at=aware_or_none(row.bumped_at),
        after_sync=aware_or_none(row.after_sync),
    )


def turn(debtor: Debtor) -> int:
    return debtor.oldest_due.toordinal() if debtor.turn is None else debtor.turn


def block(row: Any) -> Block:
    return Block(row.number, row.reason, row.instance or None, row.client_id or None)


def attempt(row: Any, streak: Streak = _NO_STREAK) -> Attempt:
    return Attempt(
        attempt_id=row.attempt_id,
        instance=row.instance,
        entry_id=row.entry_id,
        client_id=row.client_id,
        client_name=row.client_name,
        number=row.number,
        origination=Origination(row.origination),
        state=AttemptState(row.state),
        total=row.total,
        bill_count=row.bill_count,
        oldest_due=row.oldest_due,
        reserved_at=aware(row.reserved_at),
        answered_at=aware_or_none(row.answered_at),
        ended_at=aware_or_none(row.ended_at),
        debtor=row.debtor,
        trunk=row.trunk,
        caller_id=row.caller_id,
        updated_total=row.updated_total,
        streak=streak,
    )


def outcome(row: Any) -> Outcome:
    promise: date | None = row.promise_day
    return Outcome(
        attempt_id=row.attempt_id,
        instance=row.instance,
        client_id=row.client_id,
        number=row.number,
        ended_at=aware(row.ended_at),
        line_result=LineResult(row.line_result),
        answerer=Answerer(row.answerer),
        talk=TalkFacts(Heard(row.heard), float(row.heard_seconds), Result(row.result), row.keys_pressed, promise),
        cause=row.cause,
        tech_text=row.tech_text,
        amd_status=row.amd_status,
        amd_cause=row.amd_cause,
        ring_seconds=float(row.ring_seconds),
        talk_seconds=float(row.talk_seconds),
        short_call=bool(row.short_call),
        source=OutcomeSource(row.source),
        uniqueid=row.uniqueid,
    )
