"""The baseline of `bench dial`: the least that puts a call on the line and takes it off, straight on aiohttp.

Originate into a Stasis application, wait until the callee has answered and hung up; no database, no CDR row.
"""

import asyncio
import base64
import json
import time

import aiohttp

from worker.settings import Ari


async def dial(ari: Ari, app: str, endpoint: str, calls: int, in_flight: int) -> float:
    """Seconds for so many answered calls, at most `in_flight` at a time."""
    pair = f"{ari.user}:{ari.password.get_secret_value()}".encode()
    auth = f"Basic {base64.b64encode(pair).decode()}"
    ended: dict[str, asyncio.Event] = {}
    connector = aiohttp.TCPConnector(limit=16)
    async with (
        aiohttp.ClientSession(f"{ari.url}/", headers={"Authorization": auth}, connector=connector) as session,
        session.ws_connect(f"ari/events?app={app}") as socket,
    ):
        reader = asyncio.create_task(_read(socket, ended))
        started = time.monotonic()
        await _all(session, app, endpoint, calls, in_flight, ended)
        elapsed = time.monotonic() - started
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
    return elapsed


async def _all(
    session: aiohttp.ClientSession,
    app: str,
    endpoint: str,
    calls: int,
    in_flight: int,
    ended: dict[str, asyncio.Event],
) -> None:
    slots = asyncio.Semaphore(in_flight)

    async def one(index: int) -> None:
        name = f"bare{time.time_ns()}x{index}"
        ended[name] = asyncio.Event()
        body = {"endpoint": endpoint, "app": app, "channelId": name, "variables": {"CDR_PROP(disable)": "1"}}
        try:
            async with session.post("ari/channels", json=body) as answer:
                answer.raise_for_status()
                await answer.read()
            async with asyncio.timeout(30):
                await ended[name].wait()
        finally:
            del ended[name]
            slots.release()

    async with asyncio.TaskGroup() as group:
        for index in range(calls):
            await slots.acquire()
            group.create_task(one(index))


async def _read(socket: aiohttp.ClientWebSocketResponse, ended: dict[str, asyncio.Event]) -> None:
    async for message in socket:
        event = json.loads(message.data)
        if event["type"] == "ChannelDestroyed":
            gone = ended.get(event["channel"]["id"])
            if gone is not None:
                gone.set()
