"""`collector doctor`: every connection and right that a call will need, tried, each with how to mend it."""

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import starmap

from worker import convert, doctor_console, doctor_pbx
from worker.app import App, utc_now
from worker.core import brakes, law, window
from worker.core.records import AlarmRow, Answer, JobRun
from worker.errors import CollectorError, ConfigError
from worker.pbx import dialplan
from worker.settings import Instance, Schedule
from worker.store_ports import Store


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing tried. `ok` None: nothing is wrong, but somebody should know."""

    what: str
    ok: bool | None
    detail: str


def examine(app: App) -> Iterator[Finding]:
    """All findings, in the order in which a call would meet them."""
    yield from _database(app)
    yield from starmap(Finding, (*doctor_pbx.whose(app, utc_now()), *doctor_pbx.recording(app)))
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
    yield _try("Issabel's do-not-call list", lambda: _issabel_list(app.store))


def _issabel_list(store: Store) -> str:
    if reason := store.do_not_call.why_unreadable():
        raise CollectorError(reason)
    if (found := store.do_not_call.issabel()) is None:
        return "not on this server"
    lines, unreadable = found
    return f"honoured: {lines} lines" + (f", {unreadable} of them no Brazilian number" if unreadable else "")


def _pbx(app: App) -> Iterator[Finding]:
    settings = app.settings.pbx
    if settings.ari is None:
        yield Finding("ARI", None, "not configured: calls go by call files only")
    else:
        yield _try("ARI", lambda: _ask_ari(app))
    yield _agi_port(settings.agi.host, settings.agi.port)
    yield from starmap(Finding, doctor_console.examine(app))


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


def _files(app: App) -> Iterator[Finding]:
    pbx = app.settings.pbx
    uses_spool = any(one.dialling.origination == "callfile" for one in app.dialled_here())
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
    if plan := app.payments(instance):
        yield _try(f"{name}: payment hook", plan.hook.probe)
    yield _window(app, instance, utc_now())
    try:
        yield from held_back(app.store, name, utc_now())
        known = look_up(app.store, name)
    except CollectorError as error:
        yield Finding(f"{name}: history", False, str(error))
        return
    yield from judge(name, known, app.settings.schedule, _wants_contracts(app, instance), utc_now())


def _window(app: App, instance: Instance, now: datetime) -> Finding:
    """Of the instance itself, and what the law says where it is; before a call that of the number is asked."""
    what, state = f"{instance.id}: window", convert.own_state(instance)
    try:
        states = app.law
    except ConfigError as error:
        return Finding(what, False, f"nobody is called: {'; '.join(error.problems)}")
    reason = window.why_closed(convert.call_window(instance), now)
    legal = f"; {law.today(states, state, now)}" if state else ""
    return Finding(what, None if reason else True, (reason or "open now") + legal)


def held_back(store: Store, name: str, now: datetime) -> Iterator[Finding]:
    """A pause by hand is somebody's wish; one that the dialler put on itself is a trouble."""
    held = brakes.holding(store.brakes.listing(), name, now)
    for one in held:
        yield Finding(f"{name}: brake {one.kind.value}", None if one.set_by else False, brakes.told(one))
    if not held:
        yield Finding(f"{name}: brakes", True, "nothing holds dialling back")


def _wants_contracts(app: App, instance: Instance) -> bool:
    try:
        return app.sync(instance, lambda _: None).wants_contracts
    except CollectorError:  # why the source cannot be opened stands beside `ERP`
        return False


KINDS = ("clients", "contracts", "bills")
STALE = 3  # times its schedule
RUNS_SEEN = 20  # of a job, to find one that was no dry run


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows of one instance's syncs."""

    runs: dict[str, JobRun]  # the latest of each job
    answers: dict[str, Answer]
    alarms: Sequence[AlarmRow]  # those nobody has acknowledged
    syncing: bool  # a sync is at work now


def look_up(store: Store, instance: str) -> Known:
    """Raises StoreError."""
    latest = {
        job: next((run for run in store.runs.latest(RUNS_SEEN, job, instance) if run.status != "dry_run"), None)
        for job in (*KINDS, "queue")
    }
    runs = {job: run for job, run in latest.items() if run}
    answers = {kind: answer for kind in KINDS if (answer := store.overview.answer(instance, kind))}
    alarms = [one for one in store.alarms.listing() if one.instance == instance]
    unfinished = any(run.status == "running" for run in runs.values())
    unfinished |= any(answer.applying for answer in answers.values())
    return Known(runs, answers, alarms, syncing=unfinished and _syncing(store, instance))


def _syncing(store: Store, instance: str) -> bool:
    """Asked only when it matters: a sync that begins at this very moment finds its lock taken."""
    with store.presence.lock(f"collector:sync:{instance}") as free:
        return not free


def judge(name: str, known: Known, times: Schedule, contracts: bool, now: datetime) -> Iterator[Finding]:
    """Alarms, the latest run of each job, and what is stored with its age. `contracts`: they are wanted."""
    for alarm in known.alarms:
        look = "" if brakes.kind_of_alarm(alarm.kind) in brakes.ALARMS else "look at the ERP, then "
        yield Finding(
            f"{name}: alarm {alarm.alarm_id}",
            False,
            f"{alarm.reason}; {look}run `collector alarms --acknowledge {alarm.alarm_id}`",
        )
    for job in ("clients", *(("contracts",) if contracts else ()), "bills", "queue"):
        yield _latest(f"{name}: {job}", known.runs.get(job), syncing=known.syncing)
    if contracts and "contracts" not in known.answers and known.answers:
        yield Finding(
            f"{name}: stored contracts",
            False,
            "never read, so nobody is put in the queue: run `collector sync contracts`, "
            "or set rules.read_contracts: false",
        )
    due = {
        "clients": timedelta(days=1),
        "contracts": timedelta(minutes=times.contracts_every_minutes),
        "bills": timedelta(minutes=times.bills_every_minutes),
    }
    for kind, answer in known.answers.items():
        if kind != "contracts" or contracts:
            yield _stored(f"{name}: stored {kind}", answer, due[kind], now, syncing=known.syncing)


def _latest(what: str, run: JobRun | None, *, syncing: bool) -> Finding:
    if run is None:
        return Finding(what, None, "never synced; run `collector sync`")
    if run.status == "running" and not syncing:
        return Finding(what, False, f"the run of {run.started_at:%Y-%m-%d %H:%M} UTC died; run `collector sync`")
    if run.status in ("failed", "alarm"):
        return Finding(what, False, run.error)
    return Finding(what, True, f"{run.status} at {run.started_at:%Y-%m-%d %H:%M} UTC")


def _stored(what: str, answer: Answer, every: timedelta, now: datetime, *, syncing: bool) -> Finding:
    age = now - answer.complete_at
    told = f"{answer.rows} rows, complete {_ago(age)} ago"
    if answer.applying:
        if syncing:
            return Finding(what, None, f"{told}; a newer answer is being stored now")
        return Finding(what, False, f"{told}; a sync died while storing a newer answer; run `collector sync`")
    if age > STALE * every:
        return Finding(what, None, f"{told}, expected every {_ago(every)}; is `collector service` running?")
    return Finding(what, True, told)


def _ago(age: timedelta) -> str:
    """So that a person sees at once whether it matters: 40 s, 12 min, 5 h, 3 d."""
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or seconds == size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
