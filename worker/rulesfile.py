"""Reads the hours of the states' laws: every problem at once, with its line; in doubt nobody is called."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

import yaml
from pydantic import ValidationError

from worker.core.law import Law, StateRule, Sure
from worker.core.tables import STATES
from worker.core.window import Span
from worker.dial_settings import Span as WrittenSpan
from worker.dial_settings import read_span
from worker.errors import ConfigError

Loc = tuple[str, ...]
Told = tuple[Loc, str]  # where, and what is wrong there

_SPANS: Final = ("weekdays", "saturday", "sunday")
_REQUIRED: Final = (*_SPANS, "holidays", "law", "sources", "sure")
_KEYS: Final = (*_REQUIRED, "note")
_DEPTH: Final = 3  # states, a state, a key
_HOLIDAYS: Final = {"closed": True, "open": False}


def load(path: Path) -> Law:
    """Raises ConfigError with one sentence for each problem found anywhere in the file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError([f"{path}, legal_rules, cannot be read: {why}; without it nobody is called"]) from None
    return parse(text, name=str(path))


def parse(text: str, name: str = "the legal rules") -> Law:
    """The same for a text at hand; `name` stands in the messages."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2026-13-40
        raise ConfigError([f"{name} is not YAML: {' '.join(str(error).split())[:300]}"]) from None
    states = data.get("states") if isinstance(data, dict) else None
    if root is None or not isinstance(states, dict):
        raise ConfigError([f"{name} must hold the key states, with one section for each state; it does not"])
    lines: dict[Loc, int] = {}
    told = list(_places(root, (), lines))
    told += [((str(key),), f"{key} is not a known key; remove it") for key in data if key != "states"]
    told += [(("states", str(one)), f"{one} is no state of Brazil") for one in states if one not in STATES]
    told += [(("states",), f"{one} is missing; add it") for one in sorted(STATES - set(states))]
    rules = {}
    for state in sorted(STATES & set(states)):
        wrong = [(("states", state, *loc), f"{state}: {what}") for loc, what in _problems(states[state])]
        told += wrong
        if not wrong:
            rules[state] = _rule(state, states[state])
    if told:
        raise ConfigError([f"{name}, line {_line(lines, loc)}: {what}" for loc, what in told])
    return Law(rules)


def _places(node: yaml.Node, loc: Loc, lines: dict[Loc, int]) -> Iterator[Told]:
    """Note the line of each key; tell of those that stand there twice."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*loc, str(key.value))
            if here in lines:
                yield here, f"{'.'.join(here)} stands here twice; keep one"
            lines[here] = key.start_mark.line + 1
            if len(here) < _DEPTH:  # no further: an alias may point to what it stands in
                yield from _places(value, here, lines)


def _line(lines: dict[Loc, int], loc: Loc) -> int:
    """Of the deepest part of `loc` that stands in the file."""
    while loc and loc not in lines:
        loc = loc[:-1]
    return lines.get(loc, 1)


def _problems(section: Any) -> Iterator[Told]:
    if not isinstance(section, dict):
        yield (), f"write a section with {', '.join(_REQUIRED)}"
        return
    yield from (((str(key),), f"{key} is not a known key; remove it") for key in section if key not in _KEYS)
    for key in _REQUIRED:
        if key not in section:
            nothing = "; null means no calls" if key in _SPANS else ""
            yield (), f"{key} is missing; add it{nothing}"
    for key in _SPANS:
        if what := _wrong_span(section.get(key)):
            yield (key,), f"{key}: {what}"
    yield from _wrong_words(section)


def _wrong_span(text: object) -> str:
    try:
        _span(text)
    except ValidationError as error:
        found = error.errors()[0]
        return f"{text} is no span: {found.get('ctx', {}).get('error') or found['msg']}"
    except ValueError as error:
        return str(error)
    return ""


def _span(text: object) -> Span | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise ValueError("write a span like 08:00-19:00, or null for no calls")  # noqa: TRY004  # told as the others
    read = WrittenSpan.model_validate(read_span(text))
    return read.start, read.end


def _wrong_words(section: dict[Any, Any]) -> Iterator[Told]:
    if (holidays := section.get("holidays", "closed")) not in ("closed", "open"):
        yield ("holidays",), f"holidays: write closed or open, not {holidays}"
    for key in ("law", "note"):
        if not isinstance(section.get(key, ""), str):
            yield (key,), f"{key}: write a text"
    sources = section.get("sources", [])
    if not isinstance(sources, list) or not all(re.fullmatch(r"https?://\S+", str(one)) for one in sources):
        yield ("sources",), "sources: write a list of web addresses"
    sure = section.get("sure", "house_rule")
    if sure not in get_args(Sure):
        yield ("sure",), f"sure: write one of {', '.join(get_args(Sure))}, not {sure}"
    elif sure != "house_rule" and not (section.get("law") and sources):
        yield ("sure",), f"sure: {sure} needs a law and where it is written; else write house_rule"
    elif sure == "house_rule" and section.get("law"):
        yield ("sure",), "sure: where a law is named it is confirmed or single_source, not a house_rule"


def _rule(state: str, section: dict[str, Any]) -> StateRule:
    """Of a section without problems."""
    weekday, saturday, sunday = (_span(section[key]) for key in _SPANS)
    return StateRule(
        state=state,
        days=(*(weekday,) * 5, saturday, sunday),
        law=section["law"],
        sources=tuple(section["sources"]),
        sure=section["sure"],
        holidays=_HOLIDAYS[section["holidays"]],
        note=section.get("note", ""),
    )
