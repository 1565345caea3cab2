"""All that one call can say, rendered: the lines, the days that may be promised, the digits."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from worker.core import words
from worker.core.model import Attempt
from worker.core.script import Line, Offers
from worker.ports import Script, Sound, Voice
from worker.speech.messages import Messages

KEEP_SECONDS = 60.0  # then looked up anew: a sound in use is touched every few minutes, so that it is not removed

_Days = tuple[date, ...]


def render(
    voice: Voice,
    messages: Messages,
    attempt: Attempt,
    company: str,
    offers: Offers,
    days: Sequence[date],
    *,
    recorded: bool = False,
) -> Script:
    """`days`: those offered for a promise. Raises SpeechError."""
    return Scripts(voice, messages, company, offers, lambda: 0.0, recorded=recorded).of(attempt, tuple(days))


class Scripts:
    """One instance's scripts. What is said to everybody is looked up once a minute, the rest at each call."""

    def __init__(
        self,
        voice: Voice,
        messages: Messages,
        company: str,
        offers: Offers,
        clock: Callable[[], float],
        *,
        recorded: bool = False,
    ) -> None:
        """`recorded`: callees are told that the call may be recorded."""
        self._recorded = recorded
        self._voice, self._messages, self._company, self._offers = voice, messages, company, offers
        self._clock = clock
        self._own = tuple(line for line in offers.lines if messages.is_personal(line))
        self._common = tuple(line for line in offers.lines if line not in self._own)
        self._kept: tuple[_Days, float, Script] | None = None  # replaced whole: safe in many threads

    def of(self, attempt: Attempt, days: _Days) -> Script:
        """`days`: those offered for a promise. Raises SpeechError."""
        common = self._everybodys(attempt, days)
        return Script({**common.lines, **self._lines(self._own, attempt, days)}, common.days, common.digits)

    def _everybodys(self, attempt: Attempt, days: _Days) -> Script:
        now, kept = self._clock(), self._kept
        if kept is not None and kept[0] == days and kept[1] > now:
            return kept[2]
        render = self._voice.render
        script = Script(
            self._lines(self._common, attempt, days),
            tuple((day, render(self._messages.promised(day))) for day in days),
            {str(digit): render(words.number(digit)) for digit in range(10)} if self._offers.say_line else {},
        )
        self._kept = days, now + KEEP_SECONDS, script
        return script

    def _lines(self, lines: Sequence[Line], attempt: Attempt, days: _Days) -> Mapping[Line, Sound]:
        texts = self._messages.texts(attempt, self._company, self._offers, days, lines, recorded=self._recorded)
        return {line: self._voice.render(text) for line, text in texts.items()}
