"""Over ARI: several sounds in one playback, and the way to an agent and back."""

from dataclasses import replace

import pytest

from agi.call import Hangup
from tests.integration.ari_line import ID
from tests.integration.test_ari_call import Line, line
from worker.pbx import variables

__all__ = ["line"]  # a fixture


def test_several_sounds_are_one_playback(line: Line) -> None:
    call = line.call
    line.server.sound_seconds = 0.6
    said = call.say(["collector/ab/1", "collector/ab/2"])
    assert (None, True) == (said.key, said.complete)
    assert 0.7 < said.seconds <= 1.2
    assert {"media": ["sound:collector/ab/1", "sound:collector/ab/2"]} == line.server.bodies[-1]


def test_a_callee_whom_no_agent_took_is_here_again(line: Line) -> None:
    call = line.call
    call._card = {"__COLLECTOR_NAME": "Ana Lima"}
    assert not call.transfer()
    assert "Ana Lima" == line.server.variables[ID, "__COLLECTOR_NAME"]
    assert {"context": variables.CONTEXT_TO_AGENT, "extension": "provedor", "priority": 1} == line.server.bodies[
        -1
    ]
    assert call.say("menu").complete


def test_a_callee_whose_line_goes_while_an_agent_has_it_is_a_hang_up(line: Line) -> None:
    call = line.call
    line.server.lost = {"StasisStart"}
    line.soon(line.server.hang_up, ID)
    with pytest.raises(Hangup):
        call.transfer()
    call.hang_up()
    assert not [one for one in line.server.requests if one.startswith("DELETE")]


def test_a_handler_that_stops_leaves_the_callee_to_his_agent(line: Line) -> None:
    call = line.call
    line.server.lost = {"StasisStart"}
    line.soon(line.client.router.lose, {ID}, "the handler is stopping")
    with pytest.raises(Hangup):
        call.transfer()
    call.hang_up()
    assert [ID] == list(line.server.channels)  # still on the line


def test_a_call_without_account_code_has_no_agents(line: Line) -> None:
    call = line.call
    call._channel = replace(call._channel, accountcode="")
    assert not call.transfer()
    assert not [one for one in line.server.requests if "continue" in one]
