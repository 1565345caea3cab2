"""Where real things are built, joined and closed. Nothing else knows everyone."""

import gc
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

import structlog

from worker import convert, convert_talk, rulesfile
from worker.core.brakes import Brake
from worker.core.enums import Origination
from worker.core.law import Law
from worker.core.model import Attempt, Waiting
from worker.core.policy import CallRules
from worker.core.priority import Ranking
from worker.core.ulid import new_ulid
from worker.erp.registry import open_actions, open_source
from worker.errors import SourceError
from worker.jobs import brakes as braking
from worker.jobs.dial import Asker, DialPlan
from worker.jobs.pace import Overdial, Shares
from worker.jobs.payments import PaymentPlan
from worker.jobs.sync import Sync
from worker.jobs.unpaid import StillUnpaid
from worker.pbx.ari import AriClient
from worker.pbx.ari_dialler import AriDialler
from worker.pbx.callfile import CallFileDialler
from worker.pbx.hangup import LiveCutter
from worker.pbx.live import LivePbx
from worker.pbx.trunk_use import AriUse, ConsoleUse, TrunkUse
from worker.ports import BillSource, Can, Dialler, ErpActions, Script, Voice, Watcher
from worker.settings import LEGAL_RULES, ROOT, Instance, Settings
from worker.speech.engines import AnyVoice, Voices
from worker.speech.messages import Messages
from worker.speech.script import Scripts
from worker.store.mariadb import OpenStore, open_store
from worker.store_ports import Store

log = structlog.get_logger(__name__)

HANDLER_TTL = timedelta(seconds=10)  # a handler beats every two seconds


GARBAGE = 10_000  # objects more than after the last collection until the next: a few megabytes


def settle() -> None:
    """To be called by a service that has started: what stands now stays, and is looked at by no collection again.

    Measured under load: a sixth of the handler's CPU went into walking through its modules, and of what remained a
    twentieth into calls that were going on: what a call leaves behind needs no collection, but for some errors.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)


def utc_now() -> datetime:
    """The clock of the real world."""
    return datetime.now(UTC)


class App:
    """A context manager that opens what is asked for and closes all of it."""

    def __init__(self, settings: Settings, *, debug: bool = False) -> None:
        self.settings = settings
        self._debug = debug  # test numbers are called at any hour
        self._open = ExitStack()
        self._voices = Voices(settings.pbx)
        self._messages: dict[str, Messages] = {}
        self._scripts: dict[tuple[str, bool], Scripts] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @cached_property
    def database(self) -> OpenStore:
        opened = open_store(self.settings.database)
        self._open.callback(opened.close)
        return opened

    @property
    def store(self) -> Store:
        return self.database.store

    @cached_property
    def ari(self) -> AriClient | None:
        """A started client, or None where ARI is not configured. Its websocket is not opened here."""
        if self.settings.pbx.ari is None:
            return None
        client = AriClient(self.settings.pbx.ari)
        client.start()
        self._open.callback(client.close)
        return client

    @cached_property
    def pbx(self) -> LivePbx:
        return LivePbx(self.ari, self.settings.pbx.spool, self.settings.pbx.name)

    @cached_property
    def law(self) -> Law:
        """The hours of the states. ConfigError when the file cannot be trusted whole: then nobody is called."""
        return rulesfile.load(self.settings.legal_rules or LEGAL_RULES)

    def call_rules(self, instance: Instance) -> CallRules:
        """All that decides whom this instance may call, and when. Raises ConfigError, as `law`."""
        return convert.call_rules(instance, self.law, debug=self._debug)

    @cached_property
    def brakes(self) -> braking.Board:
        """What holds dialling back; one reading a second serves all instances."""
        return braking.Board(self.store.brakes, time.monotonic)

    @cached_property
    def watch(self) -> braking.Watch:
        """Stops instances by itself; it remembers what it has said."""
        watched = [
            braking.Watched(
                one.id,
                convert.brake_rules(one),
                self.handler_alive,
                self.dialler(one).ready,
                pbx="" if one.pbx else self.settings.pbx.name,
            )
            for one in self.dialled_here()
        ]
        return braking.Watch(self.store, watched, utc_now, ZoneInfo(self.settings.schedule.zone))

    def hang_up(self, held: Sequence[Brake]) -> set[str]:
        """End the calls of this PBX that these brakes want ended; ids of those ended now."""
        cutter = LiveCutter(self.ari, self.settings.pbx)
        return braking.hang_up(self.store, cutter, held, self.settings.pbx.name, utc_now())

    def instances(self, only: str | None = None) -> list[Instance]:
        """Enabled ones, or the one named. KeyError when there is none of that name."""
        if only is not None:
            return [self.settings.instance(only)]
        return [instance for instance in self.settings.instances if instance.enabled]

    def dialled_here(self) -> list[Instance]:
        """Enabled ones that this PBX dials; the others are dialled by the PBX they name."""
        return [instance for instance in self.instances() if self.settings.is_here(instance)]

    def source(self, instance: Instance) -> BillSource:
        return open_source(instance.source, convert.reading(instance))

    def actions(self, instance: Instance) -> ErpActions:
        """What may change something in this instance's ERP. SourceLacks where no adapter knows how."""
        return open_actions(instance.source)

    def payments(self, instance: Instance) -> PaymentPlan | None:
        """How it sends digitable line and PIX; None: it does not."""
        return convert.payment_plan(instance)

    def ranking(self, instance: Instance) -> Ranking:
        """In which order its debtors are called."""
        return convert.ranking(instance)

    def sync(
        self, instance: Instance, watch: Watcher, *, dry_run: bool = False, accept_shrink: bool = False
    ) -> Sync:
        """What a sync of this instance works with. SourceRefused when its credentials cannot be right."""
        plan = convert.sync_plan(instance, dry_run=dry_run, accept_shrink=accept_shrink)
        return Sync(plan, self.source(instance), self.store, utc_now, watch)

    @cached_property
    def _diallers(self) -> dict[str, Dialler]:
        return {}

    def dialler(self, instance: Instance) -> Dialler:
        """The path this instance is configured for; one dialler serves all instances of a path."""
        kind = instance.dialling.origination
        if kind not in self._diallers:
            if kind == "ari" and self.ari is not None and self.settings.pbx.ari is not None:
                self._diallers[kind] = AriDialler(self.ari, self.settings.pbx.ari.app)
            else:
                self._diallers[kind] = CallFileDialler(self.settings.pbx)
        return self._diallers[kind]

    def voice(self, instance: Instance) -> AnyVoice:
        return self._voices.of(instance)

    def messages(self, instance: Instance) -> Messages:
        """The words of this instance's language. Raises ConfigError."""
        name = instance.conversation.messages
        if name not in self._messages:
            self._messages[name] = Messages(ROOT / "config" / "messages" / name)
        return self._messages[name]

    def script(self, instance: Instance, attempt: Attempt, *, on_the_line: bool = False) -> Script:
        """Everything that can be said in this attempt, rendered; cheap when it already is. Raises SpeechError.

        `on_the_line`: somebody waits, so that what is missing is made while he hears the first words.
        """
        key = instance.id, on_the_line
        if key not in self._scripts:
            voice: Voice = self._voices.waiting(instance) if on_the_line else self.voice(instance)
            self._scripts[key] = convert_talk.scripts(instance, voice, self.messages(instance), time.monotonic)
        days = convert_talk.promised_days(instance.conversation.promise_days, attempt.number, utc_now())
        return self._scripts[key].of(attempt, days)

    def prepare(self, instance: Instance, waiting: Waiting, number: str) -> None:
        """Render what a call to this debtor will say, before the number is taken in the ledger."""
        self.script(instance, convert_talk.imagined(instance, waiting, number, utc_now()))

    @cached_property
    def trunk_use(self) -> TrunkUse:
        """What others use of this PBX's trunks; one reading a second serves all instances."""
        ways = convert.ways(self.settings)
        if self.ari is None:
            return TrunkUse(ConsoleUse(self.settings.pbx.config, ways))
        return TrunkUse(AriUse(self.ari, ways))

    @cached_property
    def _shares(self) -> Mapping[str, Shares]:
        """By trunk: those who dial on it from this process take turns."""
        return {one.trunk.known_as: Shares(time.monotonic) for one in self.settings.instances}

    def dial_plan(self, instance: Instance) -> DialPlan:
        ask, ask_early = self._askers(instance)
        dialling = instance.dialling
        return DialPlan(
            instance=instance.id,
            origination=Origination(instance.dialling.origination),
            channels=instance.dialling.channels,
            rules=self.call_rules(instance),
            route=partial(convert.route, self.settings, instance, self.trunk_use.others),
            order=partial(convert.dial_order, instance),
            prepare=partial(self.prepare, instance),
            new_id=partial(new_ulid, randbits=secrets.randbits),
            handler_alive=self.handler_alive,
            brakes=partial(self.brakes.why_not, instance.id),
            lists=lambda _: self.store.do_not_call.why_unreadable(),
            still_unpaid=ask,
            ask_early=ask_early,
            ahead=instance.rules.still_unpaid.ahead,
            trunk_unread=self._trunk_unread(instance),
            wanted=Overdial(self.store, instance.id, dialling.channels, dialling.conversations).wanted,
            shares=self._shares[instance.trunk.known_as],
            batches=convert.batches(instance),
        )

    def still_unpaid(self, instance: Instance) -> Asker | None:
        """Who says what is still owed; None: nobody is asked."""
        return self._askers(instance)[0]

    def _askers(self, instance: Instance) -> tuple[Asker | None, Asker | None]:
        """Who says what is still owed, at a debtor's turn and before it; None: nobody is asked."""
        rules = instance.rules.still_unpaid
        if not rules.ask:
            return None, None
        try:
            source = open_source(convert.impatient(instance), convert.reading(instance))
        except SourceError as error:  # nobody can be asked for: nobody is called, and the log says why
            log.error("still_unpaid", instance=instance.id, error=str(error))
            return (lambda client_ids, _: dict.fromkeys(client_ids)), None
        unpaid = StillUnpaid(convert.unpaid_rules(instance), source, self.store)
        early = Can.OPEN_NOW in source.can and rules.remember_minutes > 0
        return unpaid.ask, unpaid.ask_early if early else None

    def _trunk_unread(self, instance: Instance) -> Callable[[], str]:
        """Nobody is called on a trunk of which it is not known how much others use, where that counts."""
        if instance.trunk.channels is None or not instance.trunk.group:
            return str
        return partial(self.trunk_use.why_unread, instance.trunk.known_as)

    def handler_alive(self, now: datetime) -> str:
        """Empty when a handler of this PBX has been seen lately; else one sentence."""
        return self.handler_of(self.settings.pbx.name, now)

    def handler_of(self, pbx: str, now: datetime) -> str:
        """The same of any PBX that works on this database."""
        seen = self.store.presence.last_seen("handler", pbx)
        if seen is None or seen[0] + HANDLER_TTL < now:
            since = f"since {seen[0]:%Y-%m-%d %H:%M:%S} UTC" if seen else "yet"
            whose = "" if pbx == self.settings.pbx.name else f" of PBX {pbx}"
            return f"no handler{whose} has been seen {since}; start `collector handler`"
        return ""


def process_name() -> str:
    """Who we are in the presence table."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}"
