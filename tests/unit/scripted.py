"""The debtor who follows a script: a hand-written Call for tests of the conversation."""

from collections.abc import Sequence

from agi.call import Detection, Hangup, Said, Sign, Unmanned

SECONDS = 4.0  # of every sound
CUT_AT = 1.5  # where a key or a hang-up cuts a sound


class ScriptedCall:
    """Answers one entry of `keys` a moment at which a key may be pressed: a key, or None for silence.

    A key that is not asked for at that moment is ignored but recorded. After the script: silence. The greeting is
    no such moment, unless `at_greeting` says what is pressed there.
    `hang_up_at`, `unmanned_at`: the verb (counted from 0) during which the line goes, or strong evidence of a
    machine comes, if no key was pressed before. `agents`: whether each transfer is taken; after that: nobody.
    `beep`: whether one is heard.
    """

    def __init__(
        self,
        keys: Sequence[str | None] = (),
        *,
        amd: str = "HUMAN",
        hang_up_at: int | None = None,
        unmanned_at: int | None = None,
        sign: Sign = Sign.RECORDING,
        agents: Sequence[bool] = (),
        beep: bool = True,
        at_beep: str = "",
        at_greeting: str | None = None,
    ) -> None:
        self._keys, self._amd, self._hang_up_at = list(keys), amd, hang_up_at
        self._unmanned_at, self._sign, self._agents = unmanned_at, sign, list(agents)
        self._beep, self._at_beep, self._at_greeting = beep, at_beep, at_greeting
        self.verbs = 0
        self.pressed = ""
        self.said: list[str] = []
        self.log: list[str] = []  # verbs in order: "say greeting", "wait 129", "key 1", "beep", "transfer"
        self.ended = False
        self.remembered: list[str] = []

    @property
    def detection(self) -> Detection:
        return Detection(self._amd, f"{self._amd}-1-2" if self._amd else "")

    def greet(self, sound: str, *, keys: str = "") -> Said:
        self._keys.insert(0, self._at_greeting)
        return self.say(sound, keys=keys)

    def say(self, sound: str | Sequence[str], *, keys: str = "") -> Said:
        names = [sound] if isinstance(sound, str) else list(sound)
        self.said += names
        self._verb(f"say {' '.join(names)}", CUT_AT)
        key = self._press(keys) if keys else None
        return Said(key, CUT_AT, complete=False) if key else Said(None, SECONDS * len(names), complete=True)

    def wait_key(self, keys: str, seconds: float) -> str | None:
        assert seconds > 0
        self._verb(f"wait {keys}", 0.0)
        return self._press(keys)

    def wait_for_beep(self, seconds: float) -> bool:
        assert seconds > 0
        self._verb("beep", 0.0)
        self.pressed += self._at_beep
        return self._beep

    def transfer(self) -> bool:
        self._verb("transfer", 0.0)
        return self._agents.pop(0) if self._agents else False

    def remember(self, talk: str) -> None:
        self.remembered.append(talk)
        if self.ended:
            raise Hangup

    def hang_up(self) -> None:
        self.ended = True

    def _verb(self, name: str, seconds: float) -> None:
        number, self.verbs = self.verbs, self.verbs + 1
        self.log.append(name)
        if number == self._hang_up_at:
            self.ended = True
            raise Hangup(seconds)
        if number == self._unmanned_at and not self.pressed:
            raise Unmanned(self._sign, seconds)

    def _press(self, keys: str) -> str | None:
        key = self._keys.pop(0) if self._keys else None
        if key is None:
            return None
        self.pressed += key
        self.log.append(f"key {key}")
        return key if key in keys else None
