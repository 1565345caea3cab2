"""Orders placed over ARI, and what still lives: doubt is never called a refusal, nor silence an end."""

import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.integration.ari_faults import Fault
from tests.integration.ari_orders import attempt, order
from tests.integration.ari_server import AriServer
from worker.pbx import variables
from worker.pbx.ari import AriClient
from worker.pbx.ari_dialler import AriDialler
from worker.pbx.ari_http import NotSent
from worker.pbx.live import LivePbx
from worker.ports import Placed, Placement
from worker.settings import Ari


async def nothing() -> None:
    """Somebody who does not care that the socket is up."""


def test_orders_are_placed_and_doubt_is_never_called_a_refusal(server: AriServer, client: AriClient) -> None:
    server.channels[attempt(1)] = {"id": attempt(1)}
    server.faults += [
        Fault(f"POST /ari/channels/{attempt(2)}", status=500),
        Fault(f"POST /ari/channels/{attempt(3)}", seconds=3),
        Fault(f"POST /ari/channels/{attempt(4)}", drop=True),
        Fault(f"POST /ari/channels/{attempt(5)}", status=400),
        Fault(f"POST /ari/channels/{attempt(6)}", status=500, message="Allocation failed"),
    ]
    placed = AriDialler(client, "collector").place([*map(order, range(7)), order(7, "PJSIP/1\r\n@x")])
    assert [
        Placed.ACCEPTED,
        Placed.ACCEPTED,  # 409, and it lives: the PBX had it already
        Placed.UNKNOWN,
        Placed.UNKNOWN,  # no answer in time
        Placed.UNKNOWN,  # the connection broke after we had sent it
        Placed.REFUSED,
        Placed.REFUSED,  # Asterisk could not make the channel
        Placed.REFUSED,  # never sent
    ] == [one.placed for one in placed]
    assert [attempt(n) for n in range(8)] == [one.attempt_id for one in placed]


def test_a_409_without_a_channel_is_doubt(server: AriServer, client: AriClient) -> None:
    server.faults.append(Fault("POST /ari/channels", status=409))
    assert [Placed.UNKNOWN] == [one.placed for one in AriDialler(client, "collector").place([order(1)])]


def test_an_order_carries_the_variables_of_every_originated_channel(server: AriServer, client: AriClient) -> None:
    AriDialler(client, "collector").place([order(1)])
    body = server.bodies[-1]
    assert isinstance(body["variables"], dict)
    assert attempt(1) == body["variables"][variables.ATTEMPT]
    assert (attempt(1), 10, "551133330000") == (body["appArgs"], body["timeout"], body["callerId"])


def test_where_nobody_listens_orders_are_refused_and_not_ready() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with AriClient(Ari(url=url, user="u", password=SecretStr("p"), timeout_seconds=1)) as client:
        dialler = AriDialler(client, "collector")
        assert [Placed.REFUSED] == [one.placed for one in dialler.place([order(1)])]
        assert "no connection to ARI" in dialler.ready()
        with pytest.raises(NotSent):
            client.asterisk.ping()


def test_orders_are_not_lost_when_the_client_is_closed(server: AriServer) -> None:
    client = AriClient(server.settings)
    expected = [Placement(attempt(1), Placed.UNKNOWN, "the ARI client is not started, or already closed")]
    assert expected == AriDialler(client, "collector").place([order(1)])


def test_ready_needs_the_application_and_asks_once_a_second(server: AriServer, client: AriClient) -> None:
    now = [100.0]
    dialler = AriDialler(client, "collector", now=lambda: now[0])
    assert "start `collector handler`" in dialler.ready()
    assert client.listen(lambda _: None, nothing).connected.wait(5)
    now[0] += 0.9
    asked = len(server.requests)
    assert "start `collector handler`" in dialler.ready()
    assert asked == len(server.requests)
    now[0] += 0.1
    assert "" == dialler.ready()


def test_living_attempts_are_channels_of_ours_and_unfinished_call_files(
    server: AriServer, client: AriClient, tmp_path: Path
) -> None:
    server.enter(attempt(1))  # ours by its id
    server.enter("1700000000.1")  # made by a call file
    server.variables["1700000000.1", variables.ATTEMPT] = attempt(2)
    server.enter("1700000000.2")  # somebody else's, with an account code
    (tmp_path / f"{attempt(3)}.call").touch()
    (tmp_path / "theirs.call").touch()
    assert {attempt(1), attempt(2), attempt(3)} == LivePbx(client, tmp_path).live_attempts()
    assert {attempt(3)} == LivePbx(None, tmp_path).live_attempts()


def test_a_pbx_or_a_spool_that_cannot_say_gives_none(server: AriServer, client: AriClient, tmp_path: Path) -> None:
    assert LivePbx(client, tmp_path / "missing").live_attempts() is None
    server.faults.append(Fault("GET /ari/channels", status=503))
    assert LivePbx(client, tmp_path).live_attempts() is None


def variables_of(server: AriServer) -> dict[str, object]:
    found = server.bodies[-1]["variables"]
    assert isinstance(found, dict)
    return found


def test_what_is_listened_with_travels_with_the_order_and_costs_no_request(
    server: AriServer, client: AriClient
) -> None:
    AriDialler(client, "collector").place([order(n, listen=True) for n in range(1, 5)])
    assert "60,256" == variables_of(server)["TALK_DETECT(set)"]
    assert 4 == len(server.requests) == sum(one.startswith("POST /ari/channels/") for one in server.requests)


def test_where_nobody_listens_nothing_travels(server: AriServer, client: AriClient) -> None:
    AriDialler(client, "collector").place([order(1)])
    assert not [name for name in variables_of(server) if "DETECT" in name]
