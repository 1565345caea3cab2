"""What is heard of calls that nobody talks on: noted, bounded, and never the end of anything else."""

import time
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from agi import ears as module
from agi.call import Detection, Sign
from agi.ears import Ears
from agi.listening import Early, HearingPlan
from tests.integration.ari_faults import Fault
from tests.integration.ari_orders import attempt
from tests.integration.ari_server import AriServer
from tests.unit.test_core_machine_sounds import ANNOUNCEMENT, RINGING, Pairs
from worker.pbx import variables
from worker.pbx.ari import AriClient
from worker.pbx.ari_events import (
    Channel,
    ChannelTalkingFinished,
    ChannelTalkingStarted,
    Event,
    StasisStart,
)
from worker.pbx.ari_router import Detected

ID = attempt(1)
NAME = "PJSIP/carrier-00000001"
SHARED = ("", f"SHARED({variables.TALK},{NAME})")
ANSWERED = 1000.0


def ring(ears: Ears, heard: Pairs, channel_id: str = ID, instance: str = "fibra", name: str = NAME) -> None:
    for start, end in heard:
        at, lasted = ANSWERED + start - 20, round((end - start - 0.02) * 1000)
        ears.hear(ChannelTalkingStarted(channel_id, at, False, instance, name))
        ears.hear(ChannelTalkingFinished(channel_id, ANSWERED + end - 19.94, False, instance, name, lasted))


def answer(channel_id: str = ID) -> StasisStart:
    return StasisStart(channel_id, (channel_id,), Channel(channel_id, NAME, "Up", "fibra"), ANSWERED)


def soon(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not what() and time.monotonic() < deadline:
        time.sleep(0.02)
    return what()


def test_a_voice_before_the_answer_is_noted_once_and_goes_on_into_the_call(
    server: AriServer, client: AriClient
) -> None:
    ears = Ears(client, {"fibra": HearingPlan()})
    ring(ears, ANNOUNCEMENT)
    assert soon(lambda: SHARED in server.variables)
    assert server.variables[SHARED].startswith("~~~~~MACHINE~ANNOUNCEMENT-")
    assert 1 == sum("/asterisk/variable" in one for one in server.requests)
    listening = ears.answered(answer())
    assert Sign.ANNOUNCEMENT is listening.sign
    assert -19.69 == pytest.approx(listening.segments(0.0)[0].start, abs=0.001)
    assert None is ears.answered(answer()).sign  # it was forgotten


def test_ringing_is_no_voice_and_costs_no_request(server: AriServer, client: AriClient) -> None:
    ears = Ears(client, {"fibra": HearingPlan(early=Early.HANG_UP)})
    ring(ears, RINGING)
    assert None is ears.answered(answer()).sign
    assert [] == server.requests


def test_what_cannot_be_noted_is_ended_nevertheless(server: AriServer, client: AriClient) -> None:
    server.channels[ID] = {"id": ID}
    server.faults.append(Fault("POST /ari/asterisk/variable", status=500))
    ears = Ears(client, {"fibra": HearingPlan(early=Early.HANG_UP)})
    with capture_logs() as logs:
        ring(ears, ANNOUNCEMENT)
        assert soon(lambda: ID not in server.channels)
    assert "what was heard before the answer is not noted" in [entry["event"] for entry in logs]


def test_a_channel_whose_name_is_no_name_is_not_put_among_arguments(server: AriServer, client: AriClient) -> None:
    ears = Ears(client, {"fibra": HearingPlan()})
    with capture_logs() as logs:
        ring(ears, ANNOUNCEMENT, name="PJSIP/x,y)=1")
        assert soon(lambda: bool(logs))
    assert [] == server.requests


@pytest.mark.parametrize(
    ("plans", "channel_id", "instance"),
    [
        ({}, ID, "fibra"),
        ({"fibra": HearingPlan(early=Early.IGNORE)}, ID, "fibra"),
        ({"fibra": HearingPlan()}, ID, "radio"),  # another's
        ({"fibra": HearingPlan()}, "1795237667.22", "fibra"),  # the office's own call
    ],
)
def test_nothing_is_kept_of_what_is_not_ours_to_hear(
    server: AriServer, client: AriClient, plans: dict[str, HearingPlan], channel_id: str, instance: str
) -> None:
    ears = Ears(client, plans)
    ring(ears, ANNOUNCEMENT, channel_id, instance)
    assert {} == ears._ringing
    assert [] == server.requests


def test_events_of_sound_are_wanted_only_where_somebody_listens(client: AriClient) -> None:
    assert () == Ears(client, {}).wanted
    assert ("ChannelTalkingStarted", "ChannelTalkingFinished") == Ears(client, {"a": HearingPlan()}).wanted


def test_calls_that_end_are_forgotten_and_so_many_ring_at_once(
    client: AriClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    ears = Ears(client, {"fibra": HearingPlan()})
    for n in range(1, 6):
        ring(ears, RINGING[:1], attempt(n))
    assert [attempt(3), attempt(4), attempt(5)] == list(ears._ringing)
    ears.ended(attempt(4))
    ears.ended(attempt(9))
    assert [attempt(3), attempt(5)] == list(ears._ringing)


def test_of_one_call_that_crackles_for_ever_only_so_much_is_kept(
    client: AriClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_EVENTS", 10)
    ears = Ears(client, {"fibra": HearingPlan()})
    ring(ears, tuple((n / 10, n / 10 + 0.04) for n in range(50)))
    assert 10 == len(ears._ringing[ID].events)


def test_a_snoop_is_sent_to_amd_and_hung_up_when_it_has_told(server: AriServer, client: AriClient) -> None:
    ears = Ears(client, {"fibra": HearingPlan(amd=True)})
    seen: list[Event] = []

    def on_event(event: Event) -> None:
        if isinstance(event, StasisStart):
            assert ears.snooped(event)
            seen.append(event)

    async def on_connect() -> None:
        """Nothing to do."""

    client.listen(on_event, on_connect).connected.wait(5)
    server.channels[ID] = {"id": ID}
    box = client.router.open(ID)
    assert box is not None
    ears.snoop(ID, "fibra")
    snoop = f"{ID}.amd"
    assert server.wait_for(f"POST /ari/channels/{snoop}/continue")
    assert {"context": variables.CONTEXT_AMD, "extension": "fibra", "priority": 1} == server.bodies[-1]
    server.enter(snoop, "heard", "MACHINE", "MAXWORDS-7-6")
    arrived = box.get(5)
    assert arrived is not None
    assert Detected(ID, "MACHINE", "MAXWORDS-7-6") == arrived.event
    assert server.wait_for(f"DELETE /ari/channels/{snoop}")
    assert 2 == len(seen)


def test_a_snoop_of_nobody_knows_what_is_hung_up(server: AriServer, client: AriClient) -> None:
    ears = Ears(client, {})
    server.channels[f"{ID}.amd"] = {}
    assert ears.snooped(StasisStart(f"{ID}.amd", ("else",), Channel(f"{ID}.amd")))
    assert server.wait_for(f"DELETE /ari/channels/{ID}.amd")
    assert not ears.snooped(answer())
    assert not ears.snooped(StasisStart("office.amd", ("snoop", "x"), Channel("office.amd")))


def test_who_does_not_want_amd_makes_no_snoop(server: AriServer, client: AriClient) -> None:
    Ears(client, {"fibra": HearingPlan()}).snoop(ID, "fibra")
    time.sleep(0.1)
    assert [] == server.requests
    assert Detection() == Ears(client, {}).answered(answer()).detection
