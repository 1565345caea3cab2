"""The clip set of `bench amd`: who is heard, saying what, how, and over which line; the same at every run.

Two halves, tuning and held-out, share no sentence, no voice and no background. The mix is that of private debtors:
many people say one word, many machines are a carrier's recordings. It is synthetic: it ranks detectors, it does
not predict a trunk.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench import amd_words as words

TUNING: Final = "tuning"
HELD_OUT: Final = "held-out"
HALVES: Final = (TUNING, HELD_OUT)
SECONDS: Final = 8.0  # of every clip

# espeak-ng's variants of pt-br; relatives stay in one half
_TUNING_VOICES: Final = (
    "f1 f3 f5 m1 m3 m5 m7 Alicia Annie belinda grandma anika whisper croak adam Alex antonio boris david ed "
    "edward Gene Henrique iven iven2 iven3 iven4 Jacky Lee marcelo Mario max michel Mike Nguyen pablo quincy "
    "robert robosoft robosoft3 robosoft5 robosoft7 sandro Storm travis UniRobot zac"
)
_HELD_OUT_VOICES: Final = (
    "f2 f4 m2 m4 m6 m8 Andrea aunty linda steph steph2 steph3 whisperf grandpa Andy AnxiousAndy benjamin caleb "
    "Denis Diogo Gene2 gustave Hugo john kaukovalta klatt klatt2 klatt3 klatt4 klatt5 klatt6 Marco Michael miguel "
    "norbert paul pedro RicishayMax RicishayMax2 RicishayMax3 rob shelby Tweaky victor announcer"
)
VOICES: Final = (_TUNING_VOICES.split(), _HELD_OUT_VOICES.split())


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Speech:
    text: str
    voice: str
    speed: int  # words a minute
    pitch: int  # 0 to 99


@dataclass(frozen=True, slots=True)
class Tone:
    """Frequencies in Hz, one after another; `on` and `off` seconds, again and again, for `seconds`."""

    hertz: tuple[int, ...]
    seconds: float
    on: float = 0.0  # 0: without a break
    off: float = 0.0


Part = Pause | Speech | Tone


@dataclass(frozen=True, slots=True)
class Line:
    """What the way to us does to it."""

    level: int = -6  # dB of the loudest
    hiss: float = 0.0  # mean level of the line's own noise, of 32767
    street: float = 0.0
    television: float = 0.0
    lost: float = 0.0  # share of 20 ms packets that never come
    low: int = 300  # Hz
    high: int = 3400


@dataclass(frozen=True, slots=True)
class Clip:
    name: str
    half: str
    human: bool
    kind: str
    sentence: str  # what is said or played: in one half only
    voice: str  # who says or plays it: in one half only
    parts: tuple[Part, ...]
    line: Line
    backdrop: tuple[Speech, ...] = ()  # what the television says


HUMANS: Final = {
    "one word": 70, "polite": 22, "slow": 8, "noisy": 14, "child": 10, "delayed": 10, "silence then alô": 6,
    "office": 10, "television": 6, "silence": 4,
}  # fmt: skip
MACHINES: Final = {
    "operator": 56, "announcement": 28, "personal": 32, "menu": 16, "music": 12, "beep": 4, "fax": 12,
}  # fmt: skip


def clips(half: str, copy: int = 0) -> list[Clip]:
    """160 people and 160 machines. Another `copy`: the same sentences and voices, dealt and spoken otherwise."""
    found = [_human(half, kind, index, copy) for kind, amount in HUMANS.items() for index in range(amount)]
    return found + [
        _machine(half, kind, index, copy) for kind, amount in MACHINES.items() for index in range(amount)
    ]


def _random(*what: object) -> random.Random:
    return random.Random("/".join(map(str, what)))


def _line(dice: random.Random) -> Line:
    return Line(
        level=-dice.choice((3, 6, 6, 9, 12)),
        hiss=dice.choice((0, 10, 25, 50, 90)),
        lost=dice.choice((0, 0, 0, 0.01, 0.03)),
        low=dice.choice((200, 300, 300, 400)),
        high=dice.choice((2800, 3400, 3400, 3700)),
    )


def _human(half: str, kind: str, index: int, copy: int) -> Clip:
    dice = _random("human", half, kind, index, copy)
    side = HALVES.index(half)
    voice = dice.choice(VOICES[side])
    speed, pitch = dice.randint(130, 190), dice.randint(25, 75)
    before = dice.uniform(0.1, 0.7)
    texts = words.ONE_WORD if kind in ("one word", "delayed", "silence then alô") else words.POLITE
    line = _line(dice)
    backdrop: tuple[Speech, ...] = ()
    match kind:
        case "slow":
            speed = dice.randint(85, 110)
        case "child":
            texts = dice.choice((words.ONE_WORD, words.POLITE))
            pitch, speed = dice.randint(88, 99), dice.randint(125, 165)
        case "office":
            texts = words.OFFICE
        case "delayed":
            before = dice.uniform(1.0, 2.2)
        case "silence then alô":
            before = dice.uniform(2.4, 3.6)
        case "noisy":
            line = _with(line, street=dice.uniform(120, 900))
            texts = dice.choice((words.ONE_WORD, words.POLITE))
        case "television":
            line = _with(line, television=dice.uniform(120, 700))
            texts = dice.choice((words.ONE_WORD, words.POLITE))
            backdrop = tuple(
                Speech(text, dice.choice(VOICES[side]), dice.randint(150, 190), dice.randint(30, 70))
                for text in dice.sample(words.TELEVISION[side], 3)
            )
    name = _name(half, "human", kind, index, copy)
    if kind == "silence":
        return Clip(name, half, True, kind, f"silence {half}", f"nobody {half}", (Pause(SECONDS),), line)
    text = texts[side][index % len(texts[side])]
    parts: list[Part] = [Pause(before), Speech(text, voice, speed, pitch)]
    if dice.random() < 0.6:  # nobody answers: asks again
        again = dice.choice(words.AGAIN[side])
        parts += [Pause(dice.uniform(1.3, 3.5)), Speech(again, voice, speed + 5, pitch + 3)]
    return Clip(name, half, True, kind, text, voice, tuple(parts), line, backdrop)


def _with(line: Line, street: float = 0.0, television: float = 0.0) -> Line:
    return Line(line.level, line.hiss, street, television, line.lost, line.low, line.high)


def _machine(half: str, kind: str, index: int, copy: int) -> Clip:
    dice = _random("machine", half, kind, index, copy)
    name = _name(half, "machine", kind, index, copy)
    line = _line(dice)
    if kind in ("music", "beep", "fax"):
        parts = {"music": _music, "beep": _beep, "fax": _fax}[kind](dice, HALVES.index(half))
        return Clip(name, half, False, kind, f"{kind} {half} {index}", f"{kind} {half}", parts, line)
    texts = {
        "operator": words.VOICEMAIL,
        "personal": words.PERSONAL,
        "announcement": words.ANNOUNCEMENT,
        "menu": words.MENU,
    }[kind][HALVES.index(half)]
    text = texts[index % len(texts)]
    # a personal greeting is everybody's own; the others are recordings that many numbers play
    recording = (half, kind, index, copy) if kind == "personal" else (half, kind, text, copy)
    parts, voice = _recording(_random("recording", *recording), text, kind, HALVES.index(half))
    parts = (Pause(dice.uniform(0.0, 0.25)), *parts)  # how fast this number's exchange is
    if kind == "personal" and dice.random() < 0.25:  # recorded where it was not quiet
        line = _with(line, street=dice.uniform(120, 600))
    return Clip(name, half, False, kind, text, voice, parts, line)


def _recording(dice: random.Random, text: str, kind: str, side: int) -> tuple[tuple[Part, ...], str]:
    """A greeting as it was recorded once, and whose voice it is."""
    voice, pitch = dice.choice(VOICES[side]), dice.randint(25, 75)
    speed = dice.randint(125, 185) if kind == "personal" else dice.randint(135, 165)
    pauses = (0.2, 1.1, 0.45) if kind == "personal" else (0.15, 0.6, 0.3)  # shortest, longest, commonest
    parts: list[Part] = [Pause(dice.uniform(0.1, 1.2))]
    if kind == "operator" and dice.random() < 0.4:  # Anatel's musical phrase before a call goes to voicemail
        parts += [Tone((660, 784, 880) if side else (523, 587, 698), 0.9), Pause(dice.uniform(0.1, 0.4))]
    if kind == "announcement" and dice.random() < 0.4:
        parts += [Tone((950, 1400, 1800), 1.0), Pause(0.3)]
    for phrase in text.split("|"):
        parts += [Speech(phrase, voice, speed, pitch), Pause(dice.triangular(*pauses))]
    if kind in ("operator", "personal"):
        parts += [
            Pause(dice.uniform(0.2, 0.8)),
            Tone((dice.choice((850, 1000, 1400)) + 7 * side,), dice.uniform(0.3, 0.9)),
        ]
    return tuple(parts), voice


def _music(dice: random.Random, side: int) -> tuple[Part, ...]:
    scale = ((262, 294, 330, 392, 440, 523), (277, 311, 349, 415, 466, 554))[side]
    tune = tuple(dice.choice(scale) for _ in range(16))
    return Pause(dice.uniform(0.0, 0.6)), Tone(tune, SECONDS)


def _beep(dice: random.Random, side: int) -> tuple[Part, ...]:
    hertz = dice.choice(((440, 800, 1000), (500, 941, 1200))[side])
    return Pause(dice.uniform(0.2, 2.5)), Tone((hertz,), dice.uniform(0.2, 1.2))


def _fax(dice: random.Random, side: int) -> tuple[Part, ...]:
    before = Pause(dice.uniform(0.2, 1.8))
    if dice.random() < 0.15:  # one that takes itself for the caller, and one that answers
        return before, Tone((1100 + side,), SECONDS, on=0.5, off=3.0)
    return before, Tone((2100 + side,), dice.uniform(2.6, 4.0)), Pause(0.075), Tone((1650, 1850), SECONDS)


def _name(half: str, who: str, kind: str, index: int, copy: int) -> str:
    plain = kind.replace(" ", "-").replace("ô", "o")
    return f"{half}-{who}-{plain}-{index:02d}" + (f"-{copy}" if copy else "")


def spoken(chosen: Sequence[Clip]) -> set[tuple[str, str]]:
    """(text, voice) of everything that is said in them, the television included."""
    parts = [part for clip in chosen for part in (*clip.parts, *clip.backdrop)]
    return {(part.text, part.voice) for part in parts if isinstance(part, Speech)}
