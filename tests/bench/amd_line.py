"""Plays the clips of `bench amd` in the lab: the carrier answers and plays, the PBX listens, many calls at once.

Two ways to listen: TALK_DETECT on the channel itself, whose events become segments, beside a line of the product's
own for the sound itself; and AMD() in the dialplan. The PBX sends silence from the answer on, as it would a
greeting; without it the carrier's Answer() waits half a second for sound, and Stasis a fifth. Before AMD() only
two packets: beside a generator it counts each turn of its loop that brings no sound as 100 ms, and is at the end
of its time after half of it (measured on 16.28).
"""

import asyncio
import base64
import json
import wave
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp

from agi.call import Sound
from agi.sound_line import SoundLines
from tests.bench.amd_sound import FRAME, PACKET, RATE
from tests.lab.lab import Lab
from worker.core.hearing import LEVEL, PAUSE_MS, Ear, Segment
from worker.core.sound import Packet
from worker.pbx.ari import AriClient
from worker.settings import Ari

APP: Final = "bench"
HEARD_SECONDS: Final = 7.0
LATEST: Final = 0.3  # seconds from the answer to the clip's beginning
IN_FLIGHT: Final = 30
HELLO: Final = "bench-hello"
_PBX = f"""
[bench-hear]
exten => s,1,Playtones(0/1000)
 same => n,Stasis({APP})

[bench-amd]
exten => s,1,Playback({HELLO})
 same => n,AMD(${{BENCH_AMD}})
 same => n,Stasis({APP},${{AMDSTATUS}})
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    status: str  # HUMAN, MACHINE, NOTSURE
    seconds: float  # since the answer


@dataclass(frozen=True, slots=True)
class Heard:
    """Seconds since the answer, both."""

    segments: tuple[Segment, ...]
    packets: tuple[Packet, ...]  # from a moment after the answer on


@dataclass(slots=True)
class _Call:
    open_sound: Callable[[float], Sound | None]
    sound: Sound | None = None
    packets: tuple[Packet, ...] = ()
    answered: float = 0.0
    verdict: Verdict | None = None
    ear: Ear = field(default_factory=Ear)
    back: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    whole: bool = False  # it was we who ended it

    def take(self, event: Mapping[str, Any]) -> None:
        at = datetime.fromisoformat(event["timestamp"]).timestamp()
        match event["type"]:
            case "ChannelStateChange" if event["channel"]["state"] == "Up":
                self.answered = at
            case "ChannelTalkingStarted":
                self.ear.began(at - self.answered)
            case "ChannelTalkingFinished":
                self.ear.ended(at - self.answered, event["duration"])
            case "StasisStart":
                if event["args"]:
                    self.verdict = Verdict(event["args"][0], at - self.answered)
                elif self.sound is None:
                    self.sound = self.open_sound(self.answered)
                self.back.set()
            case "ChannelDestroyed":
                self.gone.set()
                self.back.set()

    def end(self) -> None:
        if self.sound is not None:
            self.packets = tuple(self.sound.take())
            self.sound.stop()


class Telephone:
    """One lab's: names of clips -> what was heard of them."""

    def __init__(self, lab: Lab, files: Mapping[str, Path]) -> None:
        if lab.settings.pbx.ari is None:
            raise RuntimeError("the lab has ARI")
        self._ari = lab.settings.pbx.ari
        self._lines: SoundLines | None = None
        self._numbers = {name: f"8{index:05d}" for index, name in enumerate(files)}
        self._round = 0
        sounds = lab.carrier.data / "sounds"
        plan = ["[from-pbx]"]
        for name, file in files.items():
            (sounds / f"bench-{self._numbers[name]}.wav").symlink_to(file.resolve())
            plan.append(f"exten => {self._numbers[name]},1,Playback(bench-{self._numbers[name]})")
            plan.append(" same => n,Playtones(0/1000)\n same => n,Wait(60)")
        lab.install_dialplan()
        _add(lab.carrier.etc / "extensions.conf", "\n".join(plan))
        _add(lab.pbx.etc / "extensions_custom.conf", _PBX)
        with wave.open(str(lab.pbx.data / "sounds" / f"{HELLO}.wav"), "wb") as sound:
            sound.setparams((1, 2, RATE, 0, "NONE", ""))
            sound.writeframes(bytes(4 * FRAME))
        for node in (lab.carrier, lab.pbx):
            node.rx("dialplan reload")

    def hear(self, names: Sequence[str]) -> dict[str, Heard]:
        """Through TALK_DETECT and a line that brings the sound, each for HEARD_SECONDS."""
        with AriClient(self._ari) as client:
            self._lines = SoundLines(client, IN_FLIGHT, per_second=IN_FLIGHT)
            calls = self._calls(names, "bench-hear", {"TALK_DETECT(set)": f"{PAUSE_MS},{LEVEL}"})
        return {name: Heard(call.ear.segments(HEARD_SECONDS), call.packets) for name, call in calls.items()}

    def amd(self, names: Sequence[str], arguments: str) -> dict[str, Verdict]:
        """Through AMD()."""
        self._lines = None
        calls = self._calls(names, "bench-amd", {"BENCH_AMD": arguments})
        return {name: call.verdict for name, call in calls.items() if call.verdict is not None}

    def _calls(self, names: Sequence[str], context: str, variables: dict[str, str]) -> dict[str, _Call]:
        """What was cut short is played once more. RuntimeError when it was cut short again."""
        calls = asyncio.run(self._play(names, context, variables))
        if again := [name for name, call in calls.items() if not call.whole]:
            calls |= asyncio.run(self._play(again, context, variables))
        if cut := [name for name, call in calls.items() if not call.whole]:
            raise RuntimeError(f"{len(cut)} calls were cut short twice, the first of them {cut[0]}")
        return calls

    async def _play(self, names: Iterable[str], context: str, variables: dict[str, str]) -> dict[str, _Call]:
        self._round += 1
        keys = {f"B{self._round:019d}{self._numbers[name]}": name for name in names}  # as an attempt's id
        calls = {key: (name, _Call(partial(self._open, key))) for key, name in keys.items()}
        slots = asyncio.Semaphore(IN_FLIGHT)
        async with (
            aiohttp.ClientSession(f"{self._ari.url}/", headers=_login(self._ari)) as session,
            session.ws_connect(f"ari/events?app={APP}&subscribeAll=true") as socket,
            asyncio.TaskGroup() as group,
        ):
            reader = group.create_task(_read(socket, {key: call for key, (_, call) in calls.items()}))
            requests = {key: self._request(name, key, context, variables) for key, (name, _) in calls.items()}
            await asyncio.gather(*(_one(session, slots, calls[key][1], body) for key, body in requests.items()))
            reader.cancel()
        return dict(calls.values())

    def _open(self, key: str, answered: float) -> Sound | None:
        return self._lines.open(key, answered) if self._lines else None

    def _request(self, name: str, key: str, context: str, variables: Mapping[str, str]) -> dict[str, Any]:
        return {
            "endpoint": f"PJSIP/{self._numbers[name]}@carrier",
            "context": context,
            "extension": "s",
            "priority": 1,
            "channelId": key,
            "variables": {**variables, "CDR_PROP(disable)": "1"},
        }


async def _one(
    session: aiohttp.ClientSession, slots: asyncio.Semaphore, call: _Call, body: Mapping[str, Any]
) -> None:
    async with slots, asyncio.timeout(40):
        async with session.post("ari/channels", json=body) as answer:
            answer.raise_for_status()
        await call.back.wait()
        if call.verdict is None and not call.gone.is_set():
            await asyncio.sleep(HEARD_SECONDS)
        call.whole = not call.gone.is_set()
        call.end()
        async with session.delete(f"ari/channels/{body['channelId']}"):
            pass
        await call.gone.wait()


async def _read(socket: aiohttp.ClientWebSocketResponse, calls: Mapping[str, _Call]) -> None:
    async for message in socket:
        event = json.loads(message.data)
        call = calls.get(event.get("channel", {}).get("id", ""))
        if call is not None:
            call.take(event)


def _login(ari: Ari) -> dict[str, str]:
    pair = f"{ari.user}:{ari.password.get_secret_value()}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _add(file: Path, text: str) -> None:
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{text}\n", encoding="utf-8")


def agreement(heard: Sequence[Segment], worked_out: Sequence[Segment]) -> float:
    """Share of 20 ms packets of which both say the same, sound or silence; the clip may begin LATEST later."""
    one, other = _packets(heard), _packets(worked_out)
    late = range(round(LATEST / PACKET) + 1)
    return max(sum(a == b for a, b in zip(one[by:], other, strict=False)) / (len(one) - by) for by in late)


def _packets(segments: Sequence[Segment]) -> list[bool]:
    found = [False] * round((HEARD_SECONDS - 0.2) / PACKET)  # the last stretch may have been cut by our hanging up
    for one in segments:
        for index in range(round(one.start / PACKET), min(len(found), round(one.end / PACKET))):
            found[index] = True
    return found
