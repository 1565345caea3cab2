"""Everything that IXC has been seen to answer instead of a whole list, to be switched on in the stand-in."""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from tests.lab.ixc_tables import Found

ERROR_PAGE = (
    '<div style="font-family:Arial;background:#FF0000;color:#fff">'
    "Ocorreu um erro ao processar. Contate o suporte IXC Soft.</div>"
)
LOGIN_PAGE = (
    "<!DOCTYPE html><html><head><title>IXC Provedor</title><style>body{}</style></head><body>"
    '<form action="/adm.php"><input name="email"><input type="password" name="senha"></form></body></html>'
)
IP_REFUSAL = {
    "type": "error",
    "message": "Seu IP não está liberado para acessar a API.<br />Contate o administrador",
}


class Kind(StrEnum):
    SERVER_ERROR = "500"
    GATEWAY_TIMEOUT = "504"
    HANG = "hang"
    RESET = "reset"  # in the middle of the body
    HTML_ERROR = "html_error"  # with HTTP 200
    LOGIN_PAGE = "login_page"  # with HTTP 200
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    REDIRECT = "redirect"
    IP_REFUSAL = "ip_refusal"  # HTTP 200, type error
    TRUNCATED = "truncated"  # JSON that breaks off, with a matching length
    TOTAL_MISMATCH = "total_mismatch"  # from that page on it claims rows that it never sends
    DUPLICATES = "duplicates"  # one id twice within the page
    REPEATED = "repeated"  # the page before (of the first: itself) once more
    OVERLAP = "overlap"  # the last row of the page before (of the first: its own) comes once more, at the end
    NO_ROWS = "no_rows"  # total above zero, no registros
    EMPTY = "empty"  # nothing is left, it says
    SHRINK = "shrink"  # ends with half of this page and says that is all
    CLIPPED = "clipped"  # ends one row before the end of this page and says that is all
    FEWER = "fewer"  # two rows of five are gone, from that page on, and it counts accordingly


STATUS = {
    Kind.SERVER_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
    Kind.GATEWAY_TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
    Kind.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Kind.NOT_FOUND: HTTPStatus.NOT_FOUND,
}


@dataclass(slots=True)
class Fault:
    """Goes off at that page of a listing, of that table or of any, so often as `times` says (None: always)."""

    kind: Kind
    page: int = 1
    table: str | None = None
    times: int | None = None
    seconds: float = 30.0  # how long HANG hangs
    fired: int = 0

    def hits(self, table: str, page: int) -> bool:
        """Whether it goes off now; counts it if so."""
        if self.table not in (None, table) or (self.times is not None and self.fired >= self.times):
            return False
        lying = self.kind in (Kind.TOTAL_MISMATCH, Kind.FEWER) and self.fired > 0
        if not lying and self.page != page:
            return False
        self.fired += 1
        return True


def spoil(kind: Kind, found: Found, before: Found) -> dict[str, object]:
    """The list answer as the fault has it; `before` is the page before, or the same when there is none."""
    rows = list(found.rows)
    answer: dict[str, object] = {"page": "1", "total": str(found.total), "registros": rows}
    if kind is Kind.TOTAL_MISMATCH:
        answer["total"] = found.total + 3
    elif kind is Kind.DUPLICATES:
        rows[-1:] = [rows[0], rows[0]] if len(rows) == 1 else [rows[0]]
        answer["total"] = max(found.total, len(rows))
    elif kind is Kind.REPEATED:
        answer |= {"registros": before.rows, "total": max(found.total, len(before.rows))}
    elif kind is Kind.OVERLAP:
        answer |= {"registros": [*rows, before.rows[-1]], "total": found.total + 1}
    elif kind is Kind.NO_ROWS:
        del answer["registros"]
    elif kind is Kind.EMPTY:
        answer = {"page": "1", "total": 0}
    elif kind in (Kind.SHRINK, Kind.CLIPPED):
        left = len(rows) // 2 if kind is Kind.SHRINK else len(rows) - 1
        answer = {"page": "1", "total": left, "registros": rows[:left]} if left else {"page": "1", "total": "0"}
    return answer
