"""Whether an instance's voice can say what it will have to: asked by `collector voice check` and `doctor`."""

import time
from dataclasses import dataclass
from datetime import date

from worker import convert_talk
from worker.core.pieces import missing
from worker.core.script import Line
from worker.errors import SpeechError
from worker.settings import Instance
from worker.speech.audio import RATE
from worker.speech.engines import engines
from worker.speech.folder import look
from worker.speech.messages import Messages
from worker.speech.stock import Fault, Piece, State, faults, take_stock

SAMPLE = "Teste de voz: cento e vinte e três reais."
MOST = 10_000  # reais that one debtor is reckoned to owe, unless somebody says otherwise


@dataclass(frozen=True, slots=True)
class Found:
    """`problem`: one sentence; empty when every call can be spoken. `works`: what was tried."""

    problem: str
    works: str = ""
    pieces: tuple[Piece, ...] = ()
    faults: tuple[Fault, ...] = ()

    def count(self, state: State) -> int:
        return sum(one.state is state for one in self.pieces)


def check(instance: Instance, messages: Messages, today: date, most: int = MOST) -> Found:
    """Runs the engine's program, or looks through the recordings. Raises nothing of an engine."""
    voice = instance.voice
    pieces: tuple[Piece, ...] = ()
    wrong: tuple[Fault, ...] = ()
    try:
        if voice.engine == "recordings" and voice.recordings is not None:
            shelf = look(voice.recordings)
            pieces = tuple(take_stock(_offered(instance, messages), instance.company, most, today, shelf))
            wrong = tuple(faults(shelf))
            if problem := _incomplete(instance, pieces, wrong, names=messages.say_names):
                return Found(problem, "", pieces, wrong)
            if not voice.fallback and missing(SAMPLE, shelf.recordings.keys()):
                return Found("", "every piece is there", pieces, wrong)
        return Found("", _tried(instance), pieces, wrong)
    except SpeechError as error:
        return Found(str(error), "", pieces, wrong)


def _offered(instance: Instance, messages: Messages) -> dict[Line, tuple[str, ...]]:
    """What is never offered need not be recorded."""
    offers = convert_talk.offers(instance)
    lines = {*offers.lines, *((Line.PROMISED,) if offers.promise_days else ())}
    return {line: stretches for line, stretches in messages.fixed.items() if line in lines}


def _tried(instance: Instance) -> str:
    began = time.monotonic()
    samples = engines(instance.voice)[0].speak(SAMPLE)
    took = time.monotonic() - began
    return f"{instance.voice.engine} works: {len(samples) / 2 / RATE:.1f} s of sound, made in {took:.2f} s"


def _incomplete(instance: Instance, pieces: tuple[Piece, ...], wrong: tuple[Fault, ...], *, names: bool) -> str:
    """One sentence, or nothing."""
    if bad := sum(one.bad for one in wrong):
        return f"{bad} recording(s) cannot be used; see `collector voice check`"
    if instance.voice.fallback:
        return ""
    told = []
    if lacking := sum(one.state is State.MISSING for one in pieces):
        told.append(f"{lacking} piece(s) are missing")
    if names:
        told.append("names of clients cannot be recorded")
    return f"{' and '.join(told)}; see `collector voice check`, or set voice.fallback" if told else ""
