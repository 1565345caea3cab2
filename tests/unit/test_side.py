"""Celery as we set it up: one task, JSON only, nothing that dials; and what is said without it."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import Retry
from celery.worker.consumer.consumer import CONNECTION_ERROR, CONNECTION_RETRY
from structlog.testing import capture_logs

from worker import side
from worker.errors import SourceRefused
from worker.jobs.history import Report
from worker.schedule import At, Due, Every
from worker.settings import ROOT

REDIS = "redis://127.0.0.1:6379/0"
PLAN = [Due("bills", "fibra", Every(3600), at_once=True), Due("clients", "fibra", At("UTC", 15, 7, "mon"))]
BUSY = [Report("sync", "fibra", "failed", error="another sync of this instance is running")]


def made(broker: str = REDIS, run: side.Runner = lambda *_: [], longest: int = 7200) -> Celery:
    return side.make(broker, PLAN, "America/Sao_Paulo", longest, run)


def ours(app: Celery) -> list[str]:
    return [name for name in app.tasks if not name.startswith("celery.")]


# --- what is set ---------------------------------------------------------------------------------------


def test_there_is_one_task_and_it_carries_two_words() -> None:
    app = made()
    assert [side.TASK] == ours(app)
    entry = app.conf.beat_schedule["bills fibra"]
    assert ("bills", "fibra") == entry["args"]
    assert {"task", "args", "schedule", "options"} == set(entry)


def test_only_json_is_read_nothing_is_kept_and_a_job_is_acknowledged_when_it_is_done() -> None:
    conf = made().conf
    assert (["json"], "json", None) == (conf.accept_content, conf.task_serializer, conf.result_backend)
    assert (True, True, 1) == (conf.task_acks_late, conf.task_ignore_result, conf.worker_prefetch_multiplier)
    assert not conf.worker_enable_remote_control


@pytest.mark.parametrize("longest", [10, 600, 7200, 86400])
def test_a_job_is_stopped_before_it_is_killed_and_delivered_again_only_after_that(longest: int) -> None:
    conf = made(longest=longest).conf
    again = conf.broker_transport_options["visibility_timeout"]
    assert conf.task_soft_time_limit < conf.task_time_limit == longest < again
    assert side.Limits(longest).pause < again


def test_rabbitmq_is_told_to_wait_for_an_acknowledgement_as_long() -> None:
    app = made("amqp://collector:pw@127.0.0.1/vhost", longest=1000)
    assert {"x-consumer-timeout": 1_200_000} == app.amqp.queues[side.QUEUE].queue_arguments
    assert {} == app.conf.broker_transport_options


def test_the_times_are_those_of_the_plan() -> None:
    schedule = made().conf.beat_schedule
    assert 3600 == schedule["bills fibra"]["schedule"].run_every.total_seconds()
    assert {"expires": 3600} == schedule["bills fibra"]["options"]
    weekly = schedule["clients fibra"]["schedule"]
    assert ({15}, {7}, {1}) == (weekly.minute, weekly.hour, weekly.day_of_week)
    assert {"expires": 7 * 86400} == schedule["clients fibra"]["options"]


def test_the_environment_does_not_move_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://elsewhere/0")
    monkeypatch.setenv("CELERY_RESULT_BACKEND", "redis://elsewhere/0")
    conf = made().conf
    assert (REDIS, None) == (conf.broker_url, conf.result_backend)


# --- the task ------------------------------------------------------------------------------------------


@pytest.fixture
def kept_signal() -> Iterator[None]:
    """The task sets how its process is asked to stop."""
    import signal  # noqa: PLC0415  # only here

    before = signal.getsignal(signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)


def told(run: side.Runner, retries: int = 0) -> list[dict[str, Any]]:
    """What is logged when the task runs here."""
    task = made("memory://", run).tasks[side.TASK]
    task.push_request(args=("bills", "fibra"), kwargs={}, retries=retries, called_directly=False, is_eager=False)
    try:
        with capture_logs() as logs:
            try:
                task.run("bills", "fibra")
            except Retry as again:
                return [*map(dict, logs), {"again in": again.when}]
        return list(map(dict, logs))
    finally:
        task.pop_request()


@pytest.mark.usefixtures("kept_signal")
def test_a_job_that_fails_is_told_once_and_not_tried_again() -> None:
    def refuse(job: str, instance: str) -> list[Report]:
        raise SourceRefused(f"the token is wrong for {job} of {instance}")

    (line,) = told(refuse)
    assert ("error", "the token is wrong for bills of fibra") == (line["log_level"], line["error"])


@pytest.mark.usefixtures("kept_signal")
def test_a_job_that_finds_another_under_way_is_tried_again_so_often_and_no_more() -> None:
    line, again = told(lambda *_: BUSY)
    assert ("info", "side work waits", {"again in": 60.0}) == (line["log_level"], line["event"], again)
    (line,) = told(lambda *_: BUSY, retries=side.TRIES)
    assert ("warning", "side work left out") == (line["log_level"], line["event"])


@pytest.mark.usefixtures("kept_signal")
def test_a_job_whose_failure_is_in_the_history_says_nothing_more() -> None:
    assert [] == told(lambda *_: [Report("bills", "fibra", "failed", error="no answer")])


# --- what is said of the broker ------------------------------------------------------------------------


def record(name: str, message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "", 0, message, args, None)


def test_a_broker_that_goes_and_comes_is_told_once_each() -> None:
    talk = side.BrokerTalk()
    refused = OSError("refused")
    with capture_logs() as logs:
        for _ in range(5):
            assert not talk.filter(record(side.CONSUMER, CONNECTION_ERROR, REDIS, refused, "again"))
        assert not talk.filter(record(side.CONNECTED, "Connected to %s", REDIS))
        assert not talk.filter(record(side.CONSUMER, "%s (%r)", CONNECTION_RETRY, refused))
        assert not talk.filter(record(side.CONSUMER, CONNECTION_ERROR, REDIS, refused, "again"))
        assert talk.filter(record(side.CONSUMER, "Received unregistered task of type %s.", "x"))
    assert ["error", "info", "error"] == [line["log_level"] for line in logs]


# --- without Celery ------------------------------------------------------------------------------------

CONFIG = """
database: {user: collector, password: {env: SECRET}, port: 1}
pbx: {}
instances:
  - id: fibra
    company: Fibra
    caller_id: "+551133330000"
    source: {type: csv, clients: c.csv, bills: b.csv}
    trunk: {endpoint: "PJSIP/{number}@carrier"}
    dialling: {origination: callfile}
"""


def collector(folder: Path, schedule: str) -> tuple[int, str]:
    """`collector side` where Celery is not installed."""
    (folder / "c.yaml").write_text(f"{CONFIG}schedule: {schedule}\n", encoding="utf-8")
    without = "import sys; sys.modules['celery'] = None; from worker.cli import main; main()"
    command = [sys.executable, "-c", without, "--config", str(folder / "c.yaml"), "side"]
    environ = {"SECRET": "s3cret", "BROKER": REDIS}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ("{runner: celery, broker: {env: BROKER}}", "Celery is not installed here: run ./install.sh pbx again"),
        ("{}", "schedule.runner is scheduler: the service does side work itself"),
    ],
)
def test_one_sentence_says_what_to_do(tmp_path: Path, schedule: str, sentence: str) -> None:
    code, said = collector(tmp_path, schedule)
    assert (2, 1) == (code, len(said.splitlines())), said
    assert said.startswith(sentence)


def test_no_other_command_imports_celery() -> None:
    look = "import sys, worker.cli, worker.service; sys.exit('celery' in sys.modules or 'kombu' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", look], cwd=ROOT, check=False).returncode


def test_what_the_task_is_made_of_knows_no_dialler() -> None:
    look = "import sys, worker.side, worker.side_beat, worker.side_jobs; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=False)
    loaded = done.stdout.split()
    assert "worker.jobs.sync" in loaded, done.stderr
    assert [] == [one for one in loaded if one.startswith(("worker.pbx", "worker.app", "worker.jobs.dial"))]
