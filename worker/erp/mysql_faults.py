"""What a MySQL or MariaDB server's refusals mean: a leaf of SourceError each, one sentence with its remedy."""

import ssl
from typing import Final

from pymysql.err import MySQLError

from worker.erp.quoting import Quoting
from worker.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable

_LOGIN: Final = "refuses the login: check source.user and source.password"
_HOST: Final = "lets nobody in from this machine: create source.user for this machine's address, or FLUSH HOSTS"
_PLUGIN: Final = "wants a login that needs TLS: set source.ca_file, or source.socket when it is this machine"
_RIGHT: Final = "lacks a right for {view}: grant source.user SELECT on it"
_GONE: Final = "has no {view}: create it, or set source.clients_view and source.bills_view"
_STALE: Final = (
    "cannot run {view}, which refers to a table, column or user that is gone or closed to it: create it anew"
)
_NO_DATABASE: Final = "does not have this database: check source.database"
_REFUSED: Final = {
    1044: _RIGHT,
    1045: _LOGIN,
    1049: _NO_DATABASE,
    1054: _STALE,
    1129: _HOST,
    1130: _HOST,
    1142: _RIGHT,
    1143: _RIGHT,
    1146: _GONE,
    1251: _PLUGIN,
    1356: _STALE,
    1370: _RIGHT,
    1449: _STALE,
    1524: _PLUGIN,
    1698: _LOGIN,
    1820: "wants a new password for source.user: set one there and in source.password",
    1862: "says that the password of source.user has expired: set a new one there and in source.password",
    2026: "does not speak TLS: switch TLS on there, or read over source.socket",
    2059: _PLUGIN,
    3118: "has locked the account of source.user: unlock it there",
}
_FULL: Final = "has no connection free: try again later or raise its max_connections"
_LOST: Final = "broke off the connection: try again, and look into its own log if it happens again"
_SLOW: Final = "gave up a query that ran too long: give {view} an index, or raise the server's time limit"
_LOCKED: Final = "could not get at the rows of {view}, which others hold locked: try again later"
_PASSING: Final = {
    1040: _FULL,
    1053: _LOST,
    1152: _LOST,
    1158: _LOST,
    1159: _LOST,
    1160: _LOST,
    1161: _LOST,
    1203: _FULL,
    1205: _LOCKED,
    1213: _LOCKED,
    1226: _FULL,
    1317: _LOST,
    1927: _LOST,
    1969: _SLOW,
    2006: _LOST,
    2013: _LOST,
    3024: _SLOW,
}
_NOT_REACHED: Final = (2002, 2003, 2005)


def explain(error: Exception, server: str, view: str, patience: float, quote: Quoting) -> SourceError:
    """`server` and `view` as a sentence may name them; the server's own words are quoted only where ours end."""
    return _of_the_line(error, server, patience) or _of_the_query(error, server, view, quote)


def _of_the_line(error: Exception, server: str, patience: float) -> SourceError | None:
    """None when the server was reached, and what it said is the trouble."""
    cause = getattr(error, "original_exception", error)
    if isinstance(cause, ssl.SSLError):
        return SourceRefused(
            f"the TLS certificate of {server} cannot be trusted: set source.ca_file to the file of its authority, "
            "and source.host to a name that stands in the certificate"
        )
    if isinstance(cause, TimeoutError) or "timed out" in str(error):
        return SourceUnavailable(
            f"{server} did not answer within {patience:g} seconds: try again later or raise source.timeout_seconds"
        )
    if _code(error) in _NOT_REACHED or isinstance(cause, OSError):
        return SourceUnavailable(
            f"{server} cannot be reached: check that it runs, and source.host, source.port or source.socket"
        )
    if isinstance(error, RuntimeError):  # pymysql lacks a library for logins over an open line
        return SourceRefused(f"{server} {_PLUGIN}")
    return None


def _of_the_query(error: Exception, server: str, view: str, quote: Quoting) -> SourceError:
    code = _code(error)
    if code in _REFUSED:
        return SourceRefused(f"{server} {_REFUSED[code].format(view=view)}")
    if code in _PASSING:
        return SourceUnavailable(f"{server} {_PASSING[code].format(view=view)}")
    if isinstance(error, UnicodeError):
        return SourceBroken(f"{server} sent text of {view} that is not UTF-8: mend the encoding of its columns")
    if code <= 0:  # the driver tripped over what it read
        return SourceBroken(f"{server} does not answer as MySQL does: check source.host and source.port")
    said = quote(str(error.args[-1]))
    return SourceBroken(
        f"{server} failed while it read {view} (error {code}, “{said}”): mend the view or its rows"
    )


def _code(error: Exception) -> int:
    """0 when it is none of the server's or the driver's."""
    code = error.args[0] if isinstance(error, MySQLError) and error.args else 0
    return code if isinstance(code, int) else 0
