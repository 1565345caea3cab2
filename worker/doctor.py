"""`collector doctor`: every connection and right that a call will need, tried, each with how to mend it."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from worker import convert
from worker.app import App, utc_now
from worker.core import window
from worker.errors import CollectorError
from worker.pbx import dialplan, variables
from worker.settings import Instance


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing tried. `ok` None: nothing is wrong, but somebody should know."""

    what: str
    ok: bool | None
    detail: str


def examine(app: App) -> Iterator[Finding]:
    """All findings, in the order in which a call would meet them."""
    yield from _database(app)
    yield from _pbx(app)
    yield from _files(app)
    for instance in app.instances():
        yield from _instance(app, instance)


def _try(what: str, work: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, work())
    except CollectorError as error:
        return Finding(what, False, str(error))


def _database(app: App) -> Iterator[Finding]:
    for found in app.database.probe():
        remedy = "; run `collector migrate`" if found.subject == "schema" and not found.good else ""
        yield Finding(f"database {found.subject}", found.good, found.says + remedy)

    def handler() -> str:
        if reason := app.handler_alive(utc_now()):
            raise CollectorError(reason)
        return "seen in the last seconds"

    yield _try("handler", handler)


def _pbx(app: App) -> Iterator[Finding]:
    settings = app.settings.pbx
    if settings.ari is None:
        yield Finding("ARI", None, "not configured: calls go by call files only")
    else:
        yield _try("ARI", lambda: _ask_ari(app))
    yield _agi_port(settings.agi.host, settings.agi.port)
    yield from _console(settings.config)


def _ask_ari(app: App) -> str:
    if app.ari is None:
        raise CollectorError("not configured")
    app.ari.asterisk.ping()
    name = app.settings.pbx.ari.app if app.settings.pbx.ari else ""
    if app.ari.applications.get(name) is None:
        raise CollectorError(
            f"the PBX answers, but nobody serves the application {name}; start `collector handler`"
        )
    return f"answers; the application {name} is served"


def _agi_port(host: str, port: int) -> Finding:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError as error:
        return Finding("FastAGI", False, f"{host}:{port}: {error.strerror or error}; start `collector handler`")
    return Finding("FastAGI", True, f"listens on {host}:{port}")


CONSOLE = (  # what to ask the PBX's console, what must stand in the answer, how to mend it
    (
        "cdr show status",
        "Log unanswered calls:       Yes",
        "set unanswered=yes in cdr.conf, then: module reload cdr",
    ),
    ("core show application AMD", "Attempt to detect answering machines", "load app_amd.so and provide amd.conf"),
    (
        f"dialplan show {variables.CONTEXT_HANGUP}",
        f"Context '{variables.CONTEXT_HANGUP}' created by",  # the name alone stands in the refusal as well
        "include extensions_collector.conf, then: dialplan reload",
    ),
)


def _console(config: Path) -> Iterator[Finding]:
    for command, wanted, remedy in CONSOLE:
        try:
            answer = subprocess.run(
                ["asterisk", "-C", str(config / "asterisk.conf"), "-rx", command],
                capture_output=True,
                text=True,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            yield Finding(f"PBX: {command}", None, f"the console could not be asked ({error}); check it by hand")
            continue
        squeezed = " ".join((answer.stdout + answer.stderr).split())
        if " ".join(wanted.split()) in squeezed:
            yield Finding(f"PBX: {command}", True, "as it must be")
        else:
            yield Finding(f"PBX: {command}", False, remedy if answer.returncode == 0 else squeezed[:200])


def _files(app: App) -> Iterator[Finding]:
    pbx = app.settings.pbx
    uses_spool = any(one.dialling.origination == "callfile" for one in app.instances())
    folders = {"sounds": pbx.sounds}
    if uses_spool:
        folders |= {"spool": pbx.spool, "spool_aside": pbx.spool_aside}
    for what, path in folders.items():
        ok = path.is_dir() and os.access(path, os.W_OK | os.X_OK)
        remedy = f"create it for {pbx.owner or 'the user we run as'}, or correct pbx.{what}"
        says = f"{path} can be written" if ok else f"{path} is missing or may not be written; {remedy}"
        yield Finding(what, ok, says)
    if uses_spool and pbx.spool.is_dir() and pbx.spool_aside.is_dir():
        ok = pbx.spool_aside.stat().st_dev == pbx.spool.stat().st_dev
        says = f"{pbx.spool_aside} " + ("is" if ok else "must be") + " on the filesystem of the spool"
        yield Finding("spool filesystem", ok, says)
    for name, wanted in dialplan.render(pbx, app.settings.instances).items():
        file = pbx.config / name
        if not file.is_file():
            yield Finding("dialplan", False, f"{file} is missing; run `collector dialplan --write`")
        elif file.read_text(encoding="utf-8") != wanted:
            yield Finding(
                "dialplan", False, f"{file} is not what the settings say; run `collector dialplan --write`"
            )
        else:
            yield Finding("dialplan", True, f"{file} is up to date")


def _instance(app: App, instance: Instance) -> Iterator[Finding]:
    name = instance.id
    yield _try(f"{name}: ERP", lambda: app.source(instance).probe())
    yield _try(f"{name}: voice", lambda: f"{app.voice(instance).render('Teste de voz.').seconds:.1f} s rendered")
    reason = window.why_closed(convert.call_window(instance), utc_now())
    yield Finding(f"{name}: window", None if reason else True, reason or "open now")
    try:
        latest = {job: app.store.runs.latest(1, job, name) for job in ("clients", "bills", "queue")}
    except CollectorError as error:
        yield Finding(f"{name}: history", False, str(error))
        return
    for job, runs in latest.items():
        if not runs:
            yield Finding(f"{name}: {job}", None, "never synced; run `collector sync`")
        elif runs[0].status in ("failed", "alarm"):
            yield Finding(f"{name}: {job}", False, runs[0].error)
        else:
            yield Finding(f"{name}: {job}", True, f"{runs[0].status} at {runs[0].started_at:%Y-%m-%d %H:%M} UTC")
