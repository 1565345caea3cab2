"""`collector dnc`: who must not be called, kept by hand and from lists."""

import getpass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer

from worker.app import App, utc_now
from worker.commands import live
from worker.commands.base import DryRunOption, InstanceOption, JsonOption, app, chosen, settings_of
from worker.commands.show import as_json, grid
from worker.core import dnc_rows, phone
from worker.core.do_not_call import REASON_LIMIT, SOURCE_LIMIT, DoNotCall, Search
from worker.erp.seen_ids import SeenIds
from worker.errors import UsageError
from worker.jobs import dnc as lists
from worker.jobs.history import Report

dnc = typer.Typer(no_args_is_help=True, help="Who must not be called: add, remove, list, import.")
app.add_typer(dnc, name="dnc")

BAD_SHOWN = 20
Kind = Literal["number", "document"]
What = Annotated[str, typer.Argument(help="A telephone number, CPF or CNPJ, in any writing.")]
AsOption = Annotated[Kind | None, typer.Option("--as", help="What it is, where the digits could be both.")]
DddOption = Annotated[
    str, typer.Option("--ddd", help="Area code of numbers without one. Default: the instance's.")
]
OnlyInstance = Annotated[str | None, typer.Option("--instance", "-i", help="For this one. Default: for all.")]
FullOption = Annotated[bool, typer.Option(help="Whole telephone numbers and documents.")]


@dnc.command()
def add(
    ctx: typer.Context,
    what: What,
    instance: OnlyInstance = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    source: Annotated[str, typer.Option(help="Who says so. Default: your login.")] = "",
    expires: Annotated[str | None, typer.Option(help="Last day on which it counts, DD/MM/YYYY or ISO.")] = None,
    kind: AsOption = None,
    ddd: DddOption = "",
) -> None:
    """List a number or a person from now on."""
    with App(settings_of(ctx)) as running:
        ((number, document),) = _meant(what, kind, _ddd(running, instance, ddd), one=True)
        line = DoNotCall(
            number,
            document,
            instance or "",
            dnc_rows.tidy(reason, REASON_LIMIT),
            lists.checked_source(dnc_rows.tidy(source, SOURCE_LIMIT) or getpass.getuser()),
            expires_on=_day(expires),
        )
        lists.add(running.store, utc_now, [line])
    typer.echo(f"listed: {_sentence(line)}")


@dnc.command()
def remove(
    ctx: typer.Context,
    what: What,
    instance: OnlyInstance = None,
    source: Annotated[str | None, typer.Option(help="Only the line of this source.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Also what the callee asked for in a call.")] = False,
    kind: AsOption = None,
    ddd: DddOption = "",
) -> None:
    """Take a number or a person off our list, and say what was removed."""
    with App(settings_of(ctx)) as running:
        ((number, document),) = _meant(what, kind, _ddd(running, instance, ddd), one=True)
        gone = lists.remove(running.store, Search(number, document, instance, source), force=force)
    for line in gone:
        typer.echo(f"removed: {_sentence(line)}")


@dnc.command("list")
def list_command(
    ctx: typer.Context,
    what: Annotated[str | None, typer.Argument(help="Only this number, CPF or CNPJ.")] = None,
    instance: InstanceOption = None,
    source: Annotated[str | None, typer.Option(help="Only this source; 'tecla 9': pressed in a call.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000)] = 200,
    full_numbers: FullOption = False,
    as_json: JsonOption = False,
) -> None:
    """The list, with who pressed 9 in a call; of one number also what Issabel's own list says."""
    with App(settings_of(ctx)) as running:
        meant = _meant(what, None, _ddd(running, instance, ""), one=False) if what is not None else (("", ""),)
        number, document = ("".join(part) for part in zip(*meant, strict=True))
        found = running.store.do_not_call.listing(Search(number, document, instance, source), limit + 1)
    typer.echo(_listing(found[:limit], full=full_numbers, json_wanted=as_json))
    if len(found) > limit and not as_json:
        typer.echo(f"… and more; --limit shows more than {limit}")


@dnc.command("import")
def import_command(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file; its columns are found by their names.")],
    source: Annotated[str, typer.Option(help="Name of the list, the same every time: procon-sp.")],
    instance: OnlyInstance = None,
    reason: Annotated[str, typer.Option(help="For lines that give none.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Take out what this source no longer lists.")] = False,
    accept_shrink: Annotated[bool, typer.Option(help="With --replace: believe a much shorter list.")] = False,
    accept_bad: Annotated[bool, typer.Option(help="With --replace: although lines cannot be read.")] = False,
    ddd: DddOption = "",
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Import a list, all of it or nothing."""
    with App(settings_of(ctx)) as running, live.progress(quiet=as_json) as watch:
        plan = lists.ImportPlan(
            path=file,
            source=lists.checked_source(dnc_rows.tidy(source, SOURCE_LIMIT)),
            instance=instance or "",
            reason=dnc_rows.tidy(reason, REASON_LIMIT),
            default_ddd=_ddd(running, instance, ddd),
            replace=replace,
            accept_shrink=accept_shrink,
            accept_bad=accept_bad,
            dry_run=dry_run,
        )
        report = lists.import_list(plan, running.store, utc_now, watch, SeenIds().add)
    typer.echo(_imported(report, as_json))
    if report.status not in ("done", "dry_run"):
        raise typer.Exit(1)


def _meant(what: str, kind: Kind | None, ddd: str, *, one: bool) -> tuple[tuple[str, str], ...]:
    """(number, document) pairs. UsageError when it is neither, or both and one is wanted."""
    try:
        if kind == "number":
            return ((dnc_rows.read_number(what, ddd), ""),)
        if kind == "document":
            return (("", dnc_rows.read_person(what)),)
        found = dnc_rows.read_either(what, ddd)
    except dnc_rows.NotRead as why:
        raise UsageError(f"{why}; write it like +551133330000 or 529.982.247-25") from None
    if one and len(found) > 1:
        raise UsageError("these digits are a telephone number and a CPF too: say --as number or --as document")
    return found


def _ddd(running: App, instance: str | None, ddd: str) -> str:
    """As told, else the instance's; checks that there is such an instance."""
    own = chosen(running, instance)[0].default_ddd if instance is not None else ""
    return ddd or own


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else dnc_rows.read_last_day(text)
    except dnc_rows.NotRead as why:
        raise UsageError(f"--expires: {why}") from None


def _last_day(line: DoNotCall) -> date | None:
    return None if line.expires_on is None else line.expires_on - timedelta(days=1)


def _sentence(line: DoNotCall) -> str:
    whom = phone.mask(line.number or line.document)
    until = f", until {_last_day(line)}" if line.expires_on else ""
    why = f" ({line.reason})" if line.reason else ""
    return f"{whom} for {line.instance or 'all instances'}, source {line.source}{why}{until}"


def _listing(found: list[DoNotCall], *, full: bool, json_wanted: bool) -> str:
    rows = [
        {
            "number": line.number if full else phone.mask(line.number),
            "document": line.document if full else phone.mask(line.document),
            "instance": line.instance,
            "source": line.source,
            "reason": line.reason,
            "added_at": line.added_at,
            "last_day": _last_day(line),
        }
        for line in found
    ]
    if json_wanted:
        return as_json(rows)
    heads = ("number", "document", "instance", "source", "reason", "added", "last day")
    cells = [["" if cell is None else _shown(cell) for cell in row.values()] for row in rows]
    return grid(heads, [[*row[:2], row[2] or "all", *row[3:]] for row in cells])


def _shown(cell: object) -> str:
    return f"{cell:%Y-%m-%d %H:%M}" if hasattr(cell, "hour") else str(cell)


def _imported(report: Report, json_wanted: bool) -> str:
    change, detail = report.change, report.detail
    told = [{"line": one.source_id, "reason": one.reason} for one in report.rejected]
    if json_wanted:
        counts = (
            {name: getattr(change, name) for name in ("before", "after", "added", "removed")} if change else {}
        )
        return as_json({"status": report.status, "error": report.error, **detail, **counts, "bad_lines": told})
    if change is None:
        return report.error
    would = "would be " if report.status == "dry_run" else ""
    text = [f"{one['line']}: {one['reason']}" for one in told[:BAD_SHOWN]]
    if len(told) > BAD_SHOWN:
        text.append("… more such lines; --json shows up to a thousand")
    text.append(
        f"{detail['source']}: {detail['lines']} lines read, {detail['bad']} of them not usable; {would}added "
        f"{change.added}, renewed {detail['renewed']}, removed {change.removed}; "
        f"listed {change.before} -> {change.after}"
    )
    return "\n".join(text)
