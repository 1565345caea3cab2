"""Ending calls on a real Asterisk: ringing and answered, over ARI and over call files, with ARI and by console."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.integration.ari_orders import attempt as id_of
from tests.integration.ari_orders import order
from tests.lab.lab import Lab
from tests.lab.numbers import Ending, national, number
from tests.lab.site import wait_until
from worker.core.enums import AttemptState, Origination
from worker.core.model import Attempt
from worker.pbx.ari import AriClient
from worker.pbx.callfile import CallFileDialler
from worker.pbx.hangup import LiveCutter
from worker.ports import DialOrder, Placed

SECONDS = 2.0  # within which a call must be gone


@pytest.fixture
def client(lab: Lab) -> Iterator[AriClient]:
    assert lab.settings.pbx.ari is not None
    with AriClient(lab.settings.pbx.ari) as started:
        yield started


def spooled(n: int) -> DialOrder:
    """A call that rings on; nobody answers."""
    callee = number(Ending.NO_ANSWER, n)
    return replace(order(n, f"PJSIP/{national(callee)}@carrier", callee), origination=Origination.CALLFILE)


def attempt(n: int, origination: Origination) -> Attempt:
    return Attempt(
        id_of(n), "fibra", n, str(n), "Ana", "+5511961010001", origination, AttemptState.DIALING,
        Decimal(1), 1, date(2026, 1, 1), datetime.now(UTC),
    )  # fmt: skip


def ringing(lab: Lab, n: int) -> None:
    """Put a call file into the spool and wait for its channel."""
    before = len(lab.pbx.channels())
    placed = CallFileDialler(lab.settings.pbx).place([spooled(n)])
    assert [Placed.ACCEPTED] == [one.placed for one in placed]
    wait_until("the call", lambda: len(lab.pbx.channels()) > before, 10)


@pytest.mark.parametrize("ari", [True, False])
def test_a_call_files_ringing_call_is_hung_up_and_another_rings_on(lab: Lab, client: AriClient, ari: bool) -> None:
    mine, other = (10, 11) if ari else (12, 13)
    ringing(lab, mine)
    ringing(lab, other)
    cutter = LiveCutter(client if ari else None, lab.settings.pbx)
    began = time.monotonic()
    assert {id_of(mine)} == cutter.cut([attempt(mine, Origination.CALLFILE)])
    wait_until("the end of the other", lambda: 1 == len(lab.pbx.channels()), SECONDS)
    assert time.monotonic() - began < SECONDS
    assert {id_of(other)} == cutter.cut([attempt(other, Origination.CALLFILE)])
    wait_until("the end of the call", lambda: [] == lab.pbx.channels(), SECONDS)
    assert set() == cutter.cut([attempt(n, Origination.CALLFILE) for n in (mine, other)])


def test_a_call_over_ari_is_hung_up_by_its_attempt(lab: Lab, client: AriClient) -> None:
    callees = {n: number(Ending.NO_ANSWER, n) for n in (20, 21)}
    for n, callee in callees.items():
        client.channels.originate(
            endpoint=f"PJSIP/{national(callee)}@carrier",
            app="collector",
            channelId=id_of(n),
            callerId="551133330000",
        )
    wait_until("two calls", lambda: 2 == len(lab.pbx.channels()), 10)
    assert {id_of(20)} == LiveCutter(client, lab.settings.pbx).cut([attempt(20, Origination.ARI)])
    wait_until("the end of the other", lambda: 1 == len(lab.pbx.channels()), SECONDS)
    assert [id_of(21)] == [one.id for one in client.channels.list()]
    client.channels.hangup(id_of(21))
    wait_until("the end of the call", lambda: [] == lab.pbx.channels(), SECONDS)


def test_a_file_whose_call_rings_says_so_and_stays_in_the_spool(lab: Lab) -> None:
    ringing(lab, 30)
    file = lab.settings.pbx.spool / f"{id_of(30)}.call"
    assert "StartRetry:" in file.read_text(encoding="utf-8")  # how a call begun is known
    nobody = LiveCutter(None, lab.settings.pbx, console=lambda _: "")  # a console that shows no channel
    assert set() == nobody.cut([attempt(30, Origination.CALLFILE)])
    assert file.exists()
    LiveCutter(None, lab.settings.pbx).cut([attempt(30, Origination.CALLFILE)])
    wait_until("the end of the call", lambda: [] == lab.pbx.channels(), SECONDS)
