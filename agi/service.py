"""`collector handler`: FastAGI server and Stasis app in one process; it talks and writes outcomes, never dials."""

import os
import signal
import threading
from contextlib import ExitStack
from functools import partial

import structlog

from agi.ari_call import file_seconds
from agi.conversation import ConversationPlan
from agi.fastagi import FastAgiServer
from agi.recorder import Recorder
from agi.stasis import StasisApp
from agi.switchboard import InstanceLine, Switchboard
from agi.talk import routes
from worker import convert
from worker.app import App, settle, utc_now
from worker.errors import CollectorError, PbxRefused
from worker.settings import Instance

log = structlog.get_logger(__name__)

BEAT_SECONDS = 2.0
DRAIN_SECONDS = 15.0  # at SIGTERM: conversations may end by themselves for so long


class HandlerService:
    """Starts both servers, tells the worker that it lives, stops cleanly on SIGTERM."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.stop = threading.Event()
        self.stasis: StasisApp | None = None  # None: only call files

    def run(self) -> None:
        """Blocks until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        self.app.database.check()
        switchboard = Switchboard(
            self.app.store, {one.id: self._line(one) for one in self.app.settings.instances}, utc_now
        )
        with ExitStack() as stack:
            self._serve_agi(switchboard, stack)
            self._serve_stasis(switchboard, stack)
            stack.callback(self._leave)
            settle()
            settings = self.app.settings
            here = [one.id for one in settings.instances if settings.is_here(one)]
            log.info("handler", pbx=settings.pbx.name, instances=here)
            if self.stasis is not None:
                self.stasis.wait_connected(BEAT_SECONDS)
            while not self.stop.is_set():
                self._beat()
                self.stop.wait(BEAT_SECONDS)
            log.info("stopping", talking=switchboard.talking)

    def _line(self, instance: Instance) -> InstanceLine:
        talk = instance.conversation
        return InstanceLine(
            instance=instance.id,
            plan=ConversationPlan(talk.key_wait_seconds, talk.repeats, talk.confirm),
            sounds=partial(self.app.sounds, instance),
            rules=convert.ledger_rules(instance),
            retry=convert.retry_table(instance),
            here=self.app.settings.is_here(instance),
        )

    def _serve_agi(self, switchboard: Switchboard, stack: ExitStack) -> None:
        where = self.app.settings.pbx.agi
        amd = {one.id: one.conversation.amd for one in self.app.settings.instances}
        try:
            server = FastAgiServer(where.host, where.port, routes(switchboard, amd))
        except OSError as error:
            raise PbxRefused(
                f"FastAGI cannot listen on {where.host}:{where.port}: {error.strerror}; "
                "is another handler running? else change pbx.agi"
            ) from None
        server.start()
        stack.callback(server.stop, DRAIN_SECONDS)

    def _serve_stasis(self, switchboard: Switchboard, stack: ExitStack) -> None:
        if self.app.ari is None:
            return
        pbx = self.app.settings.pbx
        recorder = Recorder(switchboard)
        recorder.start()
        stack.callback(recorder.stop)  # after the last conversation
        stasis = StasisApp(
            self.app.ari,
            switchboard,
            pbx.talk_threads,
            seconds_of=file_seconds(pbx.sounds),
            hung_up=recorder.put,
        )
        stasis.start()
        stack.callback(stasis.stop, DRAIN_SECONDS)
        self.stasis = stasis

    def _beat(self) -> None:
        """Only while we can be reached: the worker stops dialling when it misses the beat."""
        if self.stasis is not None and self.stasis.replaced:
            log.error("another handler serves this application now; this one ends")
            self.stop.set()
            return
        if self.stasis is not None and not self.stasis.connected:
            return
        try:
            self.app.store.presence.beat("handler", self.app.settings.pbx.name, os.getpid(), "", utc_now())
        except CollectorError as error:
            log.error("presence", error=str(error))

    def _leave(self) -> None:
        """First thing at the end: nobody new is dialled while calls drain."""
        try:
            self.app.store.presence.leave("handler", self.app.settings.pbx.name)
        except CollectorError as error:
            log.error("presence", error=str(error))
