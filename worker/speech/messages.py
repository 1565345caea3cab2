"""What callees hear, as text: one template per line of the script, checked whole when loaded."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from worker.core import words
from worker.core.model import Attempt
from worker.core.script import BEFORE_CONFIRMATION, Line
from worker.errors import ConfigError, SpeechError
from worker.speech.names import DEBT_WORD, spoken_name

MEMO_SIZE = 4096  # texts

_SAMPLE_BEFORE = {"company": "Empresa", "name": "Maria Silva"}
_SAMPLE = _SAMPLE_BEFORE | {
    "total": words.money(Decimal("1.00")),
    "bills": words.bills(1),
    "oldest": words.day(date(2026, 1, 1)),
}


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
                    self._uses[line] = tuple(sorted(find_undeclared_variables(environment.parse(source))))
                except (TemplateError, UnicodeDecodeError, OSError) as error:
                    problems.append(f"{folder / line.value}.j2 cannot be read: {error}")
                else:
                    problems += [
                        f"{folder / line.value}.j2 {fault}" for fault in _faults(line, self._templates[line])
                    ]
        if problems:
            raise ConfigError(problems)

    def texts(self, attempt: Attempt, company: str) -> dict[Line, str]:
        """Every line as it is to be said in this attempt: one paragraph each, numbers in words.

        Raises SpeechError when the figures cannot be put into words.
        """
        before = {"company": " ".join(company.split()), "name": spoken_name(attempt.client_name)}
        try:
            after = before | {
                "total": words.money(attempt.total),
                "bills": words.bills(attempt.bill_count),
                "oldest": words.day(attempt.oldest_due),
            }
            return {line: self._text(line, _given(line, before, after)) for line in self._templates}
        except (ValueError, TemplateError) as error:
            raise SpeechError(
                f"the message for client {attempt.client_id} cannot be put into words: {error}"
            ) from error

    def _text(self, line: Line, given: Mapping[str, str]) -> str:
        key = (line, *(given[name] for name in self._uses[line]))
        text = self._said.get(key)
        if text is None:
            text = _say(self._templates[line], given)
            if len(self._said) >= MEMO_SIZE:
                self._said.clear()
            self._said[key] = text
        return text


def _given(line: Line, before: Mapping[str, str], after: Mapping[str, str]) -> Mapping[str, str]:
    """A line heard before confirmation is not even given the figures of the debt."""
    return before if line in BEFORE_CONFIRMATION else after


def _say(template: Template, given: Mapping[str, str]) -> str:
    return " ".join(template.render(given).split())


def _faults(line: Line, template: Template) -> list[str]:
    """Sentences without their subject, the file."""
    given = _given(line, _SAMPLE_BEFORE, _SAMPLE)
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
        return [f"says {found[0]!r}, but nothing of a debt may be told before the callee confirmed who they are"]
    return []
