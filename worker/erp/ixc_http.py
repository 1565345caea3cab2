"""Reads lists from IXC's webservice over HTTP. Reading is all it can do: every request is marked as a listing."""

import json
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import requests
import structlog
import urllib3
from requests.auth import AuthBase

from worker.erp.ixc_answer import Answer, Quoting, error_text, read_answer
from worker.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from worker.settings import IxcSource

_log = structlog.get_logger(__name__)

BODY_LIMIT: Final = 64 * 1024 * 1024  # 5,000 rows of every column are about 30 MB
LONGEST_WAIT: Final = 30.0  # seconds between two tries

_REMEDIES: Final = {
    400: "check that source.url begins with https and that source.token is the id:hash pair that IXC shows",
    401: "check source.token",
    403: "create the token again in IXC (tokens do not survive a move to another server)",
    404: "check source.url",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of IXC and the only columns of it that leave the HTTP edge."""

    name: str
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition; IXC joins all of them with AND."""

    field: str  # table.column
    operator: str
    value: str


def base_address(url: str) -> str:
    """`https://host/webservice/v1` from what users paste: with or without that path, slashes, any letter case."""
    parts = urlsplit(url.strip())
    path = parts.path.rstrip("/")
    for tail in ("/v1", "/webservice"):
        if path.lower().endswith(tail):
            path = path[: -len(tail)].rstrip("/")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}/webservice/v1"


class _Token(AuthBase):
    """Basic authentication with IXC's `id:hash` encoded once; as auth, so that no .netrc takes its place."""

    def __init__(self, token: str) -> None:
        self._header = "Basic " + b64encode(token.encode()).decode("ascii")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


class IxcReader:
    """Asks for one page of one table. Retries what passes by itself; all else is a SourceError at once."""

    def __init__(self, source: IxcSource, *, sleep: Callable[[float], None] = time.sleep) -> None:
        token = source.token.get_secret_value().strip()
        if ":" not in token.strip(":") or not token.isprintable():
            raise SourceRefused("source.token must be the id:hash pair that IXC shows for the user")
        if source.ca_file and not source.ca_file.is_file():
            raise SourceRefused("source.ca_file is not there or cannot be read: check its path and rights")
        self._base = base_address(source.url)
        self._auth = _Token(token)
        self._quote = Quoting([token, *token.split(":"), b64encode(token.encode()).decode("ascii")])
        self._timeout = source.timeout_seconds
        self._tries = source.retries + 1
        self._verify: bool | str = str(source.ca_file) if source.ca_file else source.verify_tls
        self._sleep = sleep
        if self._verify is False:
            _log.warning(
                "tls_not_verified", host=self.host, remedy="set source.ca_file and source.verify_tls: true"
            )
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    @property
    def host(self) -> str:
        return urlsplit(self._base).netloc

    def session(self) -> requests.Session:
        """Connections for one listing, closed by the caller. Proxies and .netrc of the shell do not count."""
        session = requests.Session()
        session.trust_env = False
        session.auth = self._auth
        session.headers.update({"ixcsoft": "listar", "Content-Type": "application/json", "Accept": "*/*"})
        return session

    def rows(
        self, session: requests.Session, table: Table, filters: tuple[Filter, ...], *, after: int, count: int
    ) -> Answer:
        """At most `count` rows with an id greater than `after`, by ascending id; `total` counts all such rows.

        Asking by id and not by page number, a row that is paid between two requests shifts nothing.
        """
        body = json.dumps(_question(table, filters, after, count))
        for left in range(self._tries - 1, -1, -1):
            try:
                return read_answer(self._post(session, table, body), table.columns, self._quote)
            except SourceUnavailable as error:
                if not left:
                    raise
                wait = min(LONGEST_WAIT, 2.0 ** (self._tries - 1 - left))
                _log.warning("ixc_retry", table=table.name, wait=wait, tries_left=left, error=str(error))
                self._sleep(wait)
        raise AssertionError("a listing has at least one try")

    def _post(self, session: requests.Session, table: Table, body: str) -> bytes:
        """The body of an HTTP 200. POST, for it is what most clients send and proxies drop bodies of GET."""
        try:
            with session.post(
                f"{self._base}/{table.name}",
                data=body,
                timeout=self._timeout,
                verify=self._verify,
                allow_redirects=False,
                stream=True,
            ) as response:
                content = _limited(response)
                if response.status_code != requests.codes.ok:
                    raise self._refusal(response, content)
                return content
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._no_answer(error) from None

    def _no_answer(self, error: Exception) -> SourceError:
        if isinstance(error, requests.exceptions.SSLError):
            return SourceRefused(
                f"the TLS certificate of {self.host} cannot be trusted: "
                "set source.ca_file to the file of its authority"
            )
        if isinstance(error, requests.Timeout):
            return SourceUnavailable(
                f"IXC at {self.host} did not answer within {self._timeout:g} seconds: "
                "try again later, raise source.timeout_seconds or lower source.page_size"
            )
        if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
            return SourceUnavailable(
                f"the connection to IXC at {self.host} failed or broke off: check the network"
            )
        return SourceUnavailable(f"IXC at {self.host} sent an answer that is not sound HTTP: try again later")

    def _refusal(self, response: requests.Response, content: bytes) -> SourceError:
        status = response.status_code
        if response.is_redirect or response.is_permanent_redirect:
            target = urlsplit(response.headers.get("Location", "")).netloc.rpartition("@")[2] or "another page"
            return SourceRefused(
                f"IXC at {self.host} redirects to {self._quote(target)}: write the final address in source.url"
            )
        said = error_text(content, self._quote)
        quote = f": “{said}”" if said else ""
        if status >= requests.codes.server_error:
            return SourceUnavailable(
                f"IXC failed (HTTP {status}){quote}; try again later or lower source.page_size"
            )
        verb = "refused the token" if status == requests.codes.unauthorized else "refused the request"
        remedy = _REMEDIES.get(status, "check source.url and source.token")
        return SourceRefused(f"IXC {verb} (HTTP {status}): {remedy}{' – IXC said' + quote if quote else ''}")


def _limited(response: requests.Response) -> bytes:
    content = bytearray()
    for piece in response.iter_content(65536):
        content += piece
        if len(content) > BODY_LIMIT:
            raise SourceBroken("IXC's answer is larger than 64 MB: lower source.page_size")
    return bytes(content)


def _question(table: Table, filters: tuple[Filter, ...], after: int, count: int) -> dict[str, str]:
    """IXC wants every value as text and the conditions as JSON inside the JSON.

    The id stands in both places where IXC takes conditions: they are joined with AND, and an installation that
    heeds only one of them still moves on.
    """
    key = f"{table.name}.id"
    conditions = [*filters, Filter(key, ">", str(after))]
    return {
        "qtype": key,
        "query": str(after),
        "oper": ">",
        "page": "1",
        "rp": str(count),
        "sortname": key,
        "sortorder": "asc",
        "grid_param": json.dumps(
            [{"TB": each.field, "OP": each.operator, "P": each.value} for each in conditions]
        ),
    }
