"""A call that reached us over FastAGI: the conversation's verbs as AGI commands."""

import time
from collections.abc import Callable
from contextlib import suppress

import structlog
from asterisk.agi import AGIError

from agi.call import Detection, Hangup, Said
from agi.safe_agi import AgiFailed, SafeAgi
from worker.pbx import text, variables
from worker.pbx.dialplan import amd_arguments
from worker.settings import Amd

ALL_KEYS = "0123456789*#"
SAMPLES_PER_SECOND = 8000  # our sounds are 8 kHz; STREAM FILE reports its end in samples

log = structlog.get_logger(__name__)


class AgiCall:
    """`agi.call.Call` over AGI. `pressed` holds every key so far, asked for or not."""

    def __init__(self, agi: SafeAgi, amd: Amd, *, now: Callable[[], float] = time.monotonic) -> None:
        self._agi, self._amd, self._now = agi, amd, now
        self.pressed = ""

    def say(self, sound: str, *, keys: str = "") -> Said:
        """Any key stops STREAM FILE; after one that was not asked for we note it and go on where we were."""
        name, start = text.agi_quoted(text.sound_name(sound)), 0
        while True:
            result, end = self._stream(name, start)
            if result == "0":
                if end <= start:  # Asterisk's way of saying that there is no such sound
                    log.error("sound not played", sound=sound)
                return Said(None, end / SAMPLES_PER_SECOND, complete=end > start)
            if self._press(result) in keys:
                return Said(self.pressed[-1], end / SAMPLES_PER_SECOND, complete=False)
            start = end

    def wait_key(self, keys: str, seconds: float) -> str | None:
        deadline = self._now() + seconds
        while (left := round((deadline - self._now()) * 1000)) > 0:
            result, _ = self._do("WAIT FOR DIGIT", left)
            if result == "0":
                return None
            if self._press(result) in keys:
                return self.pressed[-1]
        return None

    def detect_answerer(self) -> Detection:
        result, _ = self._do("EXEC", "AMD", text.agi_quoted(amd_arguments(self._amd)))
        if result == "-2":
            log.error("AMD is not loaded", remedy="load app_amd.so and give it an amd.conf")
            return Detection("", "")
        return Detection(self._variable("AMDSTATUS"), self._variable("AMDCAUSE"))

    def remember(self, talk: str) -> None:
        self._do("SET VARIABLE", variables.TALK, text.agi_quoted(talk))

    def hang_up(self) -> None:
        with suppress(Hangup):
            self._do("HANGUP")

    def _stream(self, name: str, start: int) -> tuple[str, int]:
        """Result and absolute end in samples; Hangup carries the seconds played in all."""
        result, end = self._do("STREAM FILE", name, text.agi_quoted(ALL_KEYS), start, start=start)
        return result, max(end, start)

    def _variable(self, name: str) -> str:
        try:
            return self._agi.variable(name)
        except AGIError as problem:
            raise Hangup from problem

    def _do(self, command: str, *args: object, start: int = 0) -> tuple[str, int]:
        """Every failure of the session is the end of the line for a conversation."""
        try:
            answer = self._agi.execute(command, *args)
        except AgiFailed as gone:
            raise Hangup(max(gone.endpos, start) / SAMPLES_PER_SECOND) from gone
        except AGIError as problem:
            if not self._agi.hung_up:
                log.warning("AGI command failed", command=command, problem=type(problem).__name__)
            raise Hangup(start / SAMPLES_PER_SECOND) from problem
        return answer["result"][0], int(answer["endpos"][0] or 0)

    def _press(self, result: str) -> str:
        """A key as Asterisk reports it (its character code), noted."""
        key = chr(int(result)) if 0 < int(result) < 128 else "?"
        self.pressed += key if key in ALL_KEYS else ""
        return key if key in ALL_KEYS else "?"
