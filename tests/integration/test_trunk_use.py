"""What others use of a trunk, read from a real Asterisk: over ARI and at the console."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from tests.integration.ari_orders import attempt, order
from tests.lab.lab import Lab
from tests.lab.numbers import Ending, national, number
from worker import convert
from worker.core.enums import Origination
from worker.errors import PbxError
from worker.pbx.ari import AriClient
from worker.pbx.ari_dialler import AriDialler
from worker.pbx.callfile import CallFileDialler
from worker.pbx.trunk_use import AriUse, ConsoleUse, TrunkUse, Way
from worker.ports import Placed

WAYS = {"fibra": Way("OUT_1", "OUT_1"), "radio": Way("OUT_1", "OUT_1"), "vale": Way("OUT_2", "OUT_2")}


@pytest.fixture
def client(lab: Lab) -> Iterator[AriClient]:
    assert lab.settings.pbx.ari is not None
    with AriClient(lab.settings.pbx.ari) as one:
        yield one
        lab.pbx.rx("channel request hangup all")
        lab.wait_quiet()


def endpoint(n: int) -> str:
    return f"PJSIP/{national(number(Ending.NO_ANSWER, n))}@carrier"


def foreign(client: AriClient, n: int, group: str = "OUT_1", account: str = "") -> str:
    """A call of the office: its channel id."""
    name = f"1700000000.{n}"
    values = {"GROUP()": group, "CHANNEL(accountcode)": account}
    client.channels.originate(endpoint=endpoint(n), app="office", channelId=name, variables=values)
    return name


def ours(client: AriClient, *numbers: int, group: str = "OUT_1") -> None:
    orders = [replace(order(n, endpoint(n)), trunk_group=group) for n in numbers]
    placed = AriDialler(client, "collector").place(orders)
    assert {Placed.ACCEPTED} == {one.placed for one in placed}


def by_call_file(lab: Lab, n: int) -> None:
    one = replace(order(n, endpoint(n)), instance="radio", trunk_group="OUT_1", origination=Origination.CALLFILE)
    assert [Placed.ACCEPTED] == [placed.placed for placed in CallFileDialler(lab.settings.pbx).place([one])]


def until(what: Callable[[], object], wanted: object) -> None:
    deadline = time.monotonic() + 10
    while (seen := what()) != wanted:
        assert time.monotonic() < deadline, f"{seen} and not {wanted}"
        time.sleep(0.05)


def test_a_pbx_without_calls_has_its_trunks_free(lab: Lab, client: AriClient) -> None:
    assert {"OUT_1": 0, "OUT_2": 0} == AriUse(client, WAYS)()
    assert {"OUT_1": 0, "OUT_2": 0} == ConsoleUse(lab.settings.pbx.config, WAYS)()


def test_calls_of_others_are_told_from_ours_whichever_way_these_went_out(lab: Lab, client: AriClient) -> None:
    for n in range(3):
        foreign(client, n)
    foreign(client, 3, "OUT_2")
    foreign(client, 4, "OUT_7")  # a trunk that is none of ours
    foreign(client, 5, account="fibra")  # an office that uses our account code is not us
    ours(client, 10, 11)
    by_call_file(lab, 12)
    until(lambda: len(lab.pbx.channels()), 9)
    over_ari, at_console = AriUse(client, WAYS), ConsoleUse(lab.settings.pbx.config, WAYS)
    assert {"OUT_1": 4, "OUT_2": 1} == over_ari()
    # at the console nothing but the account code tells ours
    assert {"OUT_1": 3, "OUT_2": 1} == at_console()
    client.channels.hangup("1700000000.0")
    client.channels.hangup(attempt(10))
    until(lambda: len(lab.pbx.channels()), 7)
    assert {"OUT_1": 3, "OUT_2": 1} == over_ari()


def test_calls_of_ours_on_another_trunk_of_the_group_leave_this_one_less(client: AriClient) -> None:
    ours(client, 20, 21)
    ways = {"fibra": Way("north", "OUT_1"), "radio": Way("south", "OUT_1")}
    assert {"north": 0, "south": 2} == AriUse(client, ways)()


def test_calls_of_the_office_leave_us_fewer_channels(lab: Lab, client: AriClient) -> None:
    settings = lab.settings
    fibra = settings.instance("fibra")
    trunk = fibra.trunk.model_copy(update={"channels": 10, "keep_free": 2})
    fibra = fibra.model_copy(update={"trunk": trunk})
    passed = [0.0]
    use = TrunkUse(AriUse(client, convert.ways(settings)), monotonic=lambda: passed[0])
    assert 8 == convert.route(settings, fibra, use.others).channels
    for n in range(30, 35):
        foreign(client, n)
    ours(client, 36)
    assert 8 == convert.route(settings, fibra, use.others).channels  # read once a second
    passed[0] += 1
    assert 3 == convert.route(settings, fibra, use.others).channels
    for n in range(37, 42):
        foreign(client, n)
    passed[0] += 1
    assert 0 == convert.route(settings, fibra, use.others).channels


def test_a_pbx_that_does_not_answer_is_an_error_and_no_free_trunk(lab: Lab) -> None:
    assert lab.settings.pbx.ari is not None
    wrong = lab.settings.pbx.ari.model_copy(update={"password": SecretStr("wrong")})
    with AriClient(wrong) as stranger, pytest.raises(PbxError):
        AriUse(stranger, WAYS)()
    with pytest.raises(PbxError):
        ConsoleUse(lab.folder, WAYS)()
