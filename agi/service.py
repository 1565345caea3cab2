"""`collector handler`: FastAGI server and Stasis app in one process; it talks and writes outcomes, never dials."""

import os
import signal
import threading
import time
from contextlib import ExitStack, suppress
from functools import partial

import structlog

from agi.fastagi import FastAgiServer
from agi.hearing_plans import hearing_plans
from agi.hearsay import Hearsay
from agi.house import StoreDesk, plan
from agi.playing import file_seconds
from agi.recorder import Recorder
from agi.recordings import Recordings
from agi.stasis import StasisApp
from agi.switchboard import InstanceLine, Switchboard
from agi.talk import routes
from worker import convert
from worker.app import App, settle, utc_now
from worker.errors import CollectorError, PbxRefused
from worker.settings import Instance

log = structlog.get_logger(__name__)

BEAT_SECONDS = 2.0
# At SIGTERM calls, those that only ring included, may end for so long; after 60 the missing handler is an alarm.
DRAIN_SECONDS = 50.0
LOOK_SECONDS = 0.5  # between two looks whether they have


class HandlerService:
    """Starts both servers, tells the worker that it lives, stops cleanly on SIGTERM."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.stop = threading.Event()
        self.hurry = threading.Event()  # told twice: whoever still talks is cut off
        self.stasis: StasisApp | None = None  # None: only call files

    def run(self) -> None:
        """Blocks until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._told_to_stop())
        self.app.database.check()
        switchboard = Switchboard(
            self.app.store, {one.id: self._line(one) for one in self.app.settings.instances}, utc_now
        )
        with ExitStack() as stack:
            self._serve_agi(switchboard, stack)
            self._serve_stasis(switchboard, stack)
            stack.callback(self._drain, switchboard)
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
            log.info("stopping when no call is up; at once if told again", talking=switchboard.talking)

    def _told_to_stop(self) -> None:
        (self.hurry if self.stop.is_set() else self.stop).set()

    def _line(self, instance: Instance) -> InstanceLine:
        return InstanceLine(
            instance=instance.id,
            plan=plan(instance),
            script=partial(self.app.script, instance, on_the_line=True),
            desk=lambda attempt: StoreDesk(self.app.store, attempt, utc_now),
            rules=convert.ledger_rules(instance),
            retry=convert.retry_table(instance),
            here=self.app.settings.is_here(instance),
        )

    def _serve_agi(self, switchboard: Switchboard, stack: ExitStack) -> None:
        where = self.app.settings.pbx.agi
        amd = {
            one.id: one.conversation.amd
            for one in self.app.settings.instances
            if one.conversation.answering.detector != "none"
        }
        seconds_of = file_seconds(self.app.settings.pbx.sounds)
        try:
            server = FastAgiServer(where.host, where.port, routes(switchboard, amd, seconds_of))
        except OSError as error:
            raise PbxRefused(
                f"FastAGI cannot listen on {where.host}:{where.port}: {error.strerror}; "
                "is another handler running? else change pbx.agi"
            ) from None
        server.start()
        stack.callback(server.stop)

    def _serve_stasis(self, switchboard: Switchboard, stack: ExitStack) -> None:
        if self.app.ari is None:
            return
        pbx = self.app.settings.pbx
        recorder = Recorder(switchboard)
        recorder.start()
        stack.callback(recorder.stop)  # after the last conversation
        keep_days = {one.id: one.conversation.answering.keep_days for one in self.app.settings.instances}
        recordings = Recordings()
        hearsay = Hearsay(self.app.store, keep_days, utc_now, recordings=recordings)
        with suppress(CollectorError):  # an empty start: it learns while it runs
            hearsay.review(utc_now())
        hearsay.start()
        stack.callback(hearsay.stop)
        stasis = StasisApp(
            self.app.ari,
            switchboard,
            pbx.talk_threads,
            seconds_of=file_seconds(pbx.sounds),
            hung_up=recorder.put,
            hearing=hearing_plans(self.app.settings, recordings),
            listened=hearsay.put,
            sound_lines=pbx.sound_lines,
        )
        stasis.start()
        stack.callback(stasis.stop)
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

    def _drain(self, switchboard: Switchboard) -> None:
        """Both servers go on: who talks may finish, and whose telephone rings is not met by a hang-up."""
        until = time.monotonic() + DRAIN_SECONDS
        while self._in_use(switchboard) and time.monotonic() < until and not self.hurry.wait(LOOK_SECONDS):
            pass

    def _in_use(self, switchboard: Switchboard) -> bool:
        if switchboard.talking:
            return True
        replaced = self.stasis is not None and self.stasis.replaced  # those that ring are the other's, then
        return not replaced and bool(self.app.pbx.live_attempts())
