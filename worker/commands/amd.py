"""`collector amd`: who picked up, said by those who know; a model trained on it; how good the verdicts were."""

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from worker.app import App, utc_now
from worker.commands.base import InstanceOption, JsonOption, app, chosen, settings_of
from worker.commands.show import as_json as json_of
from worker.commands.show import grid
from worker.core import answering, answering_check
from worker.core.answering_check import VERDICTS, Confusion
from worker.core.answering_training import train as train_model
from worker.core.heard_call import HeardCall, Label
from worker.core.ulid import is_ulid
from worker.errors import SourceBroken, UsageError

amd = typer.Typer(no_args_is_help=True, help="Who picks up: label, train, report.")
app.add_typer(amd, name="amd")

MOST = 20_000  # calls that are looked at, the newest
DaysOption = Annotated[int, typer.Option("--days", min=1, max=3650, help="Calls of so many days.")]
COLUMNS = ("attempt_id", "label")


@amd.command()
def label(
    ctx: typer.Context,
    attempt: Annotated[str | None, typer.Argument(help="As `collector outcomes` shows it.")] = None,
    who: Annotated[Label | None, typer.Argument(help="human or machine.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Many: a CSV with the columns attempt_id and label.")
    ] = None,
) -> None:
    """Say who it was, after listening to a recording or asking; a later word replaces it."""
    if (file is None) == (attempt is None or who is None) or (file is not None and attempt is not None):
        raise UsageError("name one attempt and human or machine, or a CSV file with --file")
    labels = _from_file(file) if file is not None else {str(attempt): Label(str(who))}
    with App(settings_of(ctx)) as running:
        unknown = running.store.heard.label(labels, utc_now())
    typer.echo(f"{len(labels) - len(unknown)} labelled")
    if unknown:
        raise UsageError(f"of {', '.join(unknown[:20])} nothing was heard, or it is no longer kept")


@amd.command()
def train(
    ctx: typer.Context,
    instance: InstanceOption = None,
    out: Annotated[Path, typer.Option("--out", help="Where the model is written.")] = Path("amd-model.json"),
    audio: Annotated[
        bool, typer.Option("--audio", help="Of sound too, from calls heard over a sound line: an audio_model.")
    ] = False,
    days: DaysOption = 365,
) -> None:
    """Learn from own labelled calls, and say how good that is on calls it was not trained on.

    Name the file as conversation.answering.model, or audio_model with --audio, and restart the handler.
    """
    calls = _calls(ctx, instance, days)
    lessons = answering_check.lessons(calls, audio=audio)
    if why := answering_check.too_few(lessons, audio=audio):
        raise UsageError(why)
    try:
        seen = answering_check.cross_validated(lessons)
        model = train_model(lessons)
    except ValueError as error:
        raise UsageError(str(error)) from None
    try:
        out.write_text(answering.dumps(model), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}") from None
    typer.echo(_table(seen))
    typer.echo(f"{_shares(seen)}, each call judged by a model that had not heard its number")
    setting = "audio_model" if audio else "model"
    typer.echo(f"written to {out}; set conversation.answering.{setting} to it and restart the handler")


@amd.command()
def report(
    ctx: typer.Context, instance: InstanceOption = None, days: DaysOption = 30, as_json: JsonOption = False
) -> None:
    """Verdicts against what is known: labels, and keys pressed, which are certainly people."""
    calls = _calls(ctx, instance, days)
    known, keys = answering_check.recorded(calls), answering_check.pressed(calls)
    if as_json:
        typer.echo(json_of({"calls": len(calls), "known": _figures(known), "pressed_a_key": _figures(keys)}))
        return
    typer.echo(_table(known))
    typer.echo(
        f"{len(calls)} calls heard, of {known.of(Label.HUMAN) + known.of(Label.MACHINE)} it is known who it was"
    )
    typer.echo(_shares(known))
    typer.echo(f"of {keys.of(Label.HUMAN)} who pressed a key: {_percent(keys.false_machine)} called machines")


def _calls(ctx: typer.Context, instance: str | None, days: int) -> list[HeardCall]:
    with App(settings_of(ctx)) as running:
        chosen(running, instance)
        since: datetime = utc_now() - timedelta(days=days)
        return running.store.heard.listing(instance, since, MOST)


def _from_file(file: Path) -> dict[str, Label]:
    """All mistakes at once, the first twenty of them by line."""
    labels: dict[str, Label] = {}
    wrong: list[str] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceBroken(f"{file} cannot be read as text: {error}") from None
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.DictReader(text.splitlines(), delimiter=delimiter)
    if not set(COLUMNS) <= set(reader.fieldnames or ()):
        raise SourceBroken(f"{file} needs the columns attempt_id and label in its first line")
    for row in reader:
        attempt, said = ((row[name] or "").strip() for name in COLUMNS)
        if is_ulid(attempt) and said.casefold() in set(Label):
            labels[attempt] = Label(said.casefold())
        else:
            wrong.append(f"line {reader.line_num}: an attempt id and human or machine are wanted")
    if wrong:
        raise SourceBroken("\n".join([f"{file}: nothing was labelled", *wrong[:20]]))
    return labels


def _table(found: Confusion) -> str:
    names = [verdict or "no verdict" for verdict in VERDICTS]
    rows = [[truth.value, *(found.count(truth, verdict) for verdict in VERDICTS)] for truth in Label]
    return grid(["it was", *names], rows)


def _shares(found: Confusion) -> str:
    wrong = _percent(found.false_machine), _percent(found.false_human)
    return f"people called machines: {wrong[0]}; machines called people: {wrong[1]}"


def _percent(share: float | None) -> str:
    return "none to say" if share is None else f"{100 * share:.1f} %"


def _figures(found: Confusion) -> dict[str, object]:
    return {
        "counts": {
            truth.value: {verdict or "none": found.count(truth, verdict) for verdict in VERDICTS}
            for truth in Label
        },
        "false_machine": found.false_machine,
        "false_human": found.false_human,
    }
