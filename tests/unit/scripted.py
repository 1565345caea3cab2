"""The debtor who follows a script: a hand-written Call for tests of the conversation."""

from collections.abc import Sequence

from agi.call import Detection, Hangup, Said

SECONDS = 4.0  # of every sound
CUT_AT = 1.5  # where a key or a hang-up cuts a sound


class ScriptedCall:
    """Answers one entry of `keys` a moment at which a key may be pressed: a key, or None for silence.

    A key that is not asked for at that moment is ignored but recorded. After the script: silence.
    `hang_up_at`: the verb (counted from 0) during which the line goes.
    """

    def __init__(
        self, keys: Sequence[str | None] = (), *, amd: str = "HUMAN", hang_up_at: int | None = None
    ) -> None:
        self._keys, self._amd, self._hang_up_at = list(keys), amd, hang_up_at
        self.verbs = 0
        self.pressed = ""
        self.said: list[str] = []
        self.log: list[str] = []  # verbs in order: "say greeting", "amd", "wait 129", "key 1"
        self.ended = False
        self.remembered: list[str] = []

    def say(self, sound: str, *, keys: str = "") -> Said:
        self.said.append(sound)
        self._verb(f"say {sound}", CUT_AT)
        key = self._press(keys) if keys else None
        return Said(key, CUT_AT, complete=False) if key else Said(None, SECONDS, complete=True)

    def wait_key(self, keys: str, seconds: float) -> str | None:
        assert seconds > 0
        self._verb(f"wait {keys}", 0.0)
        return self._press(keys)

    def detect_answerer(self) -> Detection:
        self._verb("amd", 0.0)
        return Detection(self._amd, f"{self._amd}-1-2")

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

    def _press(self, keys: str) -> str | None:
        key = self._keys.pop(0) if self._keys else None
        if key is None:
            return None
        self.pressed += key
        self.log.append(f"key {key}")
        return key if key in keys else None
