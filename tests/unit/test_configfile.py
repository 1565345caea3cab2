"""The configuration: every mistake at once, with its line; secrets only from file or environment."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from worker import configfile
from worker.errors import ConfigError
from worker.settings import ROOT, Instance, Settings
from worker.source_settings import AltaRedeSource, IxcSource, RbxSource, Source

ENV = {"DB": "s3cret", "ARI": "ari-secret", "IXC": "1:abc"}
GOOD = """
database: {user: collector, password: {env: DB}}
pbx:
  ari: {user: collector, password: {env: ARI}}
instances:
  - id: fibra
    company: Fibra Serra
    caller_id: "+551133330000"
    source: {type: ixc, url: "https://ixc.example.com.br/", token: {env: IXC}}
    trunk: {endpoint: "PJSIP/{number}@carrier"}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        configfile.parse(text, ENV, name="f.yaml")
    return caught.value.problems


def test_a_small_file_is_enough() -> None:
    settings = configfile.parse(GOOD, ENV)
    assert settings.database.password.get_secret_value() == "s3cret"
    assert settings.instance("fibra").rules.dial_per_day == 3
    assert isinstance(settings.instances[0].source, IxcSource)
    assert settings.instances[0].source.url == "https://ixc.example.com.br"


def test_all_problems_are_told_at_once_with_their_lines() -> None:
    text = (
        GOOD.replace("company: Fibra Serra", "companny: Fibra Serra")
        .replace("+551133330000", "3333-0000")
        .replace("{env: DB}", "{env: NOT_SET}")
    )
    found = problems(text)
    expected = [
        (2, "password: the environment variable NOT_SET is not set"),
        (6, "instances.0.company is missing; add it"),
        (8, "instances.0.caller_id: write the number as +55"),
        (7, "instances.0.companny is not a known key (did you mean company?)"),
    ]
    assert len(expected) == len(found)
    for (line, told), problem in zip(expected, found, strict=True):
        assert problem.startswith(f"f.yaml, line {line}: {told}")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{env: DB}", "hunter2", "secrets do not stand in this file"),  # plain text
        ("{env: DB}", "{file: /nonexistent/x}", "/nonexistent/x cannot be read: No such file or directory"),
        ("PJSIP/{number}@carrier", "PJSIP/{number}@carrier\\nX: y", "write it like PJSIP/{number}@trunk"),
        ("PJSIP/{number}@carrier", "PJSIP/123@carrier", "with {number} where the number goes"),
        ("type: ixc", "type: sap", "does not match any of the expected tags: 'ixc', "),
        ("url:", "utl:", "instances.0.source.utl is not a known key (did you mean url?)"),
        ("type: ixc", "type: ixc, page_sice: 1", "instances.0.source.page_sice is not a known key (did you mean"),
        ("type: ixc, ", 'type: rbx, key: "plain", ', "key: secrets do not stand in this file"),
        ("https://ixc", "https://user:pw@ixc", "without user or password"),
        ("id: fibra", "id: Fibra!", "instances.0.id"),
        ("company: Fibra Serra", "company: Fibra\n    zone: Mars/Base", "is not a time zone"),
        ("company: Fibra Serra", "company: Fibra\n    company: Serra", "company stands here twice"),
        (
            "company: Fibra Serra",
            "company: Fibra\n    rules: {window: {weekdays: 19:00-08:00}}",
            "the start must be before the end",
        ),
    ],
)
def test_a_wrong_value_is_told_in_a_sentence(old: str, new: str, told: str) -> None:
    assert told in "\n".join(problems(GOOD.replace(old, new)))


SPELLINGS = """company: Fibra Serra
    reverse_map:
      neighbourhoods:
        Centro: [ctr]
        Vila Nova: [v nova, CTR]
      client_types: {Casa: ["!"], casa: []}
    rules:
      minimum_days_to_charge: 400
      still_unpaid:
        ask: false
        trust_sync_minutes: 30"""


def test_values_that_contradict_each_other_are_told_with_the_rest_and_their_lines() -> None:
    text = GOOD.replace("company: Fibra Serra", SPELLINGS).replace("+551133330000", "3333-0000")
    expected = [
        (18, "instances.0.caller_id: write the number as +55"),
        (9, "instances.0.reverse_map.neighbourhoods: the spelling “CTR” of “Vila Nova” is also a spelling of “Ce"),
        (12, "instances.0.reverse_map.client_types: “Casa” and “casa” are one name for us: keep one of them"),
        (12, "instances.0.reverse_map.client_types: the spelling “!” of “Casa” holds neither letter nor digit"),
        (14, "instances.0.rules.minimum_days_to_charge: 400 is more than maximum_days_overdue, 365: nobody would"),
        (17, "instances.0.rules.still_unpaid.trust_sync_minutes: it counts only where the ERP is asked"),
    ]
    found = problems(text)
    assert [f"f.yaml, line {line}: {told}" for line, told in expected] == [
        problem[: len(f"f.yaml, line {line}: {told}")]
        for (line, told), problem in zip(expected, found, strict=True)
    ]


@pytest.mark.parametrize(
    "more",
    [
        "reverse_map: {neighbourhoods: {token: [tok], key: [chave]}}",  # places may be called anything
        "rules: {minimum_days_to_charge: 365}",  # one day is a span
        "rules: {still_unpaid: {ask: false}}",
        "rules: {still_unpaid: {trust_sync_minutes: 30}}",
    ],
)
def test_values_that_go_together_are_accepted(more: str) -> None:
    settings = configfile.parse(GOOD.replace("company: Fibra Serra", f"company: Fibra Serra\n    {more}"), ENV)
    assert more.startswith(tuple(settings.instances[0].model_fields_set))


@pytest.mark.parametrize("section", ["reverse_map: 3", "rules: [a]", "rules: {dial_per_day: none}"])
def test_a_section_that_cannot_be_read_is_told_once(section: str) -> None:
    assert 1 == len(problems(GOOD.replace("company: Fibra Serra", f"company: Fibra Serra\n    {section}")))


def test_the_secrets_of_every_source_come_from_outside() -> None:
    ixc = GOOD[GOOD.index("{type: ixc") : GOOD.index("}}\n    trunk") + 2]
    for source, kind in (
        ('{type: rbx, url: "http://r", key: {env: IXC}}', RbxSource),
        (
            '{type: altarede, url: "http://a", token: {env: IXC}, appkey: {env: ARI}, clients: c.csv}',
            AltaRedeSource,
        ),
    ):
        settings = configfile.parse(GOOD.replace(ixc, source), ENV)
        assert isinstance(settings.instances[0].source, kind)


def test_a_secret_never_stands_in_a_message() -> None:
    assert "hunter2" not in "\n".join(problems(GOOD.replace("{env: DB}", "hunter2")))


def test_two_instances_of_one_name_are_refused() -> None:
    twin = GOOD.split("instances:\n")[1]
    assert "two instances are called fibra" in "\n".join(problems(GOOD + twin))


def test_ari_origination_without_ari_is_refused() -> None:
    assert "pbx.ari is not set" in "\n".join(
        problems(GOOD.replace("  ari: {user: collector, password: {env: ARI}}", "  owner: asterisk"))
    )


@pytest.mark.parametrize("text", ["", "- a", "just text", "a: [", "a: \t b"])
def test_what_is_not_a_configuration_is_told_so(text: str) -> None:
    assert len(problems(text)) >= 1


def test_a_secret_file_must_be_private_and_may_hold_key_value_lines(tmp_path: Path) -> None:
    file = tmp_path / "amportal.conf"
    file.write_text("AMPDBUSER=x\nAMPDBPASS='p w'\n")
    file.chmod(0o644)
    with pytest.raises(ValueError, match="can be read by everybody"):
        configfile.read_secret({"file": str(file), "key": "AMPDBPASS"}, {})
    file.chmod(0o600)
    assert configfile.read_secret({"file": str(file), "key": "AMPDBPASS"}, {}) == "p w"
    with pytest.raises(ValueError, match="has no line NOPE"):
        configfile.read_secret({"file": str(file), "key": "NOPE"}, {})
    with pytest.raises(ValueError, match="on one line"):
        configfile.read_secret({"file": str(file)}, {})


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist; copy config"):
        configfile.load(tmp_path / "none.yaml", {})


SOURCES: tuple[type[BaseModel], ...] = get_args(get_args(Source)[0])
EXAMPLE = (ROOT / "config" / "collector.example.yaml").read_text(encoding="utf-8")


def _uncommented(text: str) -> str:
    """With the lines that are a key behind a #; what such a line has behind a # of its own stays a comment."""
    return re.sub(r"(?m)^( +)# (?= *[\w#-])", r"\1", text)


def _accepted(text: str) -> Settings:
    text = text.replace("{file: /etc/collector/broker}", "{env: BROKER}")
    text = re.sub(r"\{file: /etc/collector/[\w.-]+\}", "{env: IXC}", text)
    return configfile.parse(text, {**ENV, "BROKER": "redis://127.0.0.1:6379/0"})


def test_the_example_file_is_accepted() -> None:
    first = _accepted(EXAMPLE).instances[0]
    assert (
        Instance(
            id="fibra",
            company="Fibra Serra",
            default_ddd="11",
            caller_id="+551133330000",
            source=first.source,
            trunk=first.trunk,
        )
        == first
    )  # what the example shows are the defaults


def test_the_example_shows_each_kind_of_source_and_is_accepted_with_all_of_them() -> None:
    shown = [type(one.source) for one in _accepted(_uncommented(EXAMPLE)).instances]
    assert set(SOURCES) == set(shown)
    assert len(SOURCES) == len(shown)


BY_DAY = {"monday", "tuesday", "wednesday", "thursday", "friday"}  # `weekdays` stands for them


def _undocumented(model: type[BaseModel], data: dict[str, Any]) -> Iterator[str]:
    """Keys of a model, and of the sections within, that do not stand in the YAML."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key not in data:
            yield from () if key in BY_DAY else (f"{model.__name__}.{key}",)
            continue
        for kind in (field.annotation, *get_args(field.annotation)):  # a section may be one of a union with None
            if isinstance(kind, type) and issubclass(kind, BaseModel) and isinstance(data[key], dict):
                chosen = data[key].get("type")
                if chosen is None or [chosen] == list(get_args(kind.model_fields["type"].annotation)):
                    yield from _undocumented(kind, data[key])


def test_the_example_shows_every_setting() -> None:
    data = yaml.safe_load(_uncommented(_uncommented(EXAMPLE)))
    assert [] == list(_undocumented(Settings, data))
    first, *others = data["instances"]
    assert [] == list(_undocumented(Instance, first))
    shown = {one["source"]["type"]: one["source"] for one in (first, *others)}
    for model in SOURCES:
        (kind,) = get_args(model.model_fields["type"].annotation)
        assert [] == list(_undocumented(model, shown[kind]))


def test_a_setting_that_is_not_shown_is_missed() -> None:
    data = yaml.safe_load(EXAMPLE)
    del data["instances"][0]["rules"]["still_unpaid"]["ask"], data["instances"][0]["source"]["city_table"]
    expected = [
        "IxcSource.ca_file",
        "IxcSource.city_table",
        "StillUnpaid.ask",
        "Conversation.agent",
        "Instance.payment_hook",
    ]
    assert expected == list(_undocumented(Instance, data["instances"][0]))
