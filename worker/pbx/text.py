"""Text that may stand on the PBX's line protocols: AGI commands, call files, ARI ids, sound names.

Refuse rather than repair: a text that cannot pass is a fault of ours, or an attack. Errors never quote the text.
"""

import re

from worker.errors import UnsafeText

CALL_FILE_LINE = 1024  # bytes; pbx_spool.c skips longer lines in silence

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_ATTEMPT = re.compile(r"[0-9A-Z]{26}", re.ASCII)
_SOUND = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", re.ASCII)
_CHANNEL = re.compile(r"[A-Za-z0-9/@:._-]{1,80}", re.ASCII)
_NUMBER = re.compile(r"\+?[0-9]{1,20}", re.ASCII)


def one_line(text: str) -> str:
    """The same text, if it is printable and cannot end a line. Raises UnsafeText."""
    if not text.isprintable():  # CR, LF, NUL, other control characters, line separators, surrogates
        raise UnsafeText("a text for the PBX holds a line break or another control character")
    return text


def agi_quoted(text: str) -> str:
    """One argument of an AGI command, in quotes. Raises UnsafeText."""
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def call_file_line(key: str, value: str) -> str:
    """`Key: value` and a line feed. Raises UnsafeText: control characters, a comment sign, too long."""
    line = f"{one_line(key)}: {one_line(value)}"
    if ";" in line:  # begins a comment: the rest would be lost
        raise UnsafeText("a line of a call file holds a semicolon")
    if len(line.encode()) >= CALL_FILE_LINE:
        raise UnsafeText(f"a line of a call file is longer than {CALL_FILE_LINE} bytes")
    return f"{line}\n"


def pbx_id(text: str) -> str:
    """A channel, playback or file name of ours; it can stand in a path or an address. Raises UnsafeText."""
    if not _ID.fullmatch(text) or text.startswith("."):
        raise UnsafeText("an id for the PBX may hold letters, digits, dot, dash and underscore only")
    return text


def channel_name(text: str) -> str:
    """As Asterisk makes them, "PJSIP/carrier-00000001"; it can stand among arguments. Raises UnsafeText."""
    if not _CHANNEL.fullmatch(text):
        raise UnsafeText(
            "a channel's name may hold letters, digits, slash, @, colon, dot, dash and underscore only"
        )
    return text


def is_attempt_id(text: str) -> bool:
    """26 capitals and digits (ULID)."""
    return _ATTEMPT.fullmatch(text) is not None


def sound_name(text: str) -> str:
    """Asterisk's name of a sound, no extension, never climbing out of the sounds folder. Raises UnsafeText."""
    if not _SOUND.fullmatch(text):
        raise UnsafeText("a sound's name may hold letters, digits, dash, underscore and slashes between only")
    return text


def number_digits(number: str) -> str:
    """The digits of a telephone number, without +. Raises UnsafeText."""
    if not _NUMBER.fullmatch(number):
        raise UnsafeText("a telephone number for the PBX may hold digits only, after an optional +")
    return number.removeprefix("+")
