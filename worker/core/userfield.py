"""CDR(userfield): what the dialplan writes about a call when it ends, and how we read it again.

`<attempt>|n=<E.164>|u=<1: answered>|q=<cause>|t=<tech text>|a=<AMDSTATUS>|w=<AMDCAUSE>|r=<ring s>|d=<talk s>
|h=<talk>`, in one line. Of calls over ARI `a` and `w` are missing: their checkpoint ends in both.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar

from worker.core.enums import Heard, Result
from worker.core.line_facts import LineFacts
from worker.core.model import TalkFacts
from worker.core.ulid import LENGTH as ULID_LENGTH
from worker.core.ulid import is_ulid

USERFIELD_LIMIT: Final = 255  # cdr.userfield is VARCHAR(255)
TALK_LIMIT: Final = 60
LONG_TALK_LIMIT: Final = 110  # with who picked up
KEYS_LIMIT: Final = 20
TECH_LIMIT: Final = 50  # with the longest of everything else the whole is 255 characters
AMD_CAUSE_LIMIT: Final = 48

# Between the parts of `h`. Not a comma, which would end an argument of FILTER() and of AGI() in the dialplan.
_PART: Final = "~"
_PARTS: Final = re.compile(r"[~,]")
_SECONDS: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{0,6})?")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{7,14}")
_AMD_STATUS: Final = re.compile("[A-Z]{1,10}")
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]|[|;]")
_NOT_AMD: Final = re.compile(r"[^-A-Z0-9]")
_NOT_A_KEY: Final = re.compile(r"[^0-9A-D*#]")
_BEFORE_TECH: Final = ("n", "u", "q", "t")

_Word = TypeVar("_Word", bound=StrEnum)


def parse(text: str) -> LineFacts:
    """What the text says; missing or garbled fields have their default. ValueError: no attempt id at its start.

    The tech text comes from outside: should a field be forged in it, the dialplan's own wins. That is the first
    of the fields written before the tech text, and the last of those after it.
    """
    attempt_id = text[:ULID_LENGTH]
    if not is_ulid(attempt_id):
        raise ValueError("the text does not begin with an attempt id")
    fields: dict[str, str] = {}
    for piece in text[ULID_LENGTH:].split("|"):
        key, sign, value = piece.partition("=")
        if sign and not (key in _BEFORE_TECH and key in fields):
            fields[key] = value
    status, cause = _detection(fields.get("h", ""))
    return LineFacts(
        attempt_id=attempt_id,
        number=_matching(_NUMBER, fields.get("n", "")),
        answered=fields.get("u") == "1",
        cause=_cause(fields.get("q", "")),
        tech_text=_clean(fields.get("t", ""), TECH_LIMIT),
        amd_status=_matching(_AMD_STATUS, fields.get("a") or status),
        amd_cause=_clean(fields.get("w") or cause, AMD_CAUSE_LIMIT),
        ring_seconds=_seconds(fields.get("r", "")),
        talk_seconds=_seconds(fields.get("d", "")),
        talk=parse_talk(fields.get("h", "")),
    )


def render(facts: LineFacts) -> str:
    """The text as the dialplan writes it, for tests; at most 255 characters, without semicolon and line break."""
    return "|".join(
        (
            facts.attempt_id,
            f"n={facts.number}",
            f"u={int(facts.answered)}",
            f"q={'' if facts.cause is None else facts.cause}",
            f"t={_clean(facts.tech_text, TECH_LIMIT)}",
            f"a={_clean(facts.amd_status, 10)}",
            f"w={_clean(facts.amd_cause, AMD_CAUSE_LIMIT)}",
            f"r={_written(facts.ring_seconds, 99999.9)}",
            f"d={_written(facts.talk_seconds, 99999.9)}",
            f"h={format_talk(facts.talk)}",
        )
    )


def format_talk(talk: TalkFacts, status: str = "", cause: str = "") -> str:
    """Heard, seconds, result, keys and promised day: `all~12.4~promise~113~2026-12-01`; at most 60 characters.

    Then who picked up, where that is known: `~MACHINE~MAXWORDS-6-6`; at most 110 in all.
    """
    promise = talk.promise_day.isoformat() if talk.promise_day else ""
    keys = _NOT_A_KEY.sub("", talk.keys)[:KEYS_LIMIT]
    parts = [talk.heard, _written(talk.heard_seconds, 9999.9), talk.result, keys, promise]
    if status:
        parts += [_NOT_AMD.sub("", status)[:8], _NOT_AMD.sub("", cause)[:40]]
    return _PART.join(parts)


def format_early(status: str, cause: str) -> str:
    """What was known of who picks up before anybody did: it follows a checkpoint, or stands alone."""
    return _PART * 5 + _PART.join((_NOT_AMD.sub("", status)[:8], _NOT_AMD.sub("", cause)[:40]))


def parse_talk(text: str) -> TalkFacts:
    """The talk that `format_talk` wrote; what is missing or garbled has its default."""
    heard, seconds, result, keys, promise = (*_PARTS.split(text), "", "", "", "", "")[:5]
    return TalkFacts(
        heard=_word(Heard, heard, Heard.NOTHING),
        heard_seconds=_seconds(seconds),
        result=_word(Result, result, Result.NONE),
        keys=_NOT_A_KEY.sub("", keys)[:KEYS_LIMIT],
        promise_day=_day(promise),
    )


def _detection(talk: str) -> tuple[str, str]:
    """Status and cause at the end of a checkpoint; empty where it says nothing."""
    status, cause = (*_PARTS.split(talk), "", "", "", "", "", "", "")[5:7]
    return (status, cause) if _AMD_STATUS.fullmatch(status) else ("", "")


def _clean(text: str, limit: int) -> str:
    return " ".join(_UNPRINTABLE.sub(" ", text).split())[:limit].rstrip()


def _matching(shape: re.Pattern[str], text: str) -> str:
    return text if shape.fullmatch(text) else ""


def _cause(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,3}", text) else None


def _seconds(text: str) -> float:
    return float(text) if _SECONDS.fullmatch(text) else 0.0


def _written(seconds: float, most: float) -> str:
    return f"{min(max(seconds, 0.0), most):.1f}"


def _word(words: Callable[[str], _Word], text: str, default: _Word) -> _Word:
    with suppress(ValueError):
        return words(text)
    return default


def _day(text: str) -> date | None:
    if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    return None
