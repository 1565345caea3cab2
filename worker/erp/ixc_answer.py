"""Tells a whole list, or a deed done, from all else that IXC sends with HTTP 200: errors, pages, broken JSON."""

import re
from dataclasses import dataclass

from worker.erp.quoting import Quoting, decode, is_login_page, message_of, parsed
from worker.errors import ActionRefused, SourceBroken, SourceError, SourceRefused

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One list answer: how many rows match in all, and those of this page, only with the columns asked for."""

    total: int
    rows: tuple[Row, ...]


def read_answer(body: bytes, columns: frozenset[str], quote: Quoting) -> Answer:
    """Parse the body of an HTTP 200. Every column outside `columns` (passwords among them) ends here.

    Numbers keep their own spelling as text, for IXC sends strings but not everywhere. SourceError leaf when it is
    anything but a list answer: `facts/erp.md` 1.3 and 1.4 say which shapes were seen.
    """
    data = _json_object(body, quote)
    if "total" not in data and "registros" not in data:
        raise _not_a_list(data, quote)
    return _list_answer(data, columns)


def read_action(body: bytes, quote: Quoting, doing: str) -> dict[str, object]:
    """What IXC answers when it has done something: `type: success`, or `tipo: sucesso` as others saw it.

    `doing` completes "IXC refused ". ActionRefused with IXC's own words when it will not; another leaf of
    SourceError when the token may not, or nobody can tell what the answer means.
    """
    data = _json_object(body, quote)
    kind = data.get("type", data.get("tipo"))
    if isinstance(kind, str) and kind.strip().casefold() in ("success", "sucesso"):
        return data
    said = said_by(data, quote)
    if not said:
        raise SourceBroken(f"IXC neither did nor refused {doing}: look there whether it is done")
    if error := _no_right(said):
        raise error
    raise ActionRefused(f"IXC refused {doing}: “{said}”; settle it in IXC")


def said_by(data: dict[str, object], quote: Quoting) -> str:
    """IXC's message, quoted; empty when there is none."""
    message = data.get("message", data.get("mensagem"))
    return quote(message) if isinstance(message, str) else ""


def _json_object(body: bytes, quote: Quoting) -> dict[str, object]:
    text = decode(body)
    try:
        data = parsed(text)
    except ValueError:
        raise not_json(text, quote) from None
    if not isinstance(data, dict):
        raise SourceBroken("IXC answered JSON of an unknown shape; try again later")
    return data


def _list_answer(data: dict[str, object], columns: frozenset[str]) -> Answer:
    total = str(data.get("total", "")).strip()
    if not re.fullmatch(r"[0-9]{1,12}", total):
        raise SourceBroken("IXC answered a list without saying how many rows there are; try again later")
    records = data.get("registros", [])
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise SourceBroken("IXC answered a list whose rows have an unknown shape; try again later")
    if int(total) and not records:
        raise SourceBroken(f"IXC says that {total} rows are left but sent none; try again later")
    if len(records) > int(total):
        raise SourceBroken(f"IXC says that {total} rows are left but sent {len(records)}; try again later")
    return Answer(int(total), tuple(_only(record, columns) for record in records))


def _only(record: dict[str, object], columns: frozenset[str]) -> Row:
    return {name: value for name in columns if isinstance(value := record.get(name), str)}


def not_json(text: str, quote: Quoting) -> SourceError:
    """The error that a body is which should have been JSON."""
    start = text.lstrip()[:1]
    if not start:
        return SourceBroken("IXC answered nothing at all (HTTP 200 with an empty body); try again later")
    if start in ("{", "["):  # never quoted: rows hold passwords
        return SourceBroken("IXC's answer breaks off in the middle of its JSON; try again later")
    if is_login_page(text):
        return SourceRefused(
            "IXC answered a login page instead of data: check source.url, it must be the address of the IXC server"
        )
    return SourceBroken(f"IXC answered an error page: “{quote(text)}”; try again later or ask IXC's support")


def error_text(body: bytes, quote: Quoting) -> str:
    """What an HTTP error says, quoted."""
    return message_of(body, quote, said_by)


def _not_a_list(data: dict[str, object], quote: Quoting) -> SourceError:
    said = said_by(data, quote)
    if not said:
        return SourceBroken("IXC answered neither rows nor an error text; try again later")
    return _no_right(said) or SourceRefused(
        f"IXC refused: “{said}”; give the token's user group access to it in IXC"
    )


def _no_right(said: str) -> SourceRefused | None:
    """The two refusals that are about us and not about what was asked for."""
    if re.search(r"\bIP\b.*liberad|redes? permitidas?", said, re.IGNORECASE):
        return SourceRefused(
            f"IXC does not allow this machine's address: “{said}”; "
            "add it to Redes Permitidas of the token's user group"
        )
    if re.search(r"recurso .*n[ãa]o est[áa] dispon[íi]vel", said, re.IGNORECASE):
        return SourceRefused(f"IXC refused: “{said}”; give the token's user group access to it in IXC")
    return None
