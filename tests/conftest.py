"""For every test: what a failing run must not leave behind, and property tests that fail the same way twice."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# No deadline: two cores shared with a PBX make single examples slow at times. Derandomised: a red run stays red.
settings.register_profile("collector", deadline=None, derandomize=True)
settings.load_profile("collector")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Logging belongs to the whole test run: a command that was tried has set it up for itself."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in [one for one in root.handlers if one not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
