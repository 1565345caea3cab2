"""`collector voice`: what a speaker must record, whether the voice works, and how it sounds."""

import wave
from pathlib import Path
from typing import Annotated

import typer

from worker import voice_check
from worker.app import App, utc_now
from worker.commands import show_voice
from worker.commands.base import InstanceOption, JsonOption, app, chosen, local_day, settings_of
from worker.errors import SpeechError
from worker.speech.audio import RATE, encoded
from worker.speech.engines import engines
from worker.speech.voice import check as check_text

voice = typer.Typer(no_args_is_help=True, help="The voice: check what it can say, try it.")
app.add_typer(voice, name="voice")

ScriptOption = Annotated[bool, typer.Option("--script", help="Print what a speaker must read into which file.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="A WAV file, as callees hear it. Default: where the PBX finds it.")
]
UpTo = Annotated[int, typer.Option("--up-to", min=1, max=10**9, help="The most that one debtor owes, in reais.")]


@voice.command()
def check(
    ctx: typer.Context,
    instance: InstanceOption = None,
    up_to: UpTo = voice_check.MOST,
    script: ScriptOption = False,
    as_json: JsonOption = False,
) -> None:
    """Whether every text can be said; of recordings: each missing piece with the name of its file."""
    with App(settings_of(ctx)) as running:
        found = [
            (one, voice_check.check(one, running.messages(one), local_day(one, utc_now()), up_to))
            for one in chosen(running, instance)
        ]
    if script:
        typer.echo(show_voice.script(found))
        return
    typer.echo(show_voice.as_json(found) if as_json else show_voice.table(found))
    if any(one.problem for _, one in found):
        raise typer.Exit(1)


@voice.command()
def say(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="What to say, in words.")],
    instance: InstanceOption = None,
    out: OutOption = None,
) -> None:
    """Try the voice of an instance (default: the first); a stand-in does not speak here."""
    with App(settings_of(ctx)) as running:
        one = chosen(running, instance)[0]
        check_text(text)
        samples = engines(one.voice)[0].speak(text)
        if out is None:
            sound = running.voice(one).render(text)
            typer.echo(f"{one.id}: {sound.seconds:.1f} s; Asterisk plays it as {sound.name}")
            return
    _write(out, encoded(samples, "sln"))
    typer.echo(f"{one.id}: {len(samples) / 2 / RATE:.1f} s in {out}")


def _write(file: Path, samples: bytes) -> None:
    try:
        with file.open("wb") as stream, wave.open(stream, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(RATE)
            sound.writeframes(samples)
    except OSError as error:
        raise SpeechError(f"{file} cannot be written: {error.strerror}") from None
