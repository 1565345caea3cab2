"""What callees hear, as text: one template per line of the script, checked whole when loaded."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from worker.core import words
from worker.core.model import Attempt
from worker.core.script import BEFORE_CONFIRMATION, Line, Offers
from worker.errors import ConfigError, SpeechError
from worker.speech.names import DEBT_WORD, spoken_name
from worker.speech.stretches import fixed_stretches

MEMO_SIZE = 4096  # texts

_SAMPLE_BEFORE: dict[str, object] = {"company": "Empresa", "name": "Maria Silva", "recorded": True}
_SAMPLE = _SAMPLE_BEFORE | {
    "total": words.money(Decimal("1.00")),
    "bills": words.bills(1),
    "oldest": words.day(date(2026, 1, 1)),
    "with_interest": words.money(Decimal("1.10")),  # empty when it is not known
}
_OF_THE_CALLEE = frozenset(_SAMPLE) - {"company", "recorded"}
_SAMPLE_DAY = date(2026, 11, 23)
_SAMPLE_OFFERS = (Offers(0, paid=False), Offers(2, say_line=True, send=True, promise_days=(1,), agent=True))


class Messages:
    """The templates of one folder, for instance config/messages/pt_BR. Immutable; safe in many threads."""

    def __init__(self, folder: Path) -> None:
        """ConfigError names every template that is missing or wrong."""
        # the result is said, not shown in a page: there is nothing to escape for
        environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=False,
            auto_reload=False,
        )
        self._templates: dict[Line, Template] = {}
        self._uses: dict[Line, tuple[str, ...]] = {}  # names of what a line says
        self._fixed: dict[Line, tuple[str, ...]] = {}
        self._said: dict[tuple[object, ...], str] = {}  # line and what was put in: most say the same to everybody
        problems: list[str] = []
        missing = [f"{line}.j2" for line in Line if not (folder / f"{line}.j2").is_file()]
        if missing:
            problems.append(f"{folder} lacks {', '.join(missing)}; each line that can be said needs its template")
        for line in Line:
            if f"{line}.j2" not in missing:
                try:
                    self._templates[line] = environment.get_template(f"{line}.j2")
                    source = (folder / f"{line}.j2").read_text(encoding="utf-8")
                    parsed = environment.parse(source)
                    self._uses[line] = tuple(sorted(find_undeclared_variables(parsed)))
                    self._fixed[line] = fixed_stretches(parsed)
                except (TemplateError, UnicodeDecodeError, OSError) as error:
                    problems.append(f"{folder / line.value}.j2 cannot be read: {error}")
                else:
                    problems += [
                        f"{folder / line.value}.j2 {fault}" for fault in _faults(line, self._templates[line])
                    ]
        if problems:
            raise ConfigError(problems)

    def is_personal(self, line: Line) -> bool:
        """Whether a line says something of the callee; the others say the same to everybody."""
        return not _OF_THE_CALLEE.isdisjoint(self._uses[line])

    def texts(
        self,
        attempt: Attempt,
        company: str,
        offers: Offers,
        days: Sequence[date] = (),
        lines: Sequence[Line] | None = None,
        *,
        recorded: bool = False,
    ) -> dict[Line, str]:
        """Every line that may have to be said in this attempt: one paragraph each, numbers in words.

        `days`: those offered for a promise. `lines`: only these. `recorded`: the call is recorded, and callees are
        to be told. Raises SpeechError when the figures cannot be put into words.
        """
        wanted = offers.lines if lines is None else lines
        before: dict[str, object] = {
            "company": " ".join(company.split()),
            "name": spoken_name(attempt.client_name),
            "recorded": recorded,
        }
        try:
            after = before | {
                "total": words.money(attempt.total),
                "bills": words.bills(attempt.bill_count),
                "oldest": words.day(attempt.oldest_due),
                "with_interest": "" if attempt.updated_total is None else words.money(attempt.updated_total),
            }
            return {line: self._text(line, _given(line, before, after, offers, tuple(days))) for line in wanted}
        except (ValueError, TemplateError) as error:
            raise SpeechError(
                f"the message for client {attempt.client_id} cannot be put into words: {error}"
            ) from error

    @property
    def fixed(self) -> Mapping[Line, tuple[str, ...]]:
        """What each line says whoever is called: the stretches between its variables."""
        return self._fixed

    @property
    def say_names(self) -> bool:
        """Whether any line says the name of who is called."""
        return any("name" in names for names in self._uses.values())

    def promised(self, day: date) -> str:
        """A promised day, said back."""
        return self._text(Line.PROMISED, {"day": words.on_day(day)})

    def _text(self, line: Line, given: Mapping[str, object]) -> str:
        key = (line, *(given[name] for name in self._uses[line]))
        text = self._said.get(key)
        if text is None:
            text = _say(self._templates[line], given)
            if len(self._said) >= MEMO_SIZE:
                self._said.clear()
            self._said[key] = text
        return text


def _given(
    line: Line, before: Mapping[str, object], after: Mapping[str, object], offers: Offers, days: tuple[date, ...]
) -> Mapping[str, object]:
    """A line heard before confirmation is not even given the figures of the debt."""
    if line in BEFORE_CONFIRMATION:
        return before
    if line is Line.MENU:
        return {
            "repeat": bool(offers.repeats),
            "pay": offers.pay,
            "promise": bool(days),
            "paid": offers.paid,
            "agent": offers.agent,
        }
    if line is Line.PROMISE:
        return {"days": tuple((words.on_day(day), words.number(key)) for key, day in enumerate(days, start=1))}
    if line is Line.PROMISED:
        return {"day": words.on_day(days[0])}
    return after


def _say(template: Template, given: Mapping[str, object]) -> str:
    return " ".join(template.render(given).split())


def _faults(line: Line, template: Template) -> list[str]:
    """Sentences without their subject, the file."""
    for offers in _SAMPLE_OFFERS:
        given = _given(line, _SAMPLE_BEFORE, _SAMPLE, offers, (_SAMPLE_DAY,))
        try:
            text = _say(template, given)
        except TemplateError as error:
            known = ", ".join(sorted(given))
            return [f"cannot be said: {error}; it may use {known}"]
        except Exception as error:
            return [f"cannot be said: {type(error).__name__}: {error}"]
        if not text:
            return ["is empty"]
        if line in BEFORE_CONFIRMATION and (found := DEBT_WORD.search(text)):
            return [
                f"says {found[0]!r}, but nothing of a debt may be told before the callee confirmed who they are"
            ]
    return []
