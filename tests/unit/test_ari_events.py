"""ARI's events: what Asterisk 16.28 sends becomes a value; what nobody can use, or is broken, harms nothing."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.pbx.ari_events import (
    ApplicationReplaced,
    Channel,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    ChannelStateChange,
    ChannelTalkingFinished,
    ChannelTalkingStarted,
    ChannelVarset,
    Dial,
    Event,
    PlaybackFinished,
    PlaybackStarted,
    StasisEnd,
    StasisStart,
    UserEvent,
    parse_event,
)

ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
RAW: dict[str, Any] = {
    "id": ID,
    "name": "PJSIP/carrier-00000001",
    "state": "Up",
    "caller": {"name": "", "number": "551133330000"},
    "accountcode": "fibra",
    "dialplan": {"context": "default", "exten": "s", "priority": 1, "app_name": "Stasis", "app_data": "collector"},
}
CHANNEL = Channel(ID, "PJSIP/carrier-00000001", "Up", "fibra", "default", "s", "Stasis")
PLAYBACK = {"id": "p.1", "media_uri": "sound:x", "target_uri": f"channel:{ID}", "state": "playing"}
BORN = RAW | {"creationtime": "2026-11-21T02:09:03.588-0300"}
ENDED = UserEvent(
    ID, "A", "x", datetime(2026, 11, 21, 5, 9, 33, 588_000, UTC), datetime(2026, 11, 21, 5, 9, 3, 588_000, UTC)
)
AT = ENDED.at.timestamp()
BRIDGED = PLAYBACK | {"target_uri": "bridge:b"}


def said(kind: str, **fields: Any) -> str:
    return json.dumps(
        {"type": kind, "application": "collector", "timestamp": "2026-11-21T05:09:33.588+0000", **fields}
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (said("StasisStart", channel=RAW, args=[ID]), StasisStart(ID, (ID,), CHANNEL, AT)),
        (said("ChannelTalkingStarted", channel=RAW), ChannelTalkingStarted(ID, AT, True, "fibra", CHANNEL.name)),
        (
            said("ChannelTalkingFinished", channel=RAW | {"state": "Down"}, duration=420),
            ChannelTalkingFinished(ID, AT, False, "fibra", CHANNEL.name, 420),
        ),
        (said("StasisEnd", channel=RAW), StasisEnd(ID)),
        (said("ChannelDestroyed", channel=RAW, cause=17, cause_txt="Busy"), ChannelDestroyed(ID, 17, "Busy")),
        (said("ChannelHangupRequest", channel=RAW, cause=16, soft=True), ChannelHangupRequest(ID, 16, True)),
        (said("ChannelHangupRequest", channel=RAW), ChannelHangupRequest(ID)),  # a hang-up without a cause
        (said("ChannelStateChange", channel=RAW), ChannelStateChange(ID, "Up")),
        (said("ChannelDtmfReceived", channel=RAW, digit="1", duration_ms=100), ChannelDtmfReceived(ID, "1", 100)),
        (said("ChannelVarset", channel=RAW, variable="A", value="b"), ChannelVarset(ID, "A", "b")),
        (said("ChannelVarset", variable="A", value="b"), ChannelVarset("", "A", "b")),  # a global variable
        (said("Dial", peer=RAW, dialstatus="BUSY", dialstring="1@x"), Dial(ID, "BUSY")),
        (said("PlaybackStarted", playback=PLAYBACK), PlaybackStarted(ID, "p.1")),
        (said("PlaybackFinished", playback=PLAYBACK | {"state": "failed"}), PlaybackFinished(ID, "p.1", "failed")),
        (said("PlaybackFinished", playback=BRIDGED), PlaybackFinished("", "p.1", "playing")),
        (said("ChannelUserevent", channel=BORN, eventname="A", userevent={"said": "x"}), ENDED),
        (said("ChannelUserevent", channel=BORN, eventname="A", userevent={"b": 1}), replace(ENDED, text="")),
        (said("ChannelUserevent", eventname="A", userevent={"eventname": "A"}), None),  # not about a channel
        (said("ApplicationReplaced"), ApplicationReplaced("", "collector")),
        (said("ChannelDialplan", channel=RAW), None),  # a kind we have no use for
        (said("KindOfTheYear2040"), None),
    ],
)  # fmt: skip
def test_an_event_becomes_a_value(text: str, expected: Event | None) -> None:
    assert expected == parse_event(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "{}",
        said("StasisStart", channel=RAW, args="x"),
        said("StasisStart", channel=RAW, args=[1]),
        said("StasisEnd"),
        said("StasisEnd", channel={"id": 5}),
        said("ChannelDtmfReceived", channel=RAW),
        said("ChannelDestroyed", channel=RAW, cause="17"),
        said("PlaybackStarted", playback={}),
    ],
)
def test_a_broken_event_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever its text
        parse_event(text)


def test_an_asterisk_that_does_not_tell_the_application_is_told_from_one_that_says_none() -> None:
    old = RAW | {"dialplan": {"context": "default", "exten": "s", "priority": 1}}
    event = parse_event(said("StasisStart", channel=old, args=[]))
    assert isinstance(event, StasisStart)
    assert event.channel.app is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = ["StasisStart", "ChannelDestroyed", "ChannelDtmfReceived", "PlaybackFinished", "Dial", "ChannelVarset"]


@given(st.sampled_from(KINDS), ANYTHING, ANYTHING, ANYTHING)
def test_no_message_raises_anything_but_value_error(kind: str, channel: Any, playback: Any, other: Any) -> None:
    with suppress(ValueError):
        parse_event(
            said(kind, channel=channel, peer=channel, playback=playback, args=other, digit=other, cause=other)
        )
