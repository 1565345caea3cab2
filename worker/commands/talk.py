"""`collector talk`: a conversation tried from a terminal. Nobody is called, and nothing is stored."""

import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Annotated, Literal

import typer

from agi.conversation import hold
from agi.house import plan
from worker import convert_talk
from worker.app import App, utc_now
from worker.commands.base import InstanceOption, app, chosen, local_day, settings_of
from worker.commands.terminal_call import (
    Keys,
    LineKeys,
    TerminalCall,
    TerminalKeys,
    Utterance,
    keyboard_is_terminal,
)
from worker.core.enums import EntryState, PhoneKind
from worker.core.model import Attempt, Phone, QueueEntry, TalkFacts, Waiting
from worker.errors import UsageError
from worker.ports import Sound, Voice
from worker.settings import Instance, Pbx
from worker.speech.script import render

SECONDS_A_LETTER = 1 / 15  # of speech that is only printed
NUMBER = "+5511900000000"  # of the invented debtor: no such number is given out
LINE = "23793381286000000000300000000401198220000012345"  # of the invented debtor: an invented digitable line
PLAYERS = {  # by pbx.sound_format; the first that is installed
    "alaw": (
        ("aplay", "-q", "-t", "raw", "-f", "A_LAW", "-r", "8000", "-c", "1"),
        ("play", "-q", "-t", "al", "-r", "8000", "-c", "1"),
    ),
    "ulaw": (
        ("aplay", "-q", "-t", "raw", "-f", "MU_LAW", "-r", "8000", "-c", "1"),
        ("play", "-q", "-t", "ul", "-r", "8000", "-c", "1"),
    ),
    "sln": (
        ("aplay", "-q", "-t", "raw", "-f", "S16_LE", "-r", "8000", "-c", "1"),
        ("play", "-q", "-t", "raw", "-e", "signed", "-b", "16", "-r", "8000", "-c", "1"),
    ),
}

Taken = Literal["human", "machine", "not_sure"]


@app.command()
def talk(
    ctx: typer.Context,
    debtor: Annotated[str | None, typer.Option("--debtor", metavar="ID", help="The ERP's id of a client.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="An invented debtor; no database is asked.")] = False,
    instance: InstanceOption = None,
    sound: Annotated[
        bool, typer.Option("--sound", help="Say it aloud, or name the files where nothing plays.")
    ] = False,
    taken_for: Annotated[Taken, typer.Option(help="Whom the detector takes the callee for.")] = "human",
) -> None:
    """Try a conversation here: keys as on a telephone, h hangs up. Nobody is called, nothing is stored."""
    if sample == (debtor is not None):
        raise UsageError("name a debtor with --debtor, or try an invented one with --sample")
    with App(settings_of(ctx)) as running:
        instances = chosen(running, instance)
        one, waiting = found(running, instances, debtor) if debtor else invented(instances[0])
        number = waiting.phones[0].number if waiting.phones else NUMBER
        attempt = convert_talk.imagined(one, waiting, number, utc_now())
        with ExitStack() as stack:
            keys: Keys = LineKeys(sys.stdin)
            if keyboard_is_terminal():
                keys = stack.enter_context(TerminalKeys(sys.stdin.fileno()))
            facts = try_out(running, one, attempt, keys, sound=sound, taken_for=taken_for)
    typer.echo(told(facts))


def try_out(
    running: App, one: Instance, attempt: Attempt, keys: Keys, *, sound: bool, taken_for: Taken
) -> TalkFacts:
    voice = _Printed(running.voice(one) if sound else None, running.settings.pbx)
    offers = convert_talk.offers(one)
    days = convert_talk.promised_days(offers.promise_days, attempt.number, utc_now())
    script = render(voice, running.messages(one), attempt, one.company, offers, days)
    invented_one = attempt.number == NUMBER
    line = (lambda: LINE) if invented_one else partial(running.store.payments.line, one.id, attempt.client_id)
    call = TerminalCall(keys, voice.utterances, status=taken_for.replace("_", "").upper(), show=typer.echo)
    try:
        return hold(call, script, plan(one), _Desk(line, typer.echo), lambda _: None)
    finally:
        call.hang_up()


def found(running: App, instances: list[Instance], client_id: str) -> tuple[Instance, Waiting]:
    """The first of the instances in whose queue he waits."""
    for one in instances:
        waiting = running.store.queue.open_entry(one.id, client_id)
        if waiting is not None:
            return one, waiting
    names = ", ".join(one.id for one in instances)
    raise UsageError(
        f"client {client_id} waits in no queue of {names}; `collector queue --explain {client_id}` says why, "
        "`collector queue` who does; or try --sample"
    )


def invented(one: Instance) -> tuple[Instance, Waiting]:
    today = local_day(one, utc_now())
    entry = QueueEntry(0, one.id, "0", EntryState.WAITING, Decimal("187.35"), 2, today - timedelta(days=40))
    return one, Waiting(entry, "Maria da Silva", (Phone(NUMBER, PhoneKind.MOBILE),), {}, (), {})


def told(facts: TalkFacts) -> str:
    """What would be stored of it."""
    day = f", pays on {facts.promise_day:%Y-%m-%d}" if facts.promise_day else ""
    heard = f"heard {facts.heard} ({facts.heard_seconds:.0f} s)"
    return f"{heard}, result {facts.result}{day}, keys {facts.keys or 'none'}"


class _Printed:
    """A voice that keeps what stands behind each sound; without a real one nothing is rendered."""

    def __init__(self, real: Voice | None, pbx: Pbx) -> None:
        self._real, self._folder, self._format = real, pbx.sounds, pbx.sound_format
        self._player = next((player for player in PLAYERS[self._format] if shutil.which(player[0])), None)
        self.utterances: dict[str, Utterance] = {}

    def render(self, text: str) -> Sound:
        if self._real is None:
            sound = Sound(f"line/{len(self.utterances)}", len(text) * SECONDS_A_LETTER)
            self.utterances[sound.name] = Utterance(text, sound.seconds)
            return sound
        sound = self._real.render(text)
        file = self._folder / f"{sound.name}.{self._format}"
        if self._player is None:
            self.utterances[sound.name] = Utterance(f"{text}\n  ({file})", sound.seconds)
        else:
            self.utterances[sound.name] = Utterance(text, sound.seconds, (*self._player, str(file)))
        return sound


class _Desk:
    """What the house would do."""

    def __init__(self, line: Callable[[], str], show: Callable[[str], None]) -> None:
        self._show = show
        self.pay_line = line

    def send(self) -> bool:
        self._show("  (the way to pay would be sent now)")
        return True
