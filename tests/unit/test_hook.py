"""The provider's own hook: what reaches it over HTTP and as a program, and what counts as taken."""

import hashlib
import hmac
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.certificate import make_certificate
from tests.lab.hook_server import Fault, HookServer
from worker.errors import HookFailed
from worker.hook.program import ProgramHook
from worker.hook.web import WebHook
from worker.hook_settings import PaymentHook

ATTEMPT = "01JTEST0000000000000000001"
NUMBER = "+5511987654321"
PAYLOAD = {"attempt_id": ATTEMPT, "first_name": 'Conceição "Bia"\n', "number": NUMBER, "pix": None}


@pytest.fixture
def server() -> Iterator[HookServer]:
    with HookServer() as running:
        yield running


def web(server: HookServer, **others: object) -> WebHook:
    return WebHook(PaymentHook.model_validate({"url": server.url, "timeout_seconds": 0.5, **others}))


def test_what_is_posted_is_json_with_the_attempt_as_its_key(server: HookServer) -> None:
    web(server).send(PAYLOAD)
    (posted,) = server.posted
    assert PAYLOAD == json.loads(posted.body)
    assert (ATTEMPT, "application/json") == (posted.headers["Idempotency-Key"], posted.headers["Content-Type"])
    assert "X-Collector-Signature" not in posted.headers


def test_what_is_posted_is_signed_with_the_secret(server: HookServer) -> None:
    web(server, secret="segredo-é").send(PAYLOAD)
    (posted,) = server.posted
    expected = hmac.new("segredo-é".encode(), posted.body, hashlib.sha256).hexdigest()
    assert f"sha256={expected}" == posted.headers["X-Collector-Signature"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault.ERROR, "HTTP 500"),
        (Fault.NOT_THERE, "HTTP 404"),
        (Fault.REDIRECT, "redirects"),
        (Fault.HANG, "within 0.5 seconds"),
        (Fault.TRICKLE, "too slowly"),
        (Fault.CUT, "broke off"),
        (Fault.HALF, "broke off"),
        (Fault.PAGE, "web page"),
        (Fault.NO_HTTP, "broke off"),
    ],
)
def test_every_fault_is_one_sentence_that_repeats_nothing_of_the_debtor(
    server: HookServer, fault: Fault, says: str
) -> None:
    server.faults = [fault]
    with pytest.raises(HookFailed, match=says) as caught:
        web(server).send(PAYLOAD)
    assert (True, False) == (str(caught.value).isprintable(), NUMBER[-8:] in str(caught.value))
    assert 1 == len(server.posted)  # nothing is tried twice here, and no redirect is followed
    web(server).send(PAYLOAD)


def test_a_yes_is_a_yes_whatever_comes_with_it(server: HookServer) -> None:
    server.faults = [Fault.GARBAGE]
    web(server).send(PAYLOAD)
    assert 1 == len(server.posted)


def test_a_hook_that_is_not_there_is_told() -> None:
    with HookServer() as gone:
        url = gone.url
    with pytest.raises(HookFailed, match="check that it runs"):
        WebHook(PaymentHook(url=url)).send(PAYLOAD)
    with pytest.raises(HookFailed, match="check that it runs"):
        WebHook(PaymentHook(url=url)).probe()


def test_a_hook_is_probed_without_posting_anything(server: HookServer) -> None:
    assert "127.0.0.1 can be reached" == web(server).probe()
    assert [] == server.posted


def test_a_hook_whose_certificate_nobody_trusts_is_told_and_gets_nothing(tmp_path: Path) -> None:
    with HookServer(make_certificate(tmp_path, "hook")) as secure:
        hook = web(secure, timeout_seconds=5)
        for attempt in (lambda: hook.send(PAYLOAD), hook.probe):
            with pytest.raises(HookFailed, match="no TLS that can be trusted"):
                attempt()
        assert [] == secure.posted


def test_a_hook_whose_certificate_is_trusted_is_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = make_certificate(tmp_path, "hook")
    monkeypatch.setattr("worker.hook.web.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    with HookServer((key, certificate)) as secure:
        assert "127.0.0.1 can be reached" == web(secure, timeout_seconds=5).probe()


def test_a_hook_that_takes_the_connection_and_says_nothing_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel takes it, and nobody shakes hands
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(HookFailed, match=r"within 0\.2 seconds"):
            WebHook(PaymentHook(url=url, timeout_seconds=0.2)).probe()


# --- a program -----------------------------------------------------------------------------------------


def program(folder: Path, text: str, *words: str, patience: float = 10) -> ProgramHook:
    file = folder / "send payment; x"  # a name that a shell would take apart
    file.write_text(f"#!/bin/sh\ncd '{folder}' || exit 9\n{text}\n")
    file.chmod(0o755)
    return ProgramHook(PaymentHook(command=(str(file), *words), timeout_seconds=patience))


def test_a_program_gets_it_on_its_standard_input_and_its_arguments_as_they_stand(tmp_path: Path) -> None:
    hook = program(tmp_path, "cat > got; printf '%s|' \"$@\" > words", "--a b", "$(touch made)", "'")
    hook.send(PAYLOAD)
    assert PAYLOAD == json.loads((tmp_path / "got").read_text(encoding="utf-8"))
    assert "--a b|$(touch made)|'|" == (tmp_path / "words").read_text()
    assert not (tmp_path / "made").exists()


def test_a_program_is_told_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLECTOR_DB_PASSWORD", "geheim")
    program(tmp_path, "env > got").send(PAYLOAD)
    assert {"PATH", "LANG"} <= set(dict(_pairs(tmp_path))) <= {"PATH", "LANG", "PWD", "OLDPWD", "SHLVL", "_"}


def _pairs(folder: Path) -> Iterator[tuple[str, str]]:
    for line in (folder / "got").read_text().splitlines():
        name, _, value = line.partition("=")
        yield name, value


def test_a_program_that_says_no_or_cannot_be_started_is_told(tmp_path: Path) -> None:
    with pytest.raises(HookFailed, match="ended with code 3"):
        program(tmp_path, "echo $0 >&2; exit 3").send(PAYLOAD)
    with pytest.raises(HookFailed, match="cannot be started"):
        ProgramHook(PaymentHook(command=(str(tmp_path / "none"),))).send(PAYLOAD)


def test_a_program_is_probed_without_being_run(tmp_path: Path) -> None:
    hook = program(tmp_path, "touch ran")
    assert "can be started" in hook.probe()
    assert not (tmp_path / "ran").exists()
    (tmp_path / "send payment; x").chmod(0o644)
    with pytest.raises(HookFailed, match="may not be run"):
        hook.probe()
    with pytest.raises(HookFailed, match="is no program"):
        ProgramHook(PaymentHook(command=(str(tmp_path),))).probe()


def test_a_program_that_reads_nothing_may_say_yes(tmp_path: Path) -> None:
    program(tmp_path, "exec 0<&-; exit 0").send({**PAYLOAD, "more": "x" * 1_000_000})


def test_a_program_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    hook = program(tmp_path, "sleep 60 & echo $! > child; wait", patience=0.5)
    began = time.monotonic()
    with pytest.raises(HookFailed, match=r"over 0\.5 seconds"):
        hook.send(PAYLOAD)
    assert time.monotonic() - began < 30
    child = int((tmp_path / "child").read_text())
    assert _gone(child)


def _gone(pid: int) -> bool:
    """A process that was ended may stay for a moment as one that nobody has looked at."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
