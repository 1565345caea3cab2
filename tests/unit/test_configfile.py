"""The configuration: every mistake at once, with its line; secrets only from file or environment."""

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from worker import configfile
from worker.errors import ConfigError
from worker.settings import ROOT, CsvSource, Instance, IxcSource, Settings

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
        ("type: ixc", "type: sap", "'ixc', 'csv'"),
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


def _example() -> dict[str, object]:
    data = yaml.safe_load((ROOT / "config" / "collector.example.yaml").read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def test_the_example_file_is_accepted() -> None:
    text = (ROOT / "config" / "collector.example.yaml").read_text(encoding="utf-8")
    for file, name in (("database.password", "DB"), ("ari.password", "ARI"), ("ixc.token", "IXC")):
        text = text.replace(f"{{file: /etc/collector/{file}}}", f"{{env: {name}}}")
    settings = configfile.parse(text, ENV)
    first = settings.instances[0]
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


OPTIONAL = {"socket", "ca_file", "file"}  # shown as comments
BY_DAY = {"monday", "tuesday", "wednesday", "thursday", "friday"}  # `weekdays` stands for them


def _undocumented(model: type[BaseModel], data: dict[str, object]) -> list[str]:
    missing = []
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key not in data and key not in OPTIONAL | BY_DAY:
            missing.append(f"{model.__name__}.{key}")
        elif (
            isinstance(data.get(key), dict)
            and isinstance(field.annotation, type)
            and issubclass(field.annotation, BaseModel)
        ):
            missing += _undocumented(field.annotation, data[key])  # type: ignore[arg-type]  # YAML is untyped
    return missing


def test_the_example_shows_every_setting() -> None:
    data = _example()
    instances = data["instances"]
    assert isinstance(instances, list)
    pbx = data["pbx"]
    assert isinstance(pbx, dict)
    missing = _undocumented(Settings, data) + _undocumented(Instance, instances[0])
    missing += _undocumented(IxcSource, instances[0]["source"]) + _undocumented(CsvSource, instances[1]["source"])
    assert [] == missing
    assert {"url", "user", "password", "app", "timeout_seconds"} == set(pbx["ari"])
