"""How an attempt ended: line result, answerer and short call, from what the PBX and the conversation know."""

import re
from datetime import datetime
from typing import Final

from worker.core.enums import Answerer, LineResult, OutcomeSource
from worker.core.instant import aware
from worker.core.line_facts import LineFacts
from worker.core.model import Attempt, Outcome, TalkFacts

SHORT_SECONDS: Final = 6  # Anatel; 3 before June 2024

# Q.850 causes of calls that nobody answered. Those not listed say nothing of their own: the SIP code decides.
_BY_CAUSE: Final = {
    1: LineResult.INVALID_NUMBER,  # unallocated number; SIP 404
    2: LineResult.FAILED,  # no route to the transit network: our trunk's routing
    3: LineResult.UNREACHABLE,  # no route to destination
    16: LineResult.NO_ANSWER,  # normal clearing before an answer
    17: LineResult.BUSY,  # SIP 486, 600
    18: LineResult.NO_ANSWER,  # no user responding; SIP 408
    19: LineResult.NO_ANSWER,  # no answer from the user, alerted; plain SIP 480 and 483 too (see below)
    20: LineResult.UNREACHABLE,  # subscriber absent: telephone off or out of reach
    21: LineResult.REJECTED,  # call rejected; SIP 403, 603 (401 and 407: see below)
    22: LineResult.INVALID_NUMBER,  # number changed; SIP 410
    27: LineResult.UNREACHABLE,  # destination out of order; SIP 502
    28: LineResult.INVALID_NUMBER,  # invalid number format; SIP 484
    29: LineResult.FAILED,  # facility rejected; SIP 501
    34: LineResult.CONGESTION,  # no circuit; SIP 503 and most 5xx
    38: LineResult.FAILED,  # network out of order; SIP 500
    41: LineResult.CONGESTION,  # temporary failure of the network
    42: LineResult.CONGESTION,  # switching equipment congested
    44: LineResult.CONGESTION,  # requested channel not there: taken by another call
    47: LineResult.CONGESTION,  # resource unavailable
    50: LineResult.FAILED,  # facility not subscribed
    52: LineResult.FAILED,  # outgoing calls barred: our line
    57: LineResult.FAILED,  # bearer capability not authorised
    58: LineResult.FAILED,  # bearer capability not available: no common codec; SIP 488
    65: LineResult.FAILED,  # bearer capability not implemented
    66: LineResult.FAILED,  # channel type not implemented: no such technology on this PBX
    69: LineResult.FAILED,  # facility not implemented
    88: LineResult.FAILED,  # incompatible destination
    102: LineResult.FAILED,  # timer expired between exchanges; SIP 504
    111: LineResult.FAILED,  # protocol error
}

# Final SIP codes, for causes that say nothing; the same meanings as by cause (res_pjsip's mapping).
_BY_SIP: Final = {
    401: LineResult.FAILED,  # our trunk's credentials
    403: LineResult.REJECTED,
    404: LineResult.INVALID_NUMBER,
    407: LineResult.FAILED,  # our trunk's credentials
    408: LineResult.NO_ANSWER,
    410: LineResult.INVALID_NUMBER,
    480: LineResult.UNREACHABLE,
    484: LineResult.INVALID_NUMBER,
    486: LineResult.BUSY,
    487: LineResult.NO_ANSWER,  # we gave up ringing
    488: LineResult.FAILED,
    500: LineResult.FAILED,
    501: LineResult.FAILED,
    502: LineResult.UNREACHABLE,
    503: LineResult.CONGESTION,
    504: LineResult.FAILED,
    600: LineResult.BUSY,
    603: LineResult.REJECTED,
    604: LineResult.INVALID_NUMBER,  # does not exist anywhere
    606: LineResult.FAILED,  # no common codec
    607: LineResult.REJECTED,  # unwanted (RFC 8197)
    608: LineResult.REJECTED,  # by a filter on the way (RFC 8688)
}

# One cause for two things: the SIP code tells them apart.
_BY_BOTH: Final = {
    (19, 480): LineResult.UNREACHABLE,  # temporarily unavailable: it did not ring
    (21, 401): LineResult.FAILED,  # the trunk refused our credentials; the callee refused nothing
    (21, 407): LineResult.FAILED,
}

UNHEARD: Final = ("INITIALSILENCE", "TOOLONG")  # AMD heard nothing, or could not make up its mind in time


def line_result(facts: LineFacts) -> LineResult:
    """What the network answered (facts: asterisk.md 2.4, measured on 16.28)."""
    if facts.answered:
        return LineResult.ANSWERED
    cause, code = facts.cause or 0, _sip_code(facts.tech_text)
    found = _BY_BOTH.get((cause, code)) or _BY_CAUSE.get(cause) or _BY_SIP.get(code)
    if found:
        return found
    if cause == 0 and (not facts.tech_text.strip() or 100 <= code < 300):
        # our own ring timeout: 16, 18 and 21 report no cause (asterisk#1660); 2xx: his answer crossed it
        return LineResult.NO_ANSWER
    return LineResult.UNKNOWN


def answerer(facts: LineFacts, talk: TalkFacts) -> Answerer:
    """Who picked up. A key outweighs AMD, which takes many living people for machines (facts: lab.md)."""
    if not facts.answered:
        return Answerer.NOBODY
    if talk.keys or facts.amd_status == "HUMAN":
        return Answerer.HUMAN
    if facts.amd_status == "MACHINE" and not facts.amd_cause.startswith(UNHEARD):
        return Answerer.MACHINE
    return Answerer.NOT_SURE


def is_short(line: LineResult, who: Answerer, talk_seconds: float) -> bool:
    """Anatel's short call: not completed for any reason, or sent to voicemail, or ended within 6 s."""
    return line is not LineResult.ANSWERED or who is Answerer.MACHINE or talk_seconds <= SHORT_SECONDS


def conclude(
    facts: LineFacts,
    *,
    instance: str,
    client_id: str,
    number: str,
    now: datetime,
    talk: TalkFacts | None,
    source: OutcomeSource,
    uniqueid: str,
) -> Outcome:
    """The outcome of a call that has ended `now`. `talk` from the live conversation outweighs the checkpoint."""
    spoken = facts.talk if talk is None else talk
    line, who = line_result(facts), answerer(facts, spoken)
    return Outcome(
        attempt_id=facts.attempt_id,
        instance=instance,
        client_id=client_id,
        number=number,
        ended_at=aware(now),
        line_result=line,
        answerer=who,
        talk=spoken,
        cause=facts.cause,
        tech_text=facts.tech_text,
        amd_status=facts.amd_status,
        amd_cause=facts.amd_cause,
        ring_seconds=facts.ring_seconds,
        talk_seconds=facts.talk_seconds,
        short_call=is_short(line, who, facts.talk_seconds),
        source=source,
        uniqueid=uniqueid,
    )


def unknown(attempt: Attempt, now: datetime) -> Outcome:
    """The outcome of an attempt that left no trace: the line result is unknown, and so is what was heard."""
    return Outcome(
        attempt_id=attempt.attempt_id,
        instance=attempt.instance,
        client_id=attempt.client_id,
        number=attempt.number,
        ended_at=aware(now),
        line_result=LineResult.UNKNOWN,
        answerer=Answerer.NOT_SURE if attempt.answered_at else Answerer.NOBODY,
        talk=TalkFacts(),
        source=OutcomeSource.DEADLINE,
    )


def _sip_code(tech_text: str) -> int:
    """486 of "SIP 486 Busy Here"; 0 when there is none."""
    match = re.match(r"\s*SIP(?:/2\.0)?\s+([1-6][0-9]{2})\b", tech_text)
    return int(match[1]) if match else 0
