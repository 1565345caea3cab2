"""Logs: one line per event, readable or JSON, and nothing in them that points at a person."""

import io
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from worker import log
from worker.errors import ConfigError
from worker.settings import Log

ULID = "01KAHB3J9Z0123456789ABCDEF"
NUMBER = "+5511987654321"


def written(settings: Log, say: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> str:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    log.configure(settings)
    say()
    return stream.getvalue()


JSON = Log.model_validate({"json": True})


def test_a_json_line_holds_time_level_logger_context_and_values(monkeypatch: pytest.MonkeyPatch) -> None:
    def say() -> None:
        with structlog.contextvars.bound_contextvars(attempt=ULID):
            structlog.get_logger("agi.x").info("answered", number=NUMBER, cause=16, name="José")

    line = json.loads(written(JSON, say, monkeypatch))
    assert line.pop("timestamp").startswith("20")
    assert {
        "event": "answered", "level": "info", "logger": "agi.x", "attempt": ULID,
        "number": "***4321", "cause": 16, "name": "José",
    } == line  # fmt: skip


def test_the_standard_librarys_records_are_masked_and_look_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.loads(
        written(
            JSON, lambda: logging.getLogger("lib").warning("calling %s", NUMBER, extra={"to": NUMBER}), monkeypatch
        )
    )
    assert ("calling ***4321", "***4321", "lib", "warning") == (
        line["event"],
        line["to"],
        line["logger"],
        line["level"],
    )


@pytest.mark.parametrize("settings", [JSON, Log()])
def test_exception_texts_are_masked(settings: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def say() -> None:
        try:
            int(f"{NUMBER} of 529.982.247-25")
        except ValueError:
            structlog.get_logger("x").exception("failed")
            logging.getLogger("y").exception("failed")

    text = written(settings, say, monkeypatch)
    assert 2 == text.count("'***4321 of [cpf]'")
    assert "Traceback" in text


def test_a_console_line_is_one_line_and_sends_no_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    text = written(
        Log(), lambda: structlog.get_logger("x").info("a\nb\x1b[2J", name="c\nd", other="e\x1bf"), monkeypatch
    )
    assert 1 == text.count("\n")
    assert "\x1b" not in text
    assert "a\\nb" in text


def test_what_is_below_the_level_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def say() -> None:
        structlog.get_logger("x").info("quiet")
        logging.getLogger("x").info("quiet")
        structlog.get_logger("x").warning("loud")

    text = written(Log(level="warning"), say, monkeypatch)
    assert "quiet" not in text
    assert "loud" in text


def test_being_configured_twice_writes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    log.configure(JSON)
    assert 1 == written(JSON, lambda: structlog.get_logger("x").info("once"), monkeypatch).count("once")


def test_a_closed_or_missing_stream_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    log.configure(Log())
    stream.close()
    structlog.get_logger("x").info("nobody reads this")
    monkeypatch.setattr(sys, "stderr", None)
    structlog.get_logger("x").info("nor this")
    log.configure(Log())


def test_a_bad_argument_of_a_log_call_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    record = logging.LogRecord("x", logging.WARNING, "x.py", 1, "%d", (NUMBER,), None)
    text = written(JSON, lambda: logging.getLogger().handlers[-1].handle(record), monkeypatch)
    assert NUMBER not in text
    assert "could not be written" in text


def test_a_file_is_not_for_every_user_and_survives_rotation(tmp_path: Path) -> None:
    path = tmp_path / "collector.log"
    log.configure(Log(file=path))
    structlog.get_logger("x").info("first")
    assert 0 == path.stat().st_mode & 0o007
    path.rename(tmp_path / "collector.log.1")
    structlog.get_logger("x").info("second")
    assert "first" in (tmp_path / "collector.log.1").read_text()
    assert "second" in path.read_text()


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"log.file: .*cannot be written"):
        log.configure(Log(file=tmp_path / "nowhere" / "x.log"))
