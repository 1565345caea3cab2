"""Where real things are built, joined and closed. Nothing else knows everyone."""

import os
import secrets
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from types import TracebackType
from typing import Self

import structlog

from worker import convert
from worker.core.enums import AttemptState, Origination
from worker.core.model import Attempt, Waiting
from worker.core.script import Line
from worker.core.ulid import new_ulid
from worker.erp.registry import open_actions, open_source
from worker.errors import SourceError
from worker.jobs.dial import Asker, DialPlan
from worker.jobs.sync import Sync
from worker.jobs.unpaid import StillUnpaid
from worker.pbx.ari import AriClient
from worker.pbx.ari_dialler import AriDialler
from worker.pbx.callfile import CallFileDialler
from worker.pbx.live import LivePbx
from worker.ports import BillSource, Dialler, ErpActions, Sound, Watcher
from worker.settings import ROOT, Instance, Settings
from worker.speech.espeak import EspeakVoice
from worker.speech.messages import Messages
from worker.store.mariadb import OpenStore, open_store
from worker.store_ports import Store

log = structlog.get_logger(__name__)

HANDLER_TTL = timedelta(seconds=10)  # a handler beats every two seconds
PBX_NAME = "local"  # the PBX this machine runs


def utc_now() -> datetime:
    """The clock of the real world."""
    return datetime.now(UTC)


class App:
    """A context manager that opens what is asked for and closes all of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._open = ExitStack()
        self._voices: dict[str, EspeakVoice] = {}
        self._messages: dict[str, Messages] = {}

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
        return LivePbx(self.ari, self.settings.pbx.spool)

    def instances(self, only: str | None = None) -> list[Instance]:
        """Enabled ones, or the one named. KeyError when there is none of that name."""
        if only is not None:
            return [self.settings.instance(only)]
        return [instance for instance in self.settings.instances if instance.enabled]

    def source(self, instance: Instance) -> BillSource:
        return open_source(instance.source, convert.reading(instance))

    def actions(self, instance: Instance) -> ErpActions:
        """What may change something in this instance's ERP. SourceLacks where no adapter knows how."""
        return open_actions(instance.source)

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

    def voice(self, instance: Instance) -> EspeakVoice:
        if instance.id not in self._voices:
            pbx = self.settings.pbx
            self._voices[instance.id] = EspeakVoice(instance.voice, pbx.sounds, pbx.sound_folder, pbx.owner)
        return self._voices[instance.id]

    def sounds(self, instance: Instance, attempt: Attempt) -> Mapping[Line, Sound]:
        """Everything that can be said in this attempt, rendered; cheap when it already is. Raises SpeechError."""
        name = instance.conversation.messages
        if name not in self._messages:
            self._messages[name] = Messages(ROOT / "config" / "messages" / name)
        voice = self.voice(instance)
        texts = self._messages[name].texts(attempt, instance.company)
        return {line: voice.render(text) for line, text in texts.items()}

    def prepare(self, instance: Instance, waiting: Waiting, number: str) -> None:
        """Render what a call to this debtor will say, before the number is taken in the ledger."""
        entry = waiting.entry
        self.sounds(
            instance,
            Attempt(
                attempt_id="",
                instance=instance.id,
                entry_id=entry.entry_id,
                client_id=entry.client_id,
                client_name=waiting.client_name,
                number=number,
                origination=Origination(instance.dialling.origination),
                state=AttemptState.RESERVED,
                total=entry.total,
                bill_count=entry.bill_count,
                oldest_due=entry.oldest_due,
                reserved_at=utc_now(),
            ),
        )

    def dial_plan(self, instance: Instance) -> DialPlan:
        return DialPlan(
            instance=instance.id,
            origination=Origination(instance.dialling.origination),
            channels=instance.dialling.channels,
            rules=convert.call_rules(instance),
            route=partial(convert.route, instance),
            order=partial(convert.dial_order, instance),
            prepare=partial(self.prepare, instance),
            new_id=partial(new_ulid, randbits=secrets.randbits),
            handler_alive=self.handler_alive,
            still_unpaid=self._still_unpaid(instance),
        )

    def _still_unpaid(self, instance: Instance) -> Asker | None:
        if not instance.rules.still_unpaid.ask:
            return None
        try:
            source = open_source(convert.impatient(instance), convert.reading(instance))
        except SourceError as error:  # nobody can be asked for: nobody is called, and the log says why
            log.error("still_unpaid", instance=instance.id, error=str(error))
            return lambda client_ids, _: dict.fromkeys(client_ids)
        return StillUnpaid(convert.unpaid_rules(instance), source, self.store).ask

    def handler_alive(self, now: datetime) -> str:
        """Empty when a handler of this PBX has been seen lately; else one sentence."""
        seen = self.store.presence.last_seen("handler", PBX_NAME)
        if seen is None or seen[0] + HANDLER_TTL < now:
            since = f"since {seen[0]:%Y-%m-%d %H:%M:%S} UTC" if seen else "yet"
            return f"no handler has been seen {since}; start `collector handler`"
        return ""


def process_name() -> str:
    """Who we are in the presence table."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}"
