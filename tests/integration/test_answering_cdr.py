"""What listening leaves in Asterisk's call records: no row of a snoop; who picked up in that of the call."""

import time

import pytest

from agi.ari_call import AriCall
from agi.call import Call
from agi.listening import HearingPlan
from tests.integration.test_answering import GREETING, LONG, SOUND, TIMING, Site, until_decided, with_sounds
from tests.lab.lab import Lab
from tests.lab.numbers import Ending
from tests.lab.pbx_config import Cdr
from worker.core.model import TalkFacts
from worker.core.userfield import format_talk, parse


@pytest.fixture(scope="module")
def cdr() -> Cdr:
    return "mysql"


@pytest.fixture(scope="module")
def lab(lab: Lab) -> Lab:
    return with_sounds(lab)


def rows(lab: Lab) -> list[tuple[str, str]]:
    """Channel and userfield of every call record, once there are some and no more come."""
    seen: list[tuple[str, str]] = []
    for _ in range(20):
        time.sleep(0.5)
        with lab.mariadb.root() as cursor:
            cursor.execute("SELECT channel, userfield FROM asteriskcdrdb.cdr ORDER BY calldate, channel")
            found = [(str(channel), str(userfield)) for channel, userfield in cursor.fetchall()]
        if found and found == seen:
            break
        seen = found
    with lab.mariadb.root() as cursor:
        cursor.execute("DELETE FROM asteriskcdrdb.cdr")
    return seen


def test_a_snoop_leaves_no_row_and_its_verdict_stands_in_that_of_the_call(lab: Lab) -> None:
    site = Site(lab, HearingPlan(amd=True))

    def script(call: Call) -> None:
        call.greet(LONG)
        found = until_decided(call)
        call.remember(format_talk(TalkFacts(), found.status, found.cause))
        call.wait_key("", 0.3)  # Asterisk sets it in the channel's own time

    site.script = script
    site.call(41, Ending.MACHINE_WITH_BEEP)
    site.close()
    ((channel, userfield),) = rows(lab)
    assert channel.startswith("PJSIP/")
    line = parse(userfield)
    assert ("MACHINE", True) == (line.amd_status, line.answered)
    assert line.amd_cause.startswith(("MAXWORDS-", "LONGGREETING-"))


def test_a_snoop_over_a_call_that_ends_at_once_leaves_none_either(lab: Lab) -> None:
    site = Site(lab, HearingPlan(amd=True))
    site.script = lambda call: call.greet(GREETING)
    site.call(42, Ending.HUMAN_HANGS_UP_AT_ONCE)
    site.close()
    assert ["PJSIP"] == [channel.split("/")[0] for channel, _ in rows(lab)]


def test_a_callee_heard_by_his_sound_leaves_no_more_than_his_own_row(lab: Lab) -> None:
    site = Site(lab, SOUND, sound_lines=1)

    def script(call: Call) -> None:
        call.greet(LONG)
        site.seen.append(isinstance(call, AriCall) and call._listening.remains("", "", 1.0).audio is not None)

    site.script = script
    assert [True] == site.call(44, Ending.MACHINE_WITH_BEEP)
    site.close()
    ((channel, userfield),) = rows(lab)
    assert channel.startswith("PJSIP/")
    assert parse(userfield).answered


def test_a_voice_before_the_answer_stands_in_the_row_of_a_call_nobody_answered(lab: Lab) -> None:
    site = Site(lab, TIMING)
    site.ring(43, Ending.ANNOUNCEMENT_THEN_404)
    site.until(lambda: bool(site.ends))
    site.close()
    ((_, userfield),) = rows(lab)
    line = parse(userfield)
    assert ("MACHINE", False, 1) == (line.amd_status, line.answered, line.cause)
    assert line.amd_cause.startswith("ANNOUNCEMENT-")
