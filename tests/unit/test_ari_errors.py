"""Each answer of ARI has one meaning, and each meaning one consequence for the attempt."""

import pytest

from worker.errors import (
    CollectorError,
    NoSuchChannel,
    PbxError,
    PbxRefused,
    PbxUnavailable,
    UnsafeText,
    WrongState,
)
from worker.pbx.ari_dialler import placement
from worker.pbx.ari_events import Channel
from worker.pbx.ari_http import NotMade, NotSent, error_of, message_of
from worker.pbx.ari_resources import OriginateRequest
from worker.ports import Placed


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (404, "Channel not found", NoSuchChannel),
        (409, "Channel not in Stasis application", WrongState),
        (412, "Channel in invalid state", WrongState),
        (400, "Invalid endpoint specified", PbxRefused),
        (401, "Authentication required", PbxRefused),
        (403, "", PbxRefused),
        (422, "", PbxRefused),
        (302, "", PbxRefused),  # not Asterisk at all
        (500, "Internal Server Error", PbxUnavailable),
        (503, "", PbxUnavailable),
        (500, "Allocation failed", NotMade),
    ],
)
def test_a_status_means_one_error(status: int, message: str, kind: type[PbxError]) -> None:
    assert kind is type(error_of(status, message))


def test_a_refusal_names_its_remedy() -> None:
    assert "ARI said 401 (no); check pbx.ari.user and password against ari.conf" == str(error_of(401, "no"))
    assert "modules loaded" in str(error_of(404, "Resource not found", PbxRefused))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"message": "Channel not found"}', "Channel not found"),
        ('{"error": "Allocation failed"}', "Allocation failed"),  # 16.28 says it this way
        ('{"message": "a\\r\\nb\\u001b[31m"}', "a  b [31m"),  # nothing that a terminal or a log would obey
        ('{"message": "no 11987654321"}', "no #"),  # a log gets no whole number
        ('{"message": 5}', ""),
        ("[]", ""),
        ("<html>", ""),
    ],
)
def test_what_ari_says_is_made_harmless(body: str, expected: str) -> None:
    assert expected == message_of(body)


def test_a_long_message_is_cut() -> None:
    assert 120 == len(message_of('{"message": "' + "x" * 500 + '"}'))


@pytest.mark.parametrize(
    ("result", "placed"),
    [
        (Channel("A"), Placed.ACCEPTED),
        (WrongState("409"), Placed.UNKNOWN),  # and no such channel: it came and went, or never was
        (NotSent("no connection"), Placed.REFUSED),
        (NotMade("no trunk"), Placed.REFUSED),
        (PbxRefused("401"), Placed.REFUSED),
        (UnsafeText("a line break"), Placed.REFUSED),
        (PbxUnavailable("timeout"), Placed.UNKNOWN),  # it may ring: never withdraw it
    ],
)
def test_a_result_places_the_attempt(result: Channel | CollectorError, placed: Placed) -> None:
    assert placed == placement("A", result).placed


@pytest.mark.parametrize("field", ["endpoint", "app", "appArgs", "callerId"])
def test_a_line_break_cannot_reach_the_pbx(field: str) -> None:
    fields = {"endpoint": "PJSIP/1@trunk", "app": "collector", "channelId": "A"} | {field: "x\r\ny"}
    with pytest.raises(UnsafeText):
        OriginateRequest(**fields).body()  # type: ignore[arg-type]
