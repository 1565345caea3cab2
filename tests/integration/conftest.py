"""A PBX and its carrier for the tests of a module; nothing of theirs needs a CDR."""

import shutil
from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    if shutil.which("asterisk", path="/usr/sbin:/usr/bin:/sbin") is None:
        pytest.skip("no asterisk on this machine; ./install.sh test installs it")
    with Lab(cdr="none") as one:
        one.install_dialplan()
        yield one
