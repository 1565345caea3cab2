"""What is asked of a PBX depends on how its instances listen, and what one can do without is no trouble."""

import os
from pathlib import Path

import pytest

from worker import configfile, doctor_console
from worker.doctor_console import ALWAYS, AMD, SNOOP, SOUND, TALK, Check, ask, checks, elsewhere
from worker.settings import Settings

CONFIG = """
database: {user: collector, password: {env: DB}}
pbx: {ari: {user: c, password: {env: DB}}}
instances:
  - id: fibra
    company: Fibra
    caller_id: "+551133330000"
    source: {type: csv, clients: /c.csv, bills: /b.csv}
    trunk: {endpoint: "PJSIP/{number}@t"}
"""


def settings(more: str = "") -> Settings:
    return configfile.parse(CONFIG + more, {"DB": "secret"})


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", [TALK, *SOUND]),
        ("    conversation: {answering: {detector: timing}}", [TALK]),
        ("    conversation: {answering: {detector: asterisk}}", [AMD, SNOOP, TALK]),
        ("    conversation: {answering: {detector: none, early_media: ignore}}", []),
        ("    conversation: {answering: {detector: none}}", [TALK]),  # for what speaks before the answer
        ("    dialling: {origination: callfile}", [AMD]),
        ("    dialling: {origination: callfile}\n    conversation: {answering: {detector: none}}", []),
    ],
)
def test_a_pbx_needs_what_its_instances_listen_with(more: str, expected: list[Check]) -> None:
    assert (*ALWAYS, *expected) == checks(settings(more))


@pytest.mark.parametrize(
    ("says", "code", "check", "ok", "detail"),
    [
        ("Attempt to   detect answering machines", 0, AMD, True, "as it must be"),
        ("Your application(s) is (are) not registered", 0, AMD, False, AMD.remedy),
        ("0 modules loaded", 0, SOUND[0], None, SOUND[0].remedy),
        ("Unable to connect to remote asterisk", 1, TALK, False, "Unable to connect to remote asterisk"),
    ],
)
def test_the_console_is_believed(
    says: str,
    code: int,
    check: Check,
    ok: bool | None,
    detail: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = tmp_path / "asterisk"
    program.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert [(f"PBX: {check.command}", ok, detail)] == list(ask(tmp_path, [check]))


def test_a_console_that_is_not_there_is_to_be_asked_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ((_, ok, detail),) = ask(tmp_path, [AMD])
    assert ok is None
    assert "check it by hand" in detail


def test_a_model_that_is_none_is_named_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "model.json"
    file.write_text("{}")

    class Running:
        settings = settings(f"    conversation: {{answering: {{model: {file}}}}}")

    monkeypatch.setattr(doctor_console, "ask", lambda *_: [])
    ((what, ok, detail),) = doctor_console.examine(Running())  # type: ignore[arg-type]  # all that is asked of it
    assert ("answering model", False) == (what, ok)
    assert str(file) in detail
    assert "`collector amd train` makes one" in detail


FAR = "http://10.0.0.9:8088"


@pytest.mark.parametrize(
    ("url", "more", "told"),
    [
        (FAR, "", True),
        (FAR, "    conversation: {answering: {detector: timing}}", False),
        (FAR, "    dialling: {origination: callfile}", False),
        ("http://127.0.0.1:8088", "", False),
    ],
)
def test_a_pbx_that_is_elsewhere_is_heard_by_timing_and_it_is_said(url: str, more: str, told: bool) -> None:
    far = configfile.parse(CONFIG.replace("ari: {", f"ari: {{url: '{url}', ") + more, {"DB": "secret"})
    findings = [(what, ok) for what, ok, _ in elsewhere(far)]
    assert [("fibra: who picked up", None)] * told == findings
    assert (set(SOUND) <= set(checks(far))) is (url != FAR)
