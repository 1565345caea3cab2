"""One real PBX, carrier and database for all acceptance tests."""

from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Started once. A test that needs another CDR backend, other instances or a crash starts a Lab of its own."""
    with Lab() as running:
        yield running


@pytest.fixture
def quiet_lab(lab: Lab) -> Iterator[Lab]:
    """The same lab, checked to have no call left after the test."""
    yield lab
    lab.wait_quiet()
