"""A small chaos run: real calls while every part is killed, frozen, cut off or misled at least once.

The whole one is `./install.sh chaos`: 1,000 calls.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.acceptance import campaign
from tests.chaos import stepped
from tests.chaos.mischief import WEIGHTS
from tests.chaos.run import run
from tests.lab.lab import Lab
from tests.lab.site import Site, wait_until

CALLS = 60


@pytest.mark.timeout(600)
def test_whatever_is_killed_nobody_is_called_too_often_and_every_attempt_has_one_outcome() -> None:
    said: list[str] = []
    found = run(CALLS, 4, every=1.8, channels=15, hurry=True, longest=40, say=said.append)
    assert [] == [name for name, times in found.faults.items() if times], "\n".join(said + found.lines())
    assert [] == [kind for kind in WEIGHTS if found.facts[kind] == "0 times"]
    assert CALLS // 2 < int(str(found.facts["INVITEs at the carrier"]))


@pytest.fixture
def early(lab: Lab) -> Iterator[Site]:
    """Collector on a machine whose clock is half an hour fast."""
    campaign.configure(lab)
    clock = lab.folder / stepped.FILE
    stepped.step_to(clock, 1800)
    with Site(lab.config_file, lab.folder, "tests.chaos.stepped") as site:
        site.run("migrate")
        yield site
    clock.unlink()


def test_a_clock_that_is_put_back_does_not_stop_the_schedule_until_it_has_caught_up(lab: Lab, early: Site) -> None:
    service = early.start("service")
    wait_until("a leader", lambda: "instances=" in service.log.read_text(), 40)
    now = datetime.now(UTC)
    stepped.step_to(lab.folder / stepped.FILE, 0)
    runs = f"SELECT * FROM collector.job_run WHERE job = 'reconcile' AND started_at > '{now:%Y-%m-%d %H:%M:%S}'"
    wait_until("two reconciliations", lambda: len(campaign.rows(lab, runs)) >= 2, 60, 0.5)
    assert "the clock was put back" in service.log.read_text()
    assert 0 == service.stop(20)
