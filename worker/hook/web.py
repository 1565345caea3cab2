"""A payment hook behind HTTP: one POST a try, signed, with the attempt id as its Idempotency-Key."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Final

import requests
import urllib3

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
    if isinstance(error, requests.exceptions.SSLError):
        return "the payment hook's TLS certificate cannot be trusted: mend it there"
    if isinstance(error, requests.Timeout):
        return f"the payment hook did not answer within {patience:g} seconds: see its own log"
    return "the connection to the payment hook failed or broke off: check that it runs, and payment_hook.url"
