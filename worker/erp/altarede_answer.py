"""Tells AltaRede's list of bills from all else that may come with HTTP 200: refusals, web pages, broken-off JSON.

No manual is public: where the list stands is told by `source.fields.bills`, and an answer that says in any of the
usual words that it failed is never taken for a list, not even beside an empty one.
"""

from typing import Final

from worker.erp.quoting import Quoting, decode, is_login_page, message_of, parsed
from worker.errors import SourceBroken, SourceError, SourceRefused

Row = dict[str, str]

# Words that APIs of this trade use (facts/erp.md 1.4 and 3); they decide only how a refusal is worded or that it
# is one, never what a bill says.
_FAILED: Final = ("error", "erro", "errors", "erros")
_SUCCEEDED: Final = ("success", "sucesso", "ok")
_VERDICTS: Final = ("status", "type", "tipo")
_TEXTS: Final = (*_FAILED, "message", "mensagem", "msg", "detail", "detalhe", "description", "descricao")


def read_answer(body: bytes, way: str, columns: frozenset[str], quote: Quoting) -> tuple[Row, ...]:
    """The rows of an HTTP 200, each only with `columns`. `way`: dotted path to the list; empty: the answer itself.

    Numbers keep their own spelling as text; a value that is neither text nor number is left out. SourceError leaf
    when it is anything but a list of rows.
    """
    text = decode(body)
    try:
        data = parsed(text)
    except ValueError:
        raise _not_json(text, quote) from None
    if isinstance(data, dict) and _failed(data):
        raise _refused(data, quote)
    found = _at(data, way)
    if isinstance(found, list):
        if not all(isinstance(each, dict) for each in found):
            raise SourceBroken(
                "AltaRede's list of bills holds something else than rows: check source.fields.bills"
            )
        return tuple(
            {name: value for name in columns if isinstance(value := each.get(name), str)} for each in found
        )
    if isinstance(data, dict) and _said(data, quote):
        raise _refused(data, quote)
    place = f"is set to {way!r}" if way else "is empty, so the answer itself had to be the list"
    raise SourceBroken(
        f"AltaRede's answer has no list of bills where expected: source.fields.bills {place}; "
        "compare it with an answer of yours"
    )


def read_value(body: bytes, way: str, quote: Quoting) -> str:
    """The text, number or yes or no at the end of the dotted path, quoted; empty when there is none.

    SourceError leaf when the answer is no JSON object.
    """
    text = decode(body)
    try:
        data = parsed(text)
    except ValueError:
        raise _not_json(text, quote) from None
    found = _at(data, way)
    if isinstance(found, bool):
        return "true" if found else "false"
    return quote(found) if isinstance(found, str) else ""


def error_text(body: bytes, quote: Quoting) -> str:
    """What an HTTP error says, quoted."""
    return message_of(body, quote, _said)


def _at(data: object, way: str) -> object:
    """What stands at the end of the dotted path; None when it leads nowhere."""
    for name in way.split(".") if way else ():
        if not isinstance(data, dict):
            return None
        data = data.get(name)
    return data


def _lowered(data: dict[str, object]) -> dict[str, object]:
    return {name.lower(): value for name, value in data.items()}


def _failed(data: dict[str, object]) -> bool:
    """Whether the answer itself says that it is none."""
    named = _lowered(data)
    return (
        any(named.get(name) not in (None, False, "", "0", [], {}) for name in _FAILED)
        or any(named.get(name) is False for name in _SUCCEEDED)
        or any(str(named.get(name, "")).strip().lower() in (*_FAILED, "fail", "failed") for name in _VERDICTS)
    )


def _said(data: dict[str, object], quote: Quoting) -> str:
    """The first error text of the answer, quoted; empty when it has none."""
    named = _lowered(data)
    for name in _TEXTS:
        value = named.get(name)
        if isinstance(value, dict):
            value = next((each for each in value.values() if isinstance(each, str)), "")
        if isinstance(value, str) and (said := quote(value)):
            return said
    return ""


def _refused(data: dict[str, object], quote: Quoting) -> SourceError:
    said = _said(data, quote)
    reason = f": “{said}”" if said else " without saying why"
    return SourceRefused(
        f"AltaRede refused{reason}; check source.token, source.appkey and source.bills_path or ask its support"
    )


def _not_json(text: str, quote: Quoting) -> SourceError:
    start = text.lstrip()[:1]
    if not start:
        return SourceBroken("AltaRede answered nothing at all (HTTP 200 with an empty body); try again later")
    if start in ("{", "["):  # never quoted: rows hold personal data
        return SourceBroken("AltaRede's answer breaks off in the middle of its JSON; try again later")
    if is_login_page(text):
        return SourceRefused(
            "AltaRede answered a login page instead of data: check source.url and source.bills_path, "
            "they must lead to its API"
        )
    return SourceBroken(
        f"AltaRede answered a web page: “{quote(text)}”; check source.bills_path or ask AltaRede's support"
    )
