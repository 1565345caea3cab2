"""`collector payments` and `collector run payments` as an administrator types them, over a real database."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.contract.store_data import LINE, attempt_id, bill, number_of
from tests.lab.hook_server import Fault, HookServer
from tests.lab.mariadb import PASSWORD, USER, PrivateMariaDb
from worker import cli
from worker.commands.base import app
from worker.settings import ROOT
from worker.store.mariadb import OpenStore
from worker.store_ports import Store

Run = Callable[..., Result]
CONFIG = """
database: {{user: {user}, port: {port}, password: {{file: {secret}}}}}
pbx: {{}}
instances:
  - id: radio
    company: Rádio Vale
    caller_id: "+551144440000"
    source: {{type: csv, clients: c.csv, bills: b.csv}}
    trunk: {{endpoint: "PJSIP/{{number}}@carrier"}}
    dialling: {{origination: callfile}}
    payment_hook: {{url: "{url}", secret: {{file: {secret}}}, timeout_seconds: 2}}
"""


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with HookServer() as running:
        yield running


@pytest.fixture
def store(opened: OpenStore) -> Store:
    """Two callees asked; the first owes a bill with a line, of the second nothing is known."""
    now = datetime.now(UTC)
    due = (now - timedelta(days=30)).date()
    opened.store.catalogue.replace_bills("radio", [replace(bill(1, due=due), pay_line=LINE)], now)
    for n in (1, 2):
        asked = now - timedelta(minutes=3 - n)
        opened.store.payments.request(attempt_id(n), "radio", f"c{n:04}", number_of(n), asked)
    return opened.store


@pytest.fixture
def run(server: PrivateMariaDb, hook: HookServer, tmp_path: Path) -> Run:
    assert cli.COMMANDS
    secret, config = tmp_path / "secret", tmp_path / "collector.yaml"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    config.write_text(CONFIG.format(user=USER, port=server.port, secret=secret, url=hook.url), encoding="utf-8")
    return lambda *words: CliRunner().invoke(app, ["-c", str(config), *words])


def test_what_was_asked_for_is_sent_and_listed_with_masked_numbers(
    run: Run, store: Store, hook: HookServer
) -> None:
    assert store
    before = run("payments").stdout
    assert (2, False) == (before.count("waiting"), number_of(1) in before)
    sent = run("run", "payments", "--json")
    assert 0 == sent.exit_code, sent.output + repr(sent.exception)
    (posted,) = hook.posted
    assert (attempt_id(1), LINE) == (
        posted.headers["Idempotency-Key"],
        json.loads(posted.body)["bills"][0]["line"],
    )
    second, first = json.loads(run("payments", "--json").stdout)
    assert (attempt_id(1), "sent", 1, "", None) == tuple(
        first[name] for name in ("attempt_id", "state", "tries", "error", "next_try_at")
    )
    assert ("failed", "+5511*******02") == (second["state"], second["number"])
    assert "nothing is owed any more" in second["error"]
    assert [] == json.loads(run("run", "payments", "--json").stdout)


def test_a_hook_that_fails_is_an_exit_code_and_a_line_of_the_list(
    run: Run, store: Store, hook: HookServer
) -> None:
    hook.faults = [Fault.ERROR]
    assert 1 == run("run", "payments").exit_code
    (told,) = [one for one in json.loads(run("payments", "--json").stdout) if one["state"] == "waiting"]
    assert ("the payment hook answered HTTP 500: see its own log", 1) == (told["error"], told["tries"])
    assert told["next_try_at"]
    assert [] == store.alarms.listing()


def test_where_nobody_asked_the_list_says_so(run: Run, opened: OpenStore) -> None:
    assert opened
    assert "nobody has asked" in run("payments").stdout
    assert 1 == len(run("payments", "-i", "radio", "--limit", "1").stdout.splitlines())
    assert "there is no instance fibra" in str(run("payments", "-i", "fibra").exception)


@pytest.mark.usefixtures("run", "store")
def test_the_service_sends_what_is_asked_for_within_moments(hook: HookServer, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "worker", "-c", str(tmp_path / "collector.yaml"), "service"]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as service,
    ):
        try:
            until = time.monotonic() + 60
            while not hook.posted and time.monotonic() < until:
                time.sleep(0.2)
        finally:
            service.terminate()
            code = service.wait(60)
    said = (tmp_path / "log").read_text(encoding="utf-8")
    assert ([attempt_id(1)], 0) == ([one.headers["Idempotency-Key"] for one in hook.posted], code), said
    assert not [secret for secret in (number_of(1), number_of(1)[-8:], LINE) if secret in said]
