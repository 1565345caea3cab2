"""The ARI client over real HTTP: what each fault of the network or of Asterisk turns into."""

import threading
import time
from queue import SimpleQueue

import pytest
from pydantic import SecretStr

from tests.integration.ari_faults import PASSWORD, Fault
from tests.integration.ari_orders import attempt
from tests.integration.ari_server import AriServer
from worker.errors import NoSuchChannel, PbxError, PbxRefused, PbxUnavailable, UnsafeText, WrongState
from worker.pbx.ari import AriClient
from worker.pbx.ari_events import Channel, Event, StasisStart
from worker.pbx.ari_resources import OriginateRequest


async def nothing() -> None:
    """Somebody who does not care that the socket is up."""


def listening(client: AriClient) -> SimpleQueue[Event]:
    events: SimpleQueue[Event] = SimpleQueue()
    assert client.listen(events.put, nothing).connected.wait(5)
    return events


def test_a_call_is_originated_with_everything_in_the_body_and_no_secret_in_the_address(
    server: AriServer, client: AriClient
) -> None:
    events = listening(client)
    channel = client.channels.originate(
        endpoint="Local/answer@callee",
        app="collector",
        channelId=attempt(1),
        appArgs=attempt(1),
        variables={"A": "b c"},
    )
    assert (attempt(1), "Up") == (channel.id, channel.state)
    assert f"POST /ari/channels/{attempt(1)}" == server.requests[-1]
    assert {"A": "b c"} == server.bodies[-1]["variables"]
    assert not [line for line in server.requests if PASSWORD in line]
    came = events.get(timeout=5)
    assert isinstance(came, StasisStart)
    assert (attempt(1), (attempt(1),), channel) == (came.channel_id, came.args, came.channel)


def test_the_verbs_of_a_channel_reach_it(server: AriServer, client: AriClient) -> None:
    server.enter(attempt(1))
    assert attempt(1) == client.channels.get(attempt(1)).id
    client.channels.setChannelVar(attempt(1), variable="COLLECTOR_TALK", value="all;x")
    assert "all;x" == client.channels.getChannelVar(attempt(1), variable="COLLECTOR_TALK")
    assert "" == client.channels.getChannelVar(attempt(1), variable="UNSET")
    client.loop.run(client.asterisk.share_later("PJSIP/a-1", variable="COLLECTOR_TALK", value="x"), 5)
    assert "x" == server.variables["", "SHARED(COLLECTOR_TALK,PJSIP/a-1)"]
    client.channels.hangup(attempt(1))
    assert [] == client.channels.list()


def test_what_is_gone_is_no_such_channel(client: AriClient) -> None:
    for verb in (
        lambda: client.channels.get("gone"),
        lambda: client.channels.hangup("gone"),
        lambda: client.channels.getChannelVar("gone", variable="A"),
        lambda: client.playbacks.stop("gone"),
    ):
        with pytest.raises(NoSuchChannel):
            verb()


def test_a_sound_that_cannot_be_played_is_told_without_waiting_for_it(client: AriClient) -> None:
    told: SimpleQueue[PbxError] = SimpleQueue()
    client.channels.play("gone", media="sound:a", playbackId="b", failed=told.put)
    assert isinstance(told.get(timeout=5), NoSuchChannel)


@pytest.mark.parametrize("bad", ["", "..", "../applications", "a/b", "a?b", "a b", "a\r\nb", "a%2Fb", "a" * 65])
def test_an_id_that_could_leave_its_place_in_the_path_is_refused(
    server: AriServer, client: AriClient, bad: str
) -> None:
    with pytest.raises(UnsafeText):
        client.channels.hangup(bad)
    assert [] == server.requests


def test_an_application_exists_only_while_somebody_serves_it(client: AriClient) -> None:
    assert client.applications.get("collector") is None
    listening(client)
    application = client.applications.get("collector")
    assert application is not None
    assert "collector" == application.name


def test_a_wrong_password_says_where_to_look(server: AriServer) -> None:
    wrong = server.settings.model_copy(update={"password": SecretStr("wrong")})
    with AriClient(wrong) as client, pytest.raises(PbxRefused, match=r"ari\.conf"):
        client.asterisk.ping()


def test_another_web_server_is_not_taken_for_asterisk(server: AriServer) -> None:
    settings = server.settings.model_copy(update={"url": f"http://127.0.0.1:{server.port}/elsewhere"})
    with AriClient(settings) as client, pytest.raises(PbxRefused):
        client.channels.list()


def test_no_answer_in_time_is_unavailable_and_the_next_request_works(server: AriServer, client: AriClient) -> None:
    server.faults.append(Fault("GET /ari/channels", seconds=3))
    began = time.monotonic()
    with pytest.raises(PbxUnavailable, match="no answer within 1 s"):
        client.channels.list()
    assert time.monotonic() - began < 2
    assert [] == client.channels.list()


def test_a_client_that_is_closed_tells_who_waits(server: AriServer) -> None:
    server.faults.append(Fault("GET /ari/channels", seconds=3))
    client = AriClient(server.settings.model_copy(update={"timeout_seconds": 5.0}))
    client.start()
    problems: list[PbxError] = []

    def ask() -> None:
        try:
            client.channels.list()
        except PbxError as error:
            problems.append(error)

    waiting = threading.Thread(target=ask)
    waiting.start()
    assert server.wait_for("GET /ari/channels")
    client.close()
    client.close()
    waiting.join(5)
    assert [PbxUnavailable] == [type(one) for one in problems]
    with pytest.raises(PbxUnavailable, match="not started"):
        client.asterisk.ping()


def test_a_blocking_call_on_the_loops_own_thread_is_refused_instead_of_waiting_for_itself(
    server: AriServer, client: AriClient
) -> None:
    problems: SimpleQueue[BaseException] = SimpleQueue()

    def on_event(_: Event) -> None:
        try:
            client.channels.list()
        except RuntimeError as error:
            problems.put(error)

    assert client.listen(on_event, nothing).connected.wait(5)
    server.enter(attempt(1))
    assert RuntimeError is type(problems.get(timeout=5))


def test_many_are_originated_at_once_and_answered_in_order(server: AriServer, client: AriClient) -> None:
    server.channels[attempt(7)] = {"id": attempt(7)}
    server.faults.append(Fault(f"POST /ari/channels/{attempt(9)}", status=503))
    requests = [OriginateRequest("Local/busy@x", "collector", attempt(n)) for n in range(40)]
    results = client.channels.originate_many(requests)
    assert WrongState is type(results[7])
    assert PbxUnavailable is type(results[9])
    rest = [(n, result) for n, result in enumerate(results) if n not in (7, 9)]
    assert [attempt(n) for n, _ in rest] == [result.id for _, result in rest if isinstance(result, Channel)]


def test_the_socket_comes_back_after_a_cut_and_after_refusals(server: AriServer, client: AriClient) -> None:
    events: SimpleQueue[Event] = SimpleQueue()
    up = threading.Semaphore(0)

    async def connected() -> None:
        up.release()

    client.listen(events.put, connected)
    assert up.acquire(timeout=5)
    server.refuse_sockets = True
    server.cut()
    time.sleep(0.4)
    server.refuse_sockets = False
    assert up.acquire(timeout=5)
    server.enter(attempt(1), attempt(1))
    assert attempt(1) == events.get(timeout=5).channel_id


def test_broken_and_unknown_messages_do_not_stop_the_reader(server: AriServer, client: AriClient) -> None:
    events = listening(client)
    for text in ("not json", "[]", '{"type": "KindOfTheYear2040"}', '{"type": "StasisEnd"}'):
        server.send_text(text)
    server.enter(attempt(1), attempt(1))
    assert attempt(1) == events.get(timeout=5).channel_id
    assert (3, 1) == (client.router.counts.broken, client.router.counts.unknown)
