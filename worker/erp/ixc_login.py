"""Who we are towards IXC: address, token, and the mark that tells a listing from an insert."""

from base64 import b64encode
from typing import Final
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from worker.erp.ixc_answer import error_text
from worker.erp.quoting import Quoting
from worker.erp.web import System
from worker.errors import SourceRefused
from worker.source_settings import IxcSource

MARK: Final = "ixcsoft"  # header; with "listar" a POST lists, without it the same POST inserts or acts

_REMEDIES: Final = {
    400: "check that source.url begins with https and that source.token is the id:hash pair that IXC shows",
    401: "check source.token",
    403: "create the token again in IXC (tokens do not survive a move to another server)",
    404: "check source.url",
}


def base_address(url: str) -> str:
    """`https://host/webservice/v1` from what users paste: with or without that path, slashes, any letter case."""
    parts = urlsplit(url.strip())
    path = parts.path.rstrip("/")
    for tail in ("/v1", "/webservice"):
        if path.lower().endswith(tail):
            path = path[: -len(tail)].rstrip("/")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}/webservice/v1"


class _Token(AuthBase):
    """Basic authentication with IXC's `id:hash` encoded once; as auth, so that no .netrc takes its place.

    It marks the request as well: whatever carries the reader's token is a listing, whatever carries that of the
    actions is none, and a request without either is refused by IXC.
    """

    def __init__(self, token: str, *, listing: bool) -> None:
        self._header = "Basic " + b64encode(token.encode()).decode("ascii")
        self._listing = listing

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        request.headers.pop(MARK, None)
        if self._listing:
            request.headers[MARK] = "listar"
        return request


class Login:
    """An instance's address and credentials, checked. `quote` masks all that must not be repeated."""

    def __init__(self, source: IxcSource) -> None:
        """SourceRefused when the token cannot be one."""
        token = source.token.get_secret_value().strip()
        if ":" not in token.strip(":") or not token.isprintable():
            raise SourceRefused("source.token must be the id:hash pair that IXC shows for the user")
        self.base = base_address(source.url)
        self.quote = Quoting([token, *token.split(":"), b64encode(token.encode()).decode("ascii")])
        self._token = token

    def for_listings(self) -> System:
        return self._system(listing=True, smaller="source.page_size")

    def for_actions(self) -> System:
        return self._system(listing=False, smaller="the load on IXC")

    def _system(self, *, listing: bool, smaller: str) -> System:
        token = _Token(self._token, listing=listing)
        headers = {"Content-Type": "application/json"}
        return System("IXC", "source.token", smaller, _REMEDIES, error_text, token, headers)
