"""A call that is to be recorded is sent to the recorder first, and talked to when it comes back."""

from collections.abc import Iterator

import pytest

from tests.integration.ari_faults import Fault
from tests.integration.ari_orders import attempt
from tests.integration.test_ari_stasis import Site
from worker.pbx import variables


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site()
    one.up()
    yield one
    one.close()


def test_it_is_sent_to_the_recorder_and_talked_to_when_it_comes_back(site: Site) -> None:
    site.server.enter(attempt(1), attempt(1), variables.STASIS_RECORD)
    assert site.server.wait_for(f"POST .*{attempt(1)}/continue")
    site.until(lambda: [attempt(1)] == site.talks.begun)
    assert 1 == site.app.talking  # it took one place, once
    (body,) = [one for one in site.server.bodies if "context" in one]
    assert {"context": "collector-record", "extension": "by-event", "priority": 1} == body


def test_when_all_places_are_taken_it_is_hung_up_unrecorded(site: Site) -> None:
    site.answer(1, 2, 3)
    site.until(lambda: 3 == site.app.talking)
    site.server.enter(attempt(4), attempt(4), variables.STASIS_RECORD)
    site.until(lambda: attempt(4) not in site.server.channels)
    assert not [one for one in site.server.requests if "/continue" in one]


def test_when_the_pbx_will_not_send_it_on_it_is_hung_up(site: Site) -> None:
    assert site.server.wait_for("GET /ari/channels$")  # what is found in silence then is hung up anyway
    site.server.faults.append(Fault("POST .*/continue"))
    site.server.enter(attempt(1), attempt(1), variables.STASIS_RECORD)
    site.until(lambda: attempt(1) not in site.server.channels)
    assert [] == site.talks.begun


@pytest.mark.parametrize("second", ["", "records", "record,record"])
def test_only_the_very_word_means_it(site: Site, second: str) -> None:
    site.server.enter(attempt(1), attempt(1), *second.split(","))
    site.until(lambda: 1 == site.app.talking)
    assert not [one for one in site.server.requests if "/continue" in one]
