"""What stays within this machine, and what only looks like it."""

import pytest

from worker.hosts import is_this_machine


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LocalHost"])
def test_loopback_is_this_machine(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize(
    "host", ["", "10.0.0.1", "::2", "192.168.0.1", "localhost.example.com", "127.0.0.1.example.com", "pbx"]
)
def test_everything_else_is_not(host: str) -> None:
    assert not is_this_machine(host)
