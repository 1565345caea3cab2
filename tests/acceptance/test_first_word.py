"""How soon somebody who picks up, or presses a key, hears us: from the RTP that reaches him, on both paths.

The figures that count are printed by `./install.sh bench talk`; here a loaded machine passes, dead air does not.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.bench import dial, talk

CALLS = 6
LATEST = {dial.NAME: 1.0, "benchfile": 2.0}  # seconds, median


@pytest.fixture(scope="module")
def bed() -> Iterator[talk.Bed]:
    with ExitStack() as stack:
        yield talk.prepare(stack, CALLS, words_per_minute=300)


@pytest.mark.parametrize("instance", LATEST)
def test_everybody_hears_us_soon_and_his_debt_after_his_key(bed: talk.Bed, instance: str) -> None:
    figures = talk.ours(bed, CALLS, instance)
    assert CALLS == figures["calls"]
    assert 0 < figures["first_median"] < LATEST[instance]
    assert 0 < figures["key_median"] < LATEST[instance]
