"""Who does side work, and where its broker may be: an address that holds a password is never repeated."""

from typing import Any

import pytest

from tests.unit.test_configfile import ENV, GOOD, problems
from worker import configfile
from worker.errors import ConfigError

SECRET = "hunter2"  # invented


def told(broker: str | None, **keys: Any) -> list[str]:
    """The problems of a schedule with this broker."""
    named = "" if broker is None else ", broker: {env: BROKER}"
    others = "".join(f", {key}: {value}" for key, value in keys.items())
    text = f"{GOOD}schedule: {{runner: celery{named}{others}}}\n"
    try:
        configfile.parse(text, {**ENV, "BROKER": broker or "none"}, name="f.yaml")
    except ConfigError as error:
        return error.problems
    return []


@pytest.mark.parametrize(
    "address",
    [
        "redis://127.0.0.1:6379/0",
        f"redis://:{SECRET}@localhost/3",
        "redis://[::1]:6379/0",
        "redis+socket:///run/redis/redis.sock",
        f"redis+socket://:{SECRET}@/run/redis/redis.sock?virtual_host=3",
        f"amqp://collector:{SECRET}@127.0.0.1:5672/collector",
    ],
)
def test_a_broker_on_this_machine_is_taken(address: str) -> None:
    assert [] == told(address)


def test_one_on_another_machine_only_when_its_host_is_named() -> None:
    address = f"redis://:{SECRET}@Redis.example.com.br/0"
    elsewhere = "the broker is on another machine; write its name or address as broker_host, or move it here"
    assert [f"f.yaml, line 11: schedule: {elsewhere}"] == told(address)
    assert [f"f.yaml, line 11: schedule: {elsewhere}"] == told(address, broker_host="other.example.com.br")
    assert [] == told(address, broker_host="Redis.example.com.br")


@pytest.mark.parametrize(
    "address",
    [
        SECRET,
        f"http://:{SECRET}@127.0.0.1",
        f"redis://:{SECRET}@/0",  # no host: the library would choose one
        f"redis://:{SECRET}@127.0.0.1:port/0",
        f"redis://:{SECRET}@127.0.0.1/0?hostname=elsewhere",  # kombu would go there
        f"redis://:{SECRET}@127.0.0.1/0;redis://elsewhere/0",
        f"redis+socket://:{SECRET}@elsewhere/run/redis.sock",
        f"redis+socket://:{SECRET}@/run/redis.sock?hostname=elsewhere",
        "redis+socket:///",
        f"rediss://:{SECRET}@127.0.0.1/0",
    ],
)
def test_what_is_no_address_of_a_broker_is_refused_without_being_repeated(address: str) -> None:
    (problem,) = told(address, broker_host="elsewhere")
    assert problem.startswith(
        "f.yaml, line 11: schedule: broker is no address of a broker; write one like redis://"
    )
    assert SECRET not in problem


def test_celery_wants_a_broker() -> None:
    (problem,) = told(None)
    assert "f.yaml, line 11: schedule: runner is celery and there is no broker" in problem


def test_a_broker_alone_changes_nothing() -> None:
    environ = {**ENV, "BROKER": "redis://127.0.0.1:6379/0"}
    settings = configfile.parse(f"{GOOD}schedule: {{broker: {{env: BROKER}}}}", environ)
    assert "scheduler" == settings.schedule.runner


def test_an_address_does_not_stand_in_the_file() -> None:
    (problem,) = problems(f"{GOOD}schedule: {{runner: celery, broker: 'redis://:{SECRET}@127.0.0.1/0'}}\n")
    assert problem.startswith("f.yaml, line 11: broker: secrets do not stand in this file")
    assert SECRET not in problem
