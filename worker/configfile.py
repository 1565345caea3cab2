"""Reads the YAML file into Settings: every problem at once, with its line; secrets from file or environment."""

import difflib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from worker.core import naming
from worker.dial_settings import Rules
from worker.errors import ConfigError
from worker.settings import ReverseMap, Settings
from worker.source_settings import Section

DEFAULT_PATH = Path("/etc/collector/collector.yaml")
Loc = tuple[str | int, ...]
Told = tuple[Loc, str]  # where, and what is wrong there


def _sections(model: type[BaseModel] = Section) -> Iterator[type[BaseModel]]:
    for child in model.__subclasses__():
        yield child
        yield from _sections(child)


SECRET_KEYS = frozenset(
    field.alias or name
    for model in _sections()
    for name, field in model.model_fields.items()
    if SecretStr in (field.annotation, *get_args(field.annotation))
)


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """The checked settings of a YAML file.

    Raises ConfigError with one sentence for each problem found anywhere in the file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            [f"{path} does not exist; copy config/collector.example.yaml there or pass --config FILE"]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path} cannot be read: {error}"]) from None
    return parse(text, environ, name=str(path))


def parse(text: str, environ: Mapping[str, str], name: str = "the configuration") -> Settings:
    """The same for a text at hand; `name` stands in the messages."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError([f"{name} is not YAML: {_first_line(error)}"]) from None
    if not isinstance(data, dict) or root is None:
        raise ConfigError([f"{name} must hold keys such as database, pbx and instances; it holds none"])
    problems = [f"{name}, line {line}: {what}" for line, what in _duplicate_keys(root)]
    unread = _read_secrets(data, environ)
    told = list(unread)
    settings = None
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        wrong = [item for item in error.errors() if not any(_same_place(item["loc"], loc) for loc, _ in unread)]
        told += [(item["loc"], _sentence(item)) for item in wrong]
    told += _contradictions(data)
    problems += [f"{name}, line {_line(root, loc)}: {what}" for loc, what in told]
    if settings is None or problems:
        raise ConfigError(problems)
    return settings


def _first_line(error: yaml.YAMLError) -> str:
    return " ".join(str(error).split())[:300]


def _duplicate_keys(node: yaml.Node) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line + 1, f"{key.value} stands here twice; keep one"
            seen.add(key.value)
            yield from _duplicate_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _duplicate_keys(item)


def _line(root: yaml.Node, loc: Loc) -> int:
    """The line of the deepest part of `loc` that stands in the file; pydantic's own tags are passed over."""
    node, line = root, root.start_mark.line + 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == part:
                    node, line = value, key.start_mark.line + 1
                    break
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _same_place(loc: Loc, other: Loc) -> bool:
    return [part for part in loc if part in other] == list(other)


def _contradictions(data: dict[str, Any]) -> Iterator[Told]:
    """What is wrong between values each of which is good; of sections that cannot be read more is not told."""
    checks: tuple[tuple[str, Callable[[Any], Iterator[Told]]], ...] = (
        ("reverse_map", _two_names),
        ("rules", _idle_rules),
    )
    instances = data.get("instances")
    for index, instance in enumerate(instances if isinstance(instances, list) else []):
        for key, check in checks:
            if isinstance(instance, dict) and isinstance(section := instance.get(key), dict):
                for loc, what in check(section):
                    here = ("instances", index, key, *loc)
                    yield here, f"{'.'.join(map(str, here))}: {what}"


def _two_names(section: dict[str, Any]) -> Iterator[Told]:
    for name in ReverseMap.model_fields:
        try:
            spellings = getattr(ReverseMap.model_validate({name: section.get(name, {})}), name)
        except ValidationError:
            continue
        for what in naming.conflicts(spellings):
            yield (name,), what


def _idle_rules(section: dict[str, Any]) -> Iterator[Told]:
    try:
        rules = Rules.model_validate(section)
    except ValidationError:
        return
    minimum, maximum = rules.minimum_days_to_charge, rules.maximum_days_overdue
    if minimum > maximum:
        yield (
            ("minimum_days_to_charge",),
            f"{minimum} is more than maximum_days_overdue, {maximum}: nobody would be called; lower it",
        )
    if rules.still_unpaid.trust_sync_minutes and not rules.still_unpaid.ask:
        yield (
            ("still_unpaid", "trust_sync_minutes"),
            "it counts only where the ERP is asked and does not answer; take it out, or set ask: true",
        )


def _read_secrets(data: Any, environ: Mapping[str, str], loc: Loc = ()) -> list[Told]:
    """Replace each `{file: …}` or `{env: …}` under a secret key by its content; the problems found on the way."""
    problems: list[Told] = []
    items: list[tuple[str | int, Any]] = []
    if isinstance(data, dict):
        items = list(data.items())
    elif isinstance(data, list):
        items = list(enumerate(data))
    for key, value in items:
        here = (*loc, key)
        if key == "reverse_map":
            continue  # its keys are names of places
        if key in SECRET_KEYS and not isinstance(value, SecretStr):
            try:
                data[key] = SecretStr(read_secret(value, environ))
            except ValueError as error:
                problems.append((here, f"{key}: {error}"))
        else:
            problems += _read_secrets(value, environ, here)
    return problems


def read_secret(source: object, environ: Mapping[str, str]) -> str:
    """A secret named by `{env: NAME}`, `{file: PATH}` or `{file: PATH, key: KEY}` (KEY=value lines).

    Raises ValueError with a sentence that never holds the secret.
    """
    if not isinstance(source, dict) or not ({"file"} == set(source) - {"key"} or set(source) == {"env"}):
        raise ValueError(
            "secrets do not stand in this file; write {env: NAME}, {file: /path} or {file: /path, key: KEY}"
        )
    if "env" in source:
        if not (secret := environ.get(str(source["env"]), "")):
            raise ValueError(f"the environment variable {source['env']} is not set")
        return secret
    path = Path(str(source["file"]))
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if mode & stat.S_IROTH:
        raise ValueError(f"{path} can be read by everybody; run: chmod o-rwx {path}")
    return _from_file(path, text, source.get("key"))


def _from_file(path: Path, text: str, key: object) -> str:
    if key is None:
        secret = text.strip("\r\n")
    else:
        found = re.search(rf"(?m)^\s*{re.escape(str(key))}\s*=\s*(.*?)\s*$", text)
        if found is None:
            raise ValueError(f"{path} has no line {key}=…")
        secret = found[1].strip("'\"")
    if not secret or "\n" in secret:
        raise ValueError(f"{path} must hold the secret on one line")
    return secret


def _sentence(item: Any) -> str:
    where = ".".join(str(part) for part in _written(item["loc"])) or "the file"
    match item["type"]:
        case "missing":
            return f"{where} is missing; add it"
        case "extra_forbidden":
            return f"{where} is not a known key{_guess(item['loc'])}; remove it or correct its spelling"
        case "value_error":
            return f"{where}: {item['ctx']['error']!s}"
        case _:
            return f"{where}: {item['msg'][0].lower()}{item['msg'][1:]}"


def _written(loc: Loc) -> Loc:
    """Without the type of a source, which pydantic puts in and nobody wrote there."""
    return (*loc[:3], *loc[4:]) if loc[:1] == ("instances",) and loc[2:3] == ("source",) else loc


def _guess(loc: Loc) -> str:
    known = sorted({name for model in _sections() for name in _names(model)})
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def from_environment(option: Path | None) -> Path:
    """The file to read: the option, else COLLECTOR_CONFIG, else /etc/collector/collector.yaml."""
    return option or Path(os.environ.get("COLLECTOR_CONFIG", DEFAULT_PATH))
