"""The baseline of `bench dial`: the least that puts a call on the line and takes it off, straight on aiohttp.

Originate into a Stasis application, wait for the answer, hold, hang up, wait until the channel is gone; no
decision, no database of ours. Its calls leave the CDR rows that any call leaves on that PBX, unless told not to.
"""

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field

import aiohttp

from worker.settings import Ari


@dataclass(slots=True)
class _Call:
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class BareLoop:
    """Each call is held so many seconds."""

    session: aiohttp.ClientSession
    app: str
    endpoint: str
    hold: float
    variables: dict[str, str]
    calls: dict[str, _Call] = field(default_factory=dict)

    async def run(self, amount: int, in_flight: int) -> None:
        slots = asyncio.Semaphore(in_flight)

        async def one(name: str) -> None:
            try:
                await self._call(name)
            finally:
                slots.release()

        async with asyncio.TaskGroup() as group:
            for index in range(amount):
                await slots.acquire()
                group.create_task(one(f"bare{time.time_ns()}x{index}"))

    async def _call(self, name: str) -> None:
        call = self.calls[name] = _Call()
        body = {"endpoint": self.endpoint, "app": self.app, "channelId": name, "variables": self.variables}
        async with asyncio.timeout(30):
            async with self.session.post("ari/channels", json=body) as answer:
                answer.raise_for_status()
                await answer.read()
            await call.answered.wait()
            await asyncio.sleep(self.hold)
            async with self.session.delete(f"ari/channels/{name}") as answer:
                await answer.read()
            await call.gone.wait()
        del self.calls[name]

    async def read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            event = json.loads(message.data)
            call = self.calls.get(event.get("channel", {}).get("id", ""))
            if call is not None and event["type"] == "StasisStart":
                call.answered.set()
            elif call is not None and event["type"] == "ChannelDestroyed":
                call.gone.set()


async def dial(
    ari: Ari, app: str, endpoint: str, calls: int, in_flight: int, hold: float, *, cdr: bool = True
) -> float:
    """Seconds for so many answered calls, at most `in_flight` at a time. `cdr`: whether they leave CDR rows."""
    pair = f"{ari.user}:{ari.password.get_secret_value()}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    connector = aiohttp.TCPConnector(limit=16)
    async with (
        aiohttp.ClientSession(f"{ari.url}/", headers=headers, connector=connector) as session,
        session.ws_connect(f"ari/events?app={app}") as socket,
    ):
        loop = BareLoop(session, app, endpoint, hold, {} if cdr else {"CDR_PROP(disable)": "1"})
        reader = asyncio.create_task(loop.read(socket))
        started = time.monotonic()
        await loop.run(calls, in_flight)
        elapsed = time.monotonic() - started
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
    return elapsed
