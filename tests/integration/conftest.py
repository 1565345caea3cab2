"""A PBX and its carrier for the tests of a module, most of which need no CDR; a stand-in ARI for each test."""

import shutil
from collections.abc import Iterator

import pytest

from tests.integration.ari_server import AriServer
from tests.lab.lab import Lab
from tests.lab.pbx_config import Cdr
from worker.pbx.ari import AriClient


@pytest.fixture(scope="module")
def cdr() -> Cdr:
    """How the module's PBX writes its call records."""
    return "none"


@pytest.fixture(scope="module")
def lab(cdr: Cdr) -> Iterator[Lab]:
    if shutil.which("asterisk", path="/usr/sbin:/usr/bin:/sbin") is None:
        pytest.skip("no asterisk on this machine; ./install.sh test installs it")
    with Lab(cdr=cdr) as one:
        one.install_dialplan()
        yield one


@pytest.fixture
def server() -> Iterator[AriServer]:
    one = AriServer()
    one.start()
    yield one
    one.stop()


@pytest.fixture
def client(server: AriServer) -> Iterator[AriClient]:
    with AriClient(server.settings) as one:
        yield one
