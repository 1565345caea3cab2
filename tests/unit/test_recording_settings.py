"""Recording as settings say it: which orders carry it, what doctor says, what a wrong question is told."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer.testing

from tests.unit.test_configfile import ENV
from worker import configfile, convert, doctor_pbx
from worker.app import App
from worker.cli import main  # noqa: F401  registers the commands
from worker.commands.base import app
from worker.core.enums import AttemptState, Origination
from worker.core.model import Attempt
from worker.core.recording import recording_of
from worker.errors import UsageError
from worker.settings import Settings

CONFIG = """
database: {user: collector, password: {env: DB}}
pbx: {monitor: MONITOR}
instances:
  - id: fibra
    zone: America/Manaus
    company: Fibra Serra
    caller_id: "+551133330000"
    source: {type: csv, clients: /c.csv, bills: /b.csv}
    trunk: {endpoint: "PJSIP/{number}@t"}
    dialling: {origination: callfile}
    recording: {enabled: true}
  - id: radio
    company: Radio
    caller_id: "+551133330001"
    source: {type: csv, clients: /c.csv, bills: /b.csv}
    trunk: {endpoint: "PJSIP/{number}@t"}
    dialling: {origination: callfile}
"""
ATTEMPT = "01KAHB3J9Z0123456789ABCDEF"


def settings(monitor: Path, text: str = CONFIG) -> Settings:
    return configfile.parse(text.replace("MONITOR", str(monitor)), ENV)


def attempt(instance: str) -> Attempt:
    return Attempt(
        attempt_id=ATTEMPT,
        instance=instance,
        entry_id=1,
        client_id="77",
        client_name="Maria",
        number="+5511987654321",
        origination=Origination.CALLFILE,
        state=AttemptState.RESERVED,
        total=Decimal(1),
        bill_count=1,
        oldest_due=date(2026, 10, 1),
        reserved_at=datetime(2026, 11, 21, tzinfo=UTC),
    )


def test_only_calls_of_an_instance_that_records_carry_a_recording_named_in_its_own_zone(tmp_path: Path) -> None:
    fibra, radio = settings(tmp_path).instances
    expected = recording_of(ATTEMPT, "fibra", ZoneInfo("America/Manaus"))
    assert expected == convert.dial_order(fibra, attempt("fibra")).recording
    assert convert.dial_order(radio, attempt("radio")).recording is None


def test_doctor_says_where_and_how_much_room_there_is(tmp_path: Path) -> None:
    ((what, ok, says),) = doctor_pbx.recording(App(settings(tmp_path)))
    assert ("recordings", True) == (what, ok)
    assert says.startswith(f"fibra: in {tmp_path}, ")
    ((_, ok, says),) = doctor_pbx.recording(App(settings(tmp_path / "none")))
    assert ok is False
    assert "create it for asterisk, or correct pbx.monitor" in says


def test_doctor_says_nothing_where_nobody_records(tmp_path: Path) -> None:
    text = CONFIG.replace("enabled: true", "enabled: false")
    assert [] == list(doctor_pbx.recording(App(settings(tmp_path / "none", text))))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--attempt", "x", "--number", "y"), "--attempt, --number and --day are three questions"),
        (("--number", "x"), "that is no Brazilian telephone number"),
        (("--instance", "x"), "there is no instance x"),
    ],
)
def test_a_wrong_question_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], sentence: str
) -> None:
    file = tmp_path / "collector.yaml"
    file.write_text(CONFIG.replace("MONITOR", str(tmp_path)), encoding="utf-8")
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    done = typer.testing.CliRunner().invoke(app, ["--config", str(file), "recordings", *arguments])
    assert isinstance(done.exception, UsageError)
    assert sentence in str(done.exception)
