"""Clips of `bench amd` as 8 kHz mono files: made once with espeak-ng and sox, kept outside the repository."""

import array
import hashlib
import math
import os
import random
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from tests.bench.amd_clips import SECONDS, Clip, Pause, Speech, Tone
from worker.core.hearing import LEVEL, PAUSE_MS, Segment
from worker.settings import ROOT

FOLDER = ROOT / "var" / "amd-clips"  # ignored by git
RATE = 8000
FRAME = 160  # samples: one packet of 20 ms
PACKET = FRAME / RATE
_TRIM = ["silence", "1", "0.01", "0.4%", "reverse", "silence", "1", "0.01", "0.4%", "reverse"]

Samples: TypeAlias = "array.array[int]"


def make(clips: Sequence[Clip], parent: Path = FOLDER) -> dict[str, Path]:
    """Clip's name -> its file. Missing ones are made; two that make at once do not disturb each other."""
    files = {clip.name: _file(clip, parent) for clip in clips}
    missing = [clip for clip in clips if not files[clip.name].exists()]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(lambda clip: _make(clip, files[clip.name]), missing))
    return files


def _file(clip: Clip, parent: Path) -> Path:
    """Another recipe, another file. Short: it is also the name of a sound in the carrier's dialplan."""
    return parent / f"{hashlib.sha256(repr(clip).encode()).hexdigest()[:16]}.wav"


def _make(clip: Clip, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as work:
        dice = random.Random(clip.name)
        samples = _behind(_sequence(clip.parts), clip, dice)
        raw, ready = Path(work) / "raw.wav", Path(work) / "ready.wav"
        _write(raw, _without_lost(samples, clip.line.lost, dice))
        _run("sox", "-R", str(raw), str(ready), "highpass", str(clip.line.low), "lowpass", str(clip.line.high))
        ready.rename(file)


def _sequence(parts: Sequence[Pause | Speech | Tone]) -> Samples:
    """Parts one after another at full level, at most SECONDS."""
    found = array.array("h")
    for part in parts:
        match part:
            case Pause(seconds):
                found.extend(array.array("h", bytes(2 * round(seconds * RATE))))
            case Speech():
                found.extend(_speech(part))
            case Tone():
                found.extend(_tone(part))
    return found[: round(SECONDS * RATE)]


def _speech(part: Speech) -> Samples:
    """Without the silence around it."""
    voice = ["-v", f"pt-br+{part.voice}", "-s", str(part.speed), "-p", str(min(99, part.pitch)), "-a", "60"]
    spoken = _run("espeak-ng", *voice, "--stdout", part.text)
    shape = ["rate", str(RATE), "highpass", "150", "norm", "-0.5", *_TRIM]
    raw = _run(
        "sox",
        "-R",
        "-t",
        "wav",
        "-",
        "-t",
        "raw",
        "-b",
        "16",
        "-e",
        "signed",
        "-c",
        "1",
        "-",
        *shape,
        given=spoken,
    )
    return array.array("h", raw)


def _tone(part: Tone) -> Samples:
    found = array.array("h")
    each = part.seconds / len(part.hertz)
    for index in range(round(part.seconds * RATE)):
        at = index / RATE
        silent = part.on > 0 and at % (part.on + part.off) >= part.on
        hertz = part.hertz[min(len(part.hertz) - 1, int(at / each))]
        found.append(0 if silent else round(22000 * math.sin(2 * math.pi * hertz * at)))
    return found


def _behind(front: Samples, clip: Clip, dice: random.Random) -> Samples:
    """The whole clip: what is said at its level, and noise, street and television behind."""
    line, length = clip.line, round(SECONDS * RATE)
    loud = 10 ** (line.level / 20)
    television = _cycled(_sequence(clip.backdrop), length) if clip.backdrop else None
    mean = sum(map(abs, television)) / length if television else 1.0
    street, swell, found = 0.0, dice.uniform(0.2, 0.5), array.array("h")
    for index in range(length):
        value = loud * front[index] if index < len(front) else 0.0
        if line.hiss:
            value += dice.gauss(0, 1.25 * line.hiss)
        if line.street:  # traffic: low noise that swells
            street = 0.9 * street + 0.44 * dice.gauss(0, 1.25 * line.street)
            value += street * (1 + 0.6 * math.sin(2 * math.pi * swell * index / RATE))
        if television:
            value += television[index] * line.television / mean
        found.append(max(-32768, min(32767, round(value))))
    return found


def _cycled(samples: Samples, length: int) -> Samples:
    return array.array("h", (samples[index % len(samples)] for index in range(length)))


def _without_lost(samples: Samples, share: float, dice: random.Random) -> Samples:
    """Packets that never come are silence."""
    for start in range(0, len(samples) - FRAME, FRAME):
        if share and dice.random() < share:
            samples[start : start + FRAME] = array.array("h", bytes(2 * FRAME))
    return samples


def read(file: Path) -> Samples:
    """ValueError unless it is 8 kHz mono, 16 bit."""
    with wave.open(str(file)) as sound:
        if (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) != (RATE, 1, 2):
            raise ValueError(f"{file} is not 8 kHz mono with 16 bit: sox {file.name} -r 8000 -c 1 -b 16 NEW.wav")
        samples = array.array("h", sound.readframes(sound.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def alaw(file: Path) -> bytes:
    """As it comes over a line."""
    raw = ["-t", "raw", "-e", "a-law", "-r", str(RATE), "-c", "1", "-"]
    return _run("sox", "-R", str(file), *raw)


def levels(samples: Samples) -> Iterator[float]:
    """Mean level of each packet, as TALK_DETECT and AMD() see it."""
    for start in range(0, len(samples) - FRAME + 1, FRAME):
        yield sum(map(abs, samples[start : start + FRAME])) / FRAME


def _write(file: Path, samples: Samples) -> None:
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(samples.tobytes())


def _run(*command: str, given: bytes | None = None) -> bytes:
    done = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.decode(errors='replace')[-300:]}")
    return done.stdout


def stretches(samples: Samples) -> tuple[Segment, ...]:
    """What TALK_DETECT says of it, worked out from the levels: to compare with what the PBX says."""
    found: list[Segment] = []
    first = last = -1
    for index, level in enumerate(levels(samples)):
        if level >= LEVEL:
            first, last = (index if first < 0 else first), index
        elif first >= 0 and (index - last) * 1000 * PACKET >= PAUSE_MS:
            found.append(Segment(first * PACKET, (last + 1) * PACKET))
            first = -1
    return (*found, Segment(first * PACKET, (last + 1) * PACKET)) if first >= 0 else tuple(found)
