"""HTTP towards a billing system: verified TLS, limits, deadlines, retries of what passes by itself."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeVar
from urllib.parse import urlsplit

import requests
import structlog
import urllib3
from requests.auth import AuthBase

from worker.erp.quoting import Quoting
from worker.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from worker.source_settings import WebSource

Answered = TypeVar("Answered")

_log = structlog.get_logger(__name__)

BODY_LIMIT: Final = 64 * 1024 * 1024  # 5,000 rows of every column are about 30 MB
LONGEST_WAIT: Final = 30.0  # seconds between two tries
SLOWEST: Final = 4  # a body that trickles in may take so many times the time-out, and no longer


@dataclass(frozen=True, slots=True)
class System:
    """How a billing system is spoken of in sentences for the administrator."""

    name: str  # "IXC"
    secret: str  # the setting that holds its credentials: "source.token"
    smaller: str  # what to lower when it is overloaded: "source.page_size"
    remedies: Mapping[int, str]  # HTTP status -> what to do
    error_text: Callable[[bytes, Quoting], str]  # what an HTTP error says, quoted
    auth: AuthBase | None = None
    headers: Mapping[str, str] | None = None


class Web:
    """One billing system's HTTP. Every failure is a leaf of SourceError."""

    def __init__(
        self, source: WebSource, system: System, quote: Quoting, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        if source.ca_file and not source.ca_file.is_file():
            raise SourceRefused("source.ca_file is not there or cannot be read: check its path and rights")
        self.host = urlsplit(source.url).netloc.rpartition("@")[2]
        self._system, self._quote, self._sleep = system, quote, sleep
        self._timeout = source.timeout_seconds
        self._tries = source.retries + 1
        self._verify: bool | str = str(source.ca_file) if source.ca_file else source.verify_tls
        if self._verify is False:
            _log.warning(
                "tls_not_verified", host=self.host, remedy="set source.ca_file and source.verify_tls: true"
            )
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def session(self) -> requests.Session:
        """Connections for one listing, closed by the caller. Proxies and .netrc of the shell do not count."""
        session = requests.Session()
        session.trust_env = False
        session.auth = self._system.auth
        session.headers.update({"Accept": "*/*", **(self._system.headers or {})})
        return session

    def again(self, ask: Callable[[], Answered], what: str) -> Answered:
        """The answer of the first try that is not SourceUnavailable; waits grow from a second on."""
        for left in range(self._tries - 1, -1, -1):
            try:
                return ask()
            except SourceUnavailable as error:
                if not left:
                    raise
                wait = min(LONGEST_WAIT, 2.0 ** (self._tries - 1 - left))
                _log.warning(
                    "erp_retry", erp=self._system.name, what=what, wait=wait, tries_left=left, error=str(error)
                )
                self._sleep(wait)
        raise AssertionError("there is at least one try")

    def ask(
        self,
        session: requests.Session,
        method: Literal["GET", "POST"],
        url: str,
        *,
        body: str | None = None,
        query: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> bytes:
        """The body of an HTTP 200, by one try."""
        patience = self._timeout if timeout is None else min(timeout, self._timeout)
        try:
            with session.request(
                method,
                url,
                params=query,
                data=None if body is None else body.encode(),
                timeout=patience,
                verify=self._verify,
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._body(response, time.monotonic() + SLOWEST * patience)
                if response.status_code != requests.codes.ok:
                    raise self._refusal(response, content)
                return content
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._no_answer(error, patience) from None

    def _body(self, response: requests.Response, until: float) -> bytes:
        content = bytearray()
        for piece in response.iter_content(65536):
            content += piece
            if len(content) > BODY_LIMIT:
                raise SourceBroken(
                    f"{self._system.name}'s answer is larger than 64 MB: lower {self._system.smaller}"
                )
            if time.monotonic() > until:
                raise SourceUnavailable(
                    f"{self._system.name} at {self.host} sent its answer too slowly: "
                    f"try again later or lower {self._system.smaller}"
                )
        return bytes(content)

    def _no_answer(self, error: Exception, patience: float) -> SourceError:
        name = self._system.name
        if isinstance(error, requests.exceptions.SSLError):
            return SourceRefused(
                f"the TLS certificate of {self.host} cannot be trusted: "
                "set source.ca_file to the file of its authority"
            )
        if isinstance(error, requests.Timeout):
            return SourceUnavailable(
                f"{name} at {self.host} did not answer within {patience:g} seconds: "
                f"try again later, raise source.timeout_seconds or lower {self._system.smaller}"
            )
        if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
            return SourceUnavailable(
                f"the connection to {name} at {self.host} failed or broke off: check the network"
            )
        return SourceUnavailable(f"{name} at {self.host} sent an answer that is not sound HTTP: try again later")

    def _refusal(self, response: requests.Response, content: bytes) -> SourceError:
        name, status = self._system.name, response.status_code
        if response.is_redirect or response.is_permanent_redirect:
            target = urlsplit(response.headers.get("Location", "")).netloc.rpartition("@")[2] or "another page"
            return SourceRefused(
                f"{name} at {self.host} redirects to {self._quote(target)}: write the final address in source.url"
            )
        said = self._system.error_text(content, self._quote)
        quote = f": “{said}”" if said else ""
        if status >= requests.codes.server_error:
            return SourceUnavailable(
                f"{name} failed (HTTP {status}){quote}; try again later or lower {self._system.smaller}"
            )
        if status == requests.codes.too_many_requests:
            return SourceUnavailable(
                f"{name} asks for fewer requests (HTTP {status}){quote}; raise source.pause_seconds"
            )
        verb = "refused the token" if status == requests.codes.unauthorized else "refused the request"
        remedy = self._system.remedies.get(status, f"check source.url and {self._system.secret}")
        return SourceRefused(
            f"{name} {verb} (HTTP {status}): {remedy}{f' – {name} said' + quote if quote else ''}"
        )
