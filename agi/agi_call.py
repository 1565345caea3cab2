"""A call that reached us over FastAGI: the conversation's verbs as AGI commands."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import structlog
from asterisk.agi import AGIError

from agi.agent_card import AGENT_SECONDS, NO_CARD
from agi.call import Detection, Hangup, Said
from agi.playing import SecondsOf
from agi.safe_agi import AgiFailed, SafeAgi
from worker.pbx import text, variables, versions
from worker.pbx.dialplan import amd_arguments
from worker.talk_settings import Amd

ALL_KEYS = "0123456789*#"
SAMPLES_PER_SECOND = 8000  # our sounds are 8 kHz; STREAM FILE reports its end in samples
REST_SECONDS = 0.1  # less than this left of a sound is not worth a command
LASTING_MS = 2500  # of silence, by which a machine has finished its greeting

log = structlog.get_logger(__name__)


class AgiCall:
    """`agi.call.Call` over AGI. `pressed` holds every key so far, asked for or not."""

    def __init__(
        self,
        agi: SafeAgi,
        amd: Amd | None,
        *,
        seconds_of: SecondsOf = lambda _: None,
        agent: str = "",
        card: Mapping[str, str] = NO_CARD,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`amd`: None where nobody is to listen. `agent`: extension of CONTEXT_AGENT, the instance. `card`: what
        its agent is told of the callee."""
        self._agi, self._amd, self._now, self._seconds_of = agi, amd, now, seconds_of
        self._agent, self._card = agent, card
        self._detection = Detection()
        self.pressed = ""

    def say(self, sound: str | Sequence[str], *, keys: str = "") -> Said:
        """Any key stops STREAM FILE; after one that was not asked for we note it and go on where we were."""
        played, complete = 0.0, True
        for one in [sound] if isinstance(sound, str) else sound:
            try:
                said = self._say(one, keys)
            except Hangup as gone:
                raise Hangup(played + gone.seconds) from gone
            played, complete = played + said.seconds, complete and said.complete
            if said.key is not None:
                return Said(said.key, played, complete=False)
        return Said(None, played, complete=complete)

    def wait_key(self, keys: str, seconds: float) -> str | None:
        deadline = self._now() + seconds
        while (left := round((deadline - self._now()) * 1000)) > 0:
            result, _ = self._do("WAIT FOR DIGIT", left)
            if result == "0":
                return None
            if self._press(result) in keys:
                return self.pressed[-1]
        return None

    @property
    def detection(self) -> Detection:
        return self._detection

    def greet(self, sound: str, *, keys: str = "") -> Said:
        """AMD() has decided when this returns. Where it can, it plays the sound while it listens, deaf to keys;
        elsewhere the sound comes first."""
        name = text.sound_name(sound)
        if self._amd is None:
            return self.say(sound, keys=keys)
        if not versions.can(versions.AMD_PLAYS, self._agi.env.get("agi_version", "")):
            said = self.say(sound, keys=keys)
            if said.key is None:
                self._detect(amd_arguments(self._amd))
            return said
        began = self._now()
        if not self._detect(f"{amd_arguments(self._amd)},{name}"):
            return self.say(sound, keys=keys)
        return self._say_rest(sound, self._now() - began, keys)

    def _say(self, sound: str, keys: str, start: int = 0) -> Said:
        """`start`: samples that were played before."""
        name = text.agi_quoted(text.sound_name(sound))
        while True:
            result, end = self._stream(name, start)
            if result == "0":
                if end <= start:  # Asterisk's way of saying that there is no such sound
                    log.error("sound not played", sound=sound)
                return Said(None, end / SAMPLES_PER_SECOND, complete=end > start)
            if self._press(result) in keys:
                return Said(self.pressed[-1], end / SAMPLES_PER_SECOND, complete=False)
            start = end

    def _say_rest(self, sound: str, played: float, keys: str) -> Said:
        """AMD() stops the sound when it has decided."""
        length = self._seconds_of(sound)
        if length is not None and played >= length - REST_SECONDS:
            return Said(None, length, complete=True)
        return self._say(sound, keys, round(played * SAMPLES_PER_SECOND))

    def wait_for_beep(self, seconds: float) -> bool:
        """Over AGI a lasting silence is all that can be heard: it begins after the beep, if there is one."""
        self._do("EXEC", "WaitForSilence", text.agi_quoted(f"{LASTING_MS},1,{max(1, round(seconds))}"))
        return self._variable("WAITSTATUS") == "SILENCE"

    def _detect(self, arguments: str) -> bool:
        """False when the PBX has no AMD()."""
        result, _ = self._do("EXEC", "AMD", text.agi_quoted(arguments))
        if result == "-2":
            log.error("AMD is not loaded", remedy="load app_amd.so and give it an amd.conf")
            return False
        self._detection = Detection(self._variable("AMDSTATUS"), self._variable("AMDCAUSE"))
        return True

    def transfer(self) -> bool:
        """The dialplan rings the instance's agents; it comes back when nobody took it, or their talk is over."""
        if not self._agent:
            log.error("no agent to hand over to: write the dialplan anew, and restart the handler")
            return False
        for variable, value in self._card.items():
            self._do("SET VARIABLE", variable, text.agi_quoted(value))
        self._do("GOSUB", variables.CONTEXT_AGENT, self._agent, 1)
        leg = text.agi_quoted(self._variable(variables.AGENT_LEG))
        with suppress(Hangup):  # also said of an agent who hung up first: then the callee is here still
            self._do("EXEC", "Dial", leg, within=AGENT_SECONDS)
        if self._variable("DIALSTATUS") == "ANSWER":
            return True
        self._do("GOSUB", variables.CONTEXT_AGENT, self._agent, variables.AGENT_BACK)
        return False

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

    def _do(self, command: str, *args: object, start: int = 0, within: float | None = None) -> tuple[str, int]:
        """Every failure of the session is the end of the line for a conversation."""
        try:
            if within is None:
                answer = self._agi.execute(command, *args)
            else:
                answer = self._agi.execute_long(within, command, *args)
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
