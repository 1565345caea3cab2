"""The plain AGI scripts as Asterisk starts them, over pipes: nothing hangs, nothing but AGI on standard output."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.lab.site import ROOT

SCRIPTS = ("message", "outcome", "optout")
NUMBER = "11961010001"


@dataclass(frozen=True, slots=True)
class Done:
    """What a script said to the PBX, and how it went."""

    commands: list[str]
    errors: str
    seconds: float
    code: int

    @property
    def status(self) -> str:
        told = [line.split()[-1] for line in self.commands if line.startswith("SET VARIABLE COLLECTOR_STATUS")]
        return told[-1] if told else ""


def config(folder: Path, *, port: int) -> Path:
    file, password = folder / "collector.yaml", folder / "password"
    password.write_text("x", encoding="utf-8")
    password.chmod(0o600)
    instance = {
        "id": "fibra",
        "company": "Fibra",
        "default_ddd": "11",
        "caller_id": "+551133330000",
        "source": {"type": "csv", "clients": "/c", "bills": "/b"},
        "trunk": {"endpoint": "PJSIP/{number}@carrier"},
        "dialling": {"origination": "callfile"},
    }
    database = {"host": "127.0.0.1", "port": port, "user": "x", "password": {"file": str(password)}}
    text = yaml.safe_dump({"database": database, "pbx": {"owner": ""}, "instances": [instance]})
    file.write_text(text, encoding="utf-8")
    return file


def run(
    script: str, *args: str, env: Path | str, header: str = "", answer: str = "200 result=1", hang_up: bool = False
) -> Done:
    """As Asterisk does: header, then an answer to each command. `hang_up`: SIGHUP, and 511 to everything."""
    began = time.monotonic()
    process = subprocess.Popen(
        [str(ROOT / "agi" / f"collector-{script}"), *args],
        cwd="/",
        env={"PATH": os.environ["PATH"], "COLLECTOR_CONFIG": str(env)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    given = {"agi_request": script, "agi_callerid": NUMBER, "agi_uniqueid": "1700000000.1"}
    given |= {f"agi_arg_{index}": value for index, value in enumerate(args, start=1)}
    head = header or "".join(f"{key}: {value}\n" for key, value in given.items()) + "\n"
    watchdog = threading.Timer(40, process.kill)
    watchdog.start()
    commands = []
    try:
        process.stdin.write(head.encode())
        process.stdin.flush()
        for line in process.stdout:
            commands.append(line.decode().rstrip("\n"))
            if hang_up and len(commands) == 1:
                process.send_signal(signal.SIGHUP)
                answer = "511 Command Not Permitted on a dead channel or intercept routine"
            process.stdin.write(f"{answer}\n".encode())
            process.stdin.flush()
    except BrokenPipeError:
        pass
    code = process.wait(30)
    watchdog.cancel()
    errors = process.stderr.read().decode()
    for stream in (process.stdin, process.stdout, process.stderr):
        with suppress(BrokenPipeError):
            stream.close()
    return Done(commands, errors, time.monotonic() - began, code)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and never says a word: a database that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def only_agi(done: Done) -> bool:
    return all(line.startswith(("SET VARIABLE ", "VERBOSE ", "ANSWER")) for line in done.commands)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_database_that_is_down_is_said_at_once(tmp_path: Path, script: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        done = run(
            script,
            NUMBER,
            "confirmed" if script == "outcome" else "",
            env=config(tmp_path, port=taken.getsockname()[1]),
        )
    assert ("UNAVAILABLE", 0) == (done.status, done.code)
    assert only_agi(done)
    assert "Traceback" not in done.errors
    assert NUMBER not in "".join(done.commands) + done.errors
    assert f'VERBOSE "Collector {script}: UNAVAILABLE, ' in done.commands[-1]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_database_that_hangs_holds_nobody(tmp_path: Path, silent_port: int, script: str) -> None:
    done = run(script, NUMBER, "confirmed" if script == "outcome" else "", env=config(tmp_path, port=silent_port))
    assert "UNAVAILABLE" == done.status
    assert done.seconds < 16
    assert "Traceback" not in done.errors


def test_what_is_true_is_said_before_anything_is_tried(tmp_path: Path, silent_port: int) -> None:
    done = run("optout", NUMBER, env=config(tmp_path, port=silent_port))
    assert "SET VARIABLE COLLECTOR_STATUS UNAVAILABLE" == done.commands[0]


@pytest.mark.parametrize("content", [None, "", "][", "database: {}"])
def test_a_configuration_that_cannot_be_used_is_one_sentence(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "collector.yaml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    done = run("optout", NUMBER, env=file)
    assert "UNAVAILABLE" == done.status
    assert "the configuration cannot be used; run `collector check-config`" in done.commands[-1]


@pytest.mark.parametrize("script", SCRIPTS)
def test_when_the_caller_has_gone_it_ends_quietly(tmp_path: Path, silent_port: int, script: str) -> None:
    done = run(script, NUMBER, env=config(tmp_path, port=silent_port), hang_up=True)
    assert done.seconds < 16
    assert "Traceback" not in done.errors


@pytest.mark.parametrize("header", ["\n\n", "GET / HTTP/1.1\n\n", "agi_x\n\n", "agi_request: x\n"])
def test_who_is_not_asterisk_is_told_so(tmp_path: Path, header: str) -> None:
    done = run("optout", env=config(tmp_path, port=1), header=header, answer="what?")
    assert done.seconds < 16
    assert "Traceback" not in done.errors


def test_a_name_that_is_no_script_does_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / ".venv/bin/python", "-m", "agi.plain", "reboot"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "COLLECTOR_CONFIG": str(tmp_path / "none")},
        input=b"agi_request: x\n\n200 result=1\n200 result=1\n200 result=1\n",
        capture_output=True,
        timeout=40,
        check=False,
    )
    assert b"SET VARIABLE COLLECTOR_STATUS UNAVAILABLE" in done.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_executable_and_says_how_it_is_called(script: str) -> None:
    file = ROOT / "agi" / f"collector-{script}"
    assert os.access(file, os.X_OK)
    assert f"AGI(/opt/collector/agi/collector-{script}" in file.read_text(encoding="utf-8")
