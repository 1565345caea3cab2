"""What others use of a trunk: how a reading is believed, and what is made of the PBX's answers."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from worker.errors import NoSuchChannel, PbxRefused, PbxUnavailable
from worker.pbx.ari import AriClient
from worker.pbx.ari_events import Channel
from worker.pbx.trunk_use import AriUse, ConsoleUse, TrunkUse, Way, others_of

WAYS = {"fibra": Way("T", "OUT_1"), "radio": Way("T", "OUT_1"), "vale": Way("U", "OUT_2")}
OURS = "01ARZ3NDEKTSV4RRFFQ69G0001"


@dataclass
class Reading:
    """A PBX that answers, or does not."""

    answer: dict[str, int] | PbxUnavailable
    asked: int = 0

    def __call__(self) -> dict[str, int]:
        self.asked += 1
        if isinstance(self.answer, PbxUnavailable):
            raise self.answer
        return self.answer


def test_a_reading_serves_all_who_ask_within_a_second() -> None:
    now, reading = [100.0], Reading({"T": 3})
    use = TrunkUse(reading, monotonic=lambda: now[0])
    assert [3, 3] == [use.others("T"), use.others("T")]
    now[0] += 0.9
    assert (0, 1) == (use.others("U"), reading.asked)
    now[0] += 0.1
    reading.answer = {"T": 5}
    assert (5, 2) == (use.others("T"), reading.asked)


def test_a_trunk_that_cannot_be_read_stays_as_it_was_for_ten_seconds_and_then_nobody_is_called() -> None:
    now, reading = [100.0], Reading({"T": 3})
    use = TrunkUse(reading, monotonic=lambda: now[0])
    assert (3, "") == (use.others("T"), use.why_unread("T"))
    reading.answer = PbxUnavailable("ARI gave no answer")
    now[0] += 10
    assert (3, "") == (use.others("T"), use.why_unread("T"))
    now[0] += 0.1
    sentence = "how many channels of the trunk T others use cannot be read: ARI gave no answer"
    assert (None, sentence) == (use.others("T"), use.why_unread("T"))
    assert 2 == reading.asked  # not at each step
    reading.answer = {"T": 1}
    now[0] += 1
    assert (1, "") == (use.others("T"), use.why_unread("T"))


def test_a_trunk_never_read_is_not_taken_for_free() -> None:
    use = TrunkUse(Reading(PbxUnavailable("away")), monotonic=lambda: 0.0)
    assert use.others("T") is None
    assert use.why_unread("T")


@pytest.mark.parametrize(
    ("counted", "ours", "expected"),
    [
        ({}, [], {"T": 0, "U": 0}),
        ({"OUT_1": 5, "OUT_2": 1}, ["fibra", "radio", "vale"], {"T": 3, "U": 0}),
        ({"OUT_1": 1}, ["fibra", "fibra"], {"T": 0, "U": 0}),  # never below nothing
        ({"OUT_1": 2, "OUT_7": 9}, [], {"T": 2, "U": 0}),  # groups of others' trunks
    ],
)
def test_others_are_what_is_left_when_ours_are_taken_away(
    counted: dict[str, int], ours: list[str], expected: dict[str, int]
) -> None:
    assert expected == others_of(WAYS, counted, ours)


def test_a_trunk_of_two_groups_is_used_by_both() -> None:
    ways = {"fibra": Way("T", "OUT_1"), "radio": Way("T", "OUT_2")}
    assert {"T": 5} == others_of(ways, {"OUT_1": 3, "OUT_2": 4}, ["fibra", "radio"])


# --- over ARI --------------------------------------------------------------------------------------------


@dataclass
class Channels:
    """The part of a client that is used here."""

    living: list[Channel]
    answers: list[str | None]  # to the question; None: that channel has gone
    asked: list[tuple[str, str]] = field(default_factory=list)

    def list(self) -> "list[Channel]":
        return self.living

    def getChannelVar(self, name: str, *, variable: str) -> str:  # noqa: N802  ARI's name
        self.asked.append((name, variable))
        if variable.startswith("EVAL"):
            answer = self.answers.pop(0)
            if answer is None:
                raise NoSuchChannel("gone")
            return answer
        return OURS if name == "a-call-file-s" else ""


def reader(channels: Channels, pauses: list[float] | None = None) -> AriUse:
    class Client:
        def __init__(self) -> None:
            self.channels = channels

    return AriUse(cast("AriClient", Client()), WAYS, pause=(pauses if pauses is not None else []).append)


def channel(name: str, account: str = "", state: str = "Up") -> Channel:
    return Channel(name, f"PJSIP/{name}", state, account)


def test_ours_that_are_gone_at_the_count_are_not_taken_away() -> None:
    living = [channel(OURS, "fibra"), channel(OURS[:-1] + "2", "fibra"), channel("17.1")]
    assert {"T": 1, "U": 0} == reader(Channels(living, [f"2;0;PJSIP/{OURS} PJSIP/17.1"]))()


def test_a_channel_of_another_account_or_without_an_attempt_is_not_ours() -> None:
    living = [channel(OURS, "ghost"), channel("17.1", "fibra"), channel("a-call-file-s", "radio")]
    names = " ".join(one.name for one in living)
    channels = Channels(living, [f"3;0;{names}"] * 2)
    use = reader(channels)
    assert [{"T": 2, "U": 0}] * 2 == [use(), use()]
    assert 2 == sum(not variable.startswith("EVAL") for _, variable in channels.asked)  # each is asked once


def test_when_the_channel_asked_through_hangs_up_another_is_asked() -> None:
    channels = Channels([channel("17.1"), channel("17.2")], [None, "1;0;PJSIP/17.2"])
    assert {"T": 1, "U": 0} == reader(channels)()
    assert ["17.1", "17.2"] == [name for name, _ in channels.asked]


def test_when_all_hang_up_again_and_again_nothing_is_known() -> None:
    channels = Channels([channel("17.1")], [None] * 9)
    with pytest.raises(PbxUnavailable):
        reader(channels)()


@pytest.mark.parametrize("answer", ["", ";;PJSIP/17.1", "1;PJSIP/17.1", "x;0;PJSIP/17.1"])
def test_a_pbx_that_does_not_count_is_an_error(answer: str) -> None:
    with pytest.raises(PbxRefused):
        reader(Channels([channel("17.1")], [answer]))()


def test_a_call_just_being_made_is_given_a_moment_to_be_put_into_its_group() -> None:
    pauses: list[float] = []
    reader(Channels([channel(OURS, "fibra", "Down")], [f"1;0;PJSIP/{OURS}"]), pauses)()
    reader(Channels([channel(OURS, "fibra"), channel("17.1", state="Down")], ["1;0;"]), pauses)()
    assert [0.05] == pauses


# --- at the console --------------------------------------------------------------------------------------

CONCISE = """\
PJSIP/c-1!collector-out!s!1!Up!Stasis!!5511!fibra!!3!7!!1795265227.1
PJSIP/c-2!from-trunk!s!1!Ringing!AppDial2!(Outgoing Line)!!!!3!1!!1795265227.2
PJSIP/c-3!from-trunk!s!1!Ringing!AppDial2!(Outgoing Line)!!vale!!3!1!!1795265227.3
"""
GROUPS = """\
Channel                    Group                 Category            
PJSIP/c-1                  OUT_1                 (default)           
PJSIP/c-2                  OUT_1                 (default)           
PJSIP/c-3                  OUT_2                 (default)           
PJSIP/c-4                  OUT_1                 (default)           
4 active channels
"""  # noqa: W291  as the console prints it


@pytest.mark.parametrize(
    ("groups", "expected"),
    [(GROUPS, {"T": 2, "U": 0}), (GROUPS.splitlines()[0] + "\n0 active channels\n", {"T": 0, "U": 0})],
)
def test_the_console_says_who_is_in_which_group(groups: str, expected: dict[str, int]) -> None:
    answers = {"core show channels concise": CONCISE, "group show channels": groups}
    assert expected == ConsoleUse(Path("/etc/asterisk"), WAYS, lambda _, command: answers[command])()


@pytest.mark.parametrize("answer", ["", "No such command 'group show channels'\n"])
def test_a_console_that_knows_no_groups_is_an_error(answer: str) -> None:
    with pytest.raises(PbxRefused):
        ConsoleUse(Path("/etc/asterisk"), WAYS, lambda *_: answer)()
