"""ARI's REST half on aiohttp: one request, one deadline, one typed error.

Everything goes in the JSON body and the password in a header, so that no address that may be logged holds either.
"""

import asyncio
import base64
import json
import os
import re
from collections.abc import Mapping

import aiohttp

from worker.errors import NoSuchChannel, PbxError, PbxRefused, PbxUnavailable, WrongState
from worker.settings import Ari

CONNECTIONS = 16  # requests at once; Asterisk's sessionlimit is 100, shared with everybody else on the box
KEEP_ALIVE = 10.0  # seconds; Asterisk drops an idle session after 15, and a POST into that gap is lost
ALLOCATION_FAILED = "Allocation failed"  # to an originate: nothing was dialled (res/ari/resource_channels.c)

REMEDY = {
    400: "the request does not suit this Asterisk version",
    401: "check pbx.ari.user and password against ari.conf",
    403: "the ARI user is read_only: set read_only=no in ari.conf",
    422: "check the trunk's endpoint, the application and the parameters",
}


class NotSent(PbxUnavailable):
    """No connection could be made: the PBX certainly never saw the request."""


class NotMade(PbxUnavailable):
    """500 to an originate, saying that no channel could be made: nothing has been dialled."""


class AriHttp:
    """To be made and used inside the event loop. `close` when done."""

    def __init__(self, settings: Ari) -> None:
        self._root = f"{settings.url}/ari/"
        self._seconds = settings.timeout_seconds
        pair = f"{settings.user}:{settings.password.get_secret_value()}".encode()
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}"},
            connector=aiohttp.TCPConnector(limit=CONNECTIONS + 2, keepalive_timeout=KEEP_ALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=0.8 * self._seconds),
        )
        self._slots = asyncio.Semaphore(CONNECTIONS)

    async def close(self) -> None:
        await self._session.close()

    async def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        missing: type[PbxError] = NoSuchChannel,
        deadline: float | None = None,
    ) -> object:
        """The decoded answer, None when it is empty.

        `path` is made of constants and checked ids. `missing` is what a 404 means here. `deadline` (loop time)
        limits the wait for a free connection; the request itself then has the configured timeout.
        Raises PbxError leaves; NotSent and NotMade when certainly nothing was done.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(deadline or loop.time() + self._seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise NotSent("the PBX answers too slowly: the request was never sent") from None
        try:
            return await self._send(method, path, body, missing)
        finally:
            self._slots.release()

    async def _send(
        self, method: str, path: str, body: Mapping[str, object] | None, missing: type[PbxError]
    ) -> object:
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._session.request(method, self._root + path, json=body, allow_redirects=False) as answer,
            ):
                text = await answer.text(errors="replace")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(
                f"no connection to ARI ({_reason(error)}); does Asterisk run, is http.conf enabled?"
            ) from error
        except TimeoutError:
            raise PbxUnavailable(f"ARI gave no answer within {self._seconds:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise PbxUnavailable(f"the connection to ARI broke ({_reason(error)})") from error
        if 200 <= answer.status < 300:
            return _decoded(text)
        raise error_of(answer.status, message_of(text), missing)

    async def socket(self, app: str, heartbeat: float) -> aiohttp.ClientWebSocketResponse:
        """The event socket of one application. Raises PbxError leaves."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._session.ws_connect(
                    f"{self._root}events",
                    params={"app": app, "subscribeAll": "false"},
                    heartbeat=heartbeat,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),  # a dead peer must not hold up our own end
                )
        except aiohttp.WSServerHandshakeError as error:
            raise error_of(error.status, "no websocket", PbxRefused) from None
        except TimeoutError:
            raise PbxUnavailable(f"ARI gave no answer within {self._seconds:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise PbxUnavailable(f"no event socket ({_reason(error)})") from error


def error_of(status: int, message: str, missing: type[PbxError] = NoSuchChannel) -> PbxError:
    """The error that an HTTP status of ARI stands for."""
    said = f"ARI said {status} ({message})" if message else f"ARI said {status}"
    if status == 404:
        if missing is PbxRefused:
            return PbxRefused(f"{said}; are res_ari, res_stasis and the res_ari_* modules loaded?")
        return missing(said)
    if status in (409, 412):
        return WrongState(said)
    if status == 500 and message == ALLOCATION_FAILED:
        return NotMade(f"{said}; is the trunk there?")
    if status >= 500:
        return PbxUnavailable(said)
    return PbxRefused(f"{said}; {REMEDY.get(status, 'is pbx.ari.url the address of Asterisk?')}")


def message_of(text: str) -> str:
    """What ARI's error body says, made harmless: printable, one line, 120 characters, long numbers hidden."""
    try:
        body = json.loads(text)
    except ValueError:
        return ""
    message = body.get("message") or body.get("error") if isinstance(body, dict) else ""
    if not isinstance(message, str):
        return ""
    shown = "".join(char if char.isprintable() else " " for char in message[:120])
    return re.sub(r"[0-9]{5,}", "#", shown)


def _decoded(text: str) -> object:
    if not text.strip():
        return None
    try:
        decoded: object = json.loads(text)
    except ValueError:
        raise PbxRefused("the answer is not ARI's; is pbx.ari.url the address of Asterisk?") from None
    return decoded


def _reason(error: BaseException) -> str:
    """The kind of fault, without addresses."""
    number = getattr(getattr(error, "os_error", error), "errno", None)
    return os.strerror(number) if isinstance(number, int) else type(error).__name__
