"""Everything that RBX, or what stands before it, may answer instead of rows; to be switched on in the stand-in."""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

ERROR_PAGE = "<br />\n<b>Fatal error</b>:  Allowed memory size exhausted in <b>/var/www/routerbox/ws.php</b>"
LOGIN_PAGE = (
    "<!DOCTYPE html><html><head><title>RouterBox</title></head><body>"
    '<form action="/routerbox/login.php"><input type="password" name="senha"></form></body></html>'
)


class Kind(StrEnum):
    SERVER_ERROR = "500"
    GATEWAY_TIMEOUT = "504"
    HANG = "hang"
    RESET = "reset"  # in the middle of the body
    HTML_ERROR = "html_error"  # with HTTP 200
    LOGIN_PAGE = "login_page"  # with HTTP 200
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    REDIRECT = "redirect"
    BAD_KEY = "bad_key"  # error 97
    BAD_COLUMN = "bad_column"  # error 165
    OTHER_ERROR = "other_error"  # code 1, but other words than those of an empty answer
    NO_STATUS = "no_status"
    ODD_RESULT = "odd_result"  # status 1, and a text for a result
    TRUNCATED = "truncated"  # JSON that breaks off, with a matching length
    DUPLICATES = "duplicates"  # one row twice
    REPEATED = "repeated"  # the answer before once more
    EMPTY = "empty"  # nothing found, it says
    SHRINK = "shrink"  # half of the rows, and says that is all


STATUS = {
    Kind.SERVER_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
    Kind.GATEWAY_TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
    Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Kind.NOT_FOUND: HTTPStatus.NOT_FOUND,
}
PAGES = {Kind.HTML_ERROR: ERROR_PAGE, Kind.LOGIN_PAGE: LOGIN_PAGE}


def v1_error(code: str, words: str) -> dict[str, object]:
    return {"status": 0, "erro_code": code, "erro_inf": "", "erro_desc": words, "erro_detail": "", "result": ""}


NOTHING = v1_error("1", "A consulta nao retornou resultados")
ANSWERS: dict[Kind, dict[str, object]] = {
    Kind.BAD_KEY: v1_error("97", "Chave de integracao invalida ou inativa"),
    Kind.BAD_COLUMN: v1_error("165", "Unknown column 'Codigo' in 'where clause'"),
    Kind.OTHER_ERROR: v1_error("1", "Falha ao conectar no banco de dados"),
    Kind.NO_STATUS: {"result": []},
    Kind.ODD_RESULT: {"status": 1, "result": "ok"},
    Kind.EMPTY: NOTHING,
}


@dataclass(slots=True)
class Fault:
    """Goes off from the n-th request of that service on (None: of any), `times` times (None: always)."""

    kind: Kind
    nth: int = 1
    service: str | None = None
    times: int | None = None
    seconds: float = 30.0  # how long HANG hangs
    seen: int = 0
    fired: int = 0

    def hits(self, service: str) -> bool:
        """Whether it goes off now; counts the request and, if so, the shot."""
        if self.service not in (None, service):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times is not None and self.fired >= self.times):
            return False
        self.fired += 1
        return True


def spoil(kind: Kind, rows: list[dict[str, str]], before: list[dict[str, str]]) -> dict[str, object]:
    """The answer as the fault has it; `before` is the answer before this one."""
    if kind in ANSWERS:
        return ANSWERS[kind]
    chosen = {
        Kind.DUPLICATES: [*rows, *rows[:1]],
        Kind.REPEATED: before,
        Kind.SHRINK: rows[: len(rows) // 2],
    }[kind]
    return {"status": 1, "result": chosen} if chosen else NOTHING
