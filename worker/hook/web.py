"""A payment hook behind HTTP: one POST a try, signed, with the attempt id as its Idempotency-Key."""

import hashlib
import hmac
import ssl
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPSConnection
from typing import Final
from urllib.parse import SplitResult, urlsplit

import requests
import urllib3
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from worker.errors import HookFailed
from worker.hook.payload import written
from worker.hook_settings import PaymentHook

SIGNATURE: Final = "X-Collector-Signature"
_LOOKED_AT: Final = 4096  # bytes of an answer
_PAGES: Final = (b"<!doctype html", b"<html")


class WebHook:
    """A `worker.payment_ports.PaymentHook`. Any 2xx is a yes, unless what comes with it is a web page."""

    def __init__(self, hook: PaymentHook) -> None:
        self._url = hook.url or ""
        self._secret = hook.secret.get_secret_value().encode() if hook.secret else b""
        self._patience = hook.timeout_seconds

    def probe(self) -> str:
        """As far as the connection and its certificate."""
        address = urlsplit(self._url)
        connection = _connection(address, self._patience)
        try:
            connection.connect()
        except OSError as error:
            raise HookFailed(_why(error, self._patience)) from None
        finally:
            connection.close()
        return f"{address.hostname} can be reached"

    def send(self, payload: Mapping[str, object]) -> None:
        body = written(payload)
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": str(payload["attempt_id"]),
        }
        if self._secret:
            headers[SIGNATURE] = signature(self._secret, body)
        until = time.monotonic() + self._patience
        try:
            with requests.Session() as session:
                session.trust_env = False  # proxies and .netrc of the shell do not count
                with session.post(
                    self._url,
                    data=body,
                    headers=headers,
                    timeout=self._patience,
                    allow_redirects=False,  # the debtor's data go where the settings say, and nowhere else
                    stream=True,
                ) as response:
                    _judge(response, _beginning(response, until))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise HookFailed(_why(error, self._patience)) from None


def _connection(address: SplitResult, patience: float) -> HTTPConnection:
    host = address.hostname or ""
    if address.scheme != "https":
        return HTTPConnection(host, address.port, timeout=patience)
    trusted = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    return HTTPSConnection(host, address.port, timeout=patience, context=trusted)


def signature(secret: bytes, body: bytes) -> str:
    """`sha256=` and the HMAC of the body as it is posted, in hexadecimal."""
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def _beginning(response: requests.Response, until: float) -> bytes:
    content = b""
    for piece in response.iter_content(1024):
        content += piece
        if len(content) >= _LOOKED_AT:
            break
        if time.monotonic() > until:
            raise HookFailed("the payment hook answers too slowly: see its own log, or raise timeout_seconds")
    return content


def _judge(response: requests.Response, content: bytes) -> None:
    """Never quoted: it may repeat what was posted."""
    status = response.status_code
    if response.is_redirect:
        raise HookFailed("the payment hook redirects elsewhere: write the final address in payment_hook.url")
    if not 200 <= status < 300:
        raise HookFailed(f"the payment hook answered HTTP {status}: see its own log")
    if content.lstrip()[:20].lower().startswith(_PAGES):
        raise HookFailed("the payment hook answered with a web page: check payment_hook.url")


def _why(error: Exception, patience: float) -> str:
    if isinstance(error, (requests.exceptions.SSLError, ssl.SSLError)):
        return "the payment hook speaks no TLS that can be trusted: check its certificate, and payment_hook.url"
    if isinstance(error, (requests.Timeout, TimeoutError)):
        return f"the payment hook did not answer within {patience:g} seconds: see its own log"
    return "the connection to the payment hook failed or broke off: check that it runs, and payment_hook.url"
