"""The dialplan says what `variables.py` says, and lets nothing from outside through unfiltered."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from worker import settings
from worker.pbx import dialplan, variables
from worker.pbx.dialplan import FILE, render

ARI = settings.Ari(user="collector", password="x", app="collector")
FIRST = (
    variables.CONTEXT_OUT,
    variables.CONTEXT_AMD,
    variables.CONTEXT_EAR,
    variables.CONTEXT_RECORD,
)
FROM_OUTSIDE = (
    "HANGUPCAUSE",
    "AMDSTATUS",
    "AMDCAUSE",
    variables.TALK,
    variables.ATTEMPT,
    variables.NUMBER,
    variables.RECORDING,
    variables.NAME,
    variables.CLIENT,
    "CDR(b",
)


def instance(name: str, agent: dict[str, object] | None = None) -> settings.Instance:
    return settings.Instance.model_validate(
        {
            "id": name,
            "company": "Provedor",
            "caller_id": "+551133330000",
            "source": {"type": "csv", "clients": "a", "bills": "b"},
            "trunk": {"endpoint": "PJSIP/{number}@carrier"},
            "conversation": {"amd": {"greeting": 1234}, "agent": agent},
        }
    )


def text(*, ari: bool = True, agents: bool = False) -> str:
    """Two instances; with `agents` a third that has an extension, and a fourth that has a queue."""
    pbx = settings.Pbx(ari=ARI if ari else None, agi=settings.Agi(port=4999))
    chosen = [instance("one"), instance("two-b")]
    if agents:
        chosen.append(instance("three", {"extension": "200", "context": "from-internal"}))
        chosen.append(instance("four", {"queue": "400", "ring_seconds": 30, "max_seconds": 600}))
    (content,) = render(pbx, chosen).values()
    return content


def context(name: str, content: str) -> str:
    return content.split(f"[{name}]")[1].split("\n\n", maxsplit=1)[0]


def contexts(content: str) -> list[str]:
    return re.findall(r"^\[(.+)\]$", content, re.MULTILINE)


def test_one_file_of_our_own() -> None:
    assert [FILE] == list(render(settings.Pbx(), []))


def test_the_contexts_are_those_python_names_and_each_says_who_may_come_in() -> None:
    assert [*FIRST, variables.CONTEXT_HANGUP] == contexts(text())
    assert 5 == text().count("; Who may come in:")


def test_agents_have_contexts_of_their_own_where_an_instance_has_some() -> None:
    agents = [variables.CONTEXT_TO_AGENT, variables.CONTEXT_AGENT, variables.CONTEXT_LEG]
    assert [*FIRST, *agents, variables.CONTEXT_HANGUP] == contexts(text(agents=True))
    assert 8 == text(agents=True).count("; Who may come in:")
    without_ari = [variables.CONTEXT_OUT, variables.CONTEXT_RECORD, *agents[1:], variables.CONTEXT_HANGUP]
    assert without_ari == contexts(text(ari=False, agents=True))
    for name in agents:
        served = re.findall(r"^exten => (three|four|one|two-b),", context(name, text(agents=True)), re.MULTILINE)
        assert ["three", "four"] == served


def test_an_agent_is_rung_on_a_channel_of_its_own_for_as_long_as_the_settings_say() -> None:
    ari = context(variables.CONTEXT_TO_AGENT, text(agents=True))
    way, leg = (context(name, text(agents=True)) for name in (variables.CONTEXT_AGENT, variables.CONTEXT_LEG))
    for there in ("Local/three@collector-agent-leg/n,25,r", "Local/four@collector-agent-leg/n,35,r"):
        assert f"Dial({there})" in ari
        assert f"Set(COLLECTOR_LEG={there})" in way
    assert "Dial(Local/200@from-internal/n,20,r)" in leg
    assert "Queue(400,r,,,30)" in leg
    assert ["1825", "635"] == re.findall(r"TIMEOUT\(absolute\)=(\d+)", way)
    assert 2 == way.count("Set(TIMEOUT(absolute)=${COLLECTOR_LEFT})")  # our own limit again, when nobody took it


def test_times_before_an_agent_was_rung_count_only_where_there_are_agents() -> None:
    assert "COLLECTOR_TALKED" not in text()
    assert "COLLECTOR_RANG" not in text()
    assert "+0${COLLECTOR_TALKED},f)" in context(variables.CONTEXT_HANGUP, text(agents=True))


def test_without_ari_there_is_nothing_of_stasis() -> None:
    assert [variables.CONTEXT_OUT, variables.CONTEXT_RECORD, variables.CONTEXT_HANGUP] == contexts(text(ari=False))
    assert "Stasis" not in text(ari=False)


def test_the_end_of_a_call_is_told_to_those_who_served_it() -> None:
    told = dict(
        re.findall(r"^exten => (by-\w+),1,Set.*\n(?: same => n,Set.*\n)? same => n,(\w+)\(", text(), re.MULTILINE)
    )
    assert {variables.TELL_AGI: "AGI", variables.TELL_APP: "UserEvent"} == told
    (same,) = re.findall(
        rf"UserEvent\({variables.EVENT_END},{variables.EVENT_TEXT}: (.*)\)$", text(), re.MULTILINE
    )
    assert f"Set(CDR(userfield)={same})\n" in text()
    assert "UserEvent(" not in text(ari=False)


def test_every_instance_has_its_own_arguments_of_amd() -> None:
    arguments = dialplan.amd_arguments(instance("one").conversation.amd)
    assert arguments.split(",")[1] == "1234"
    for name in ("one", "two-b"):  # and a snoop leaves no row in the CDR
        assert f"exten => {name},1,Set(CDR_PROP(disable)=1)\n same => n,AMD({arguments})\n" in text()


def test_a_callee_is_listened_to_without_a_row_in_the_cdr_and_not_for_ever() -> None:
    ear = context(variables.CONTEXT_EAR, text())
    whom = re.findall(r"ChanSpy\((.+),(\w+)\)", ear)
    assert [("${FILTER(0-9A-Z,${UNIQUEID}):0:26}", "qouESl")] == whom
    assert "Set(CDR_PROP(disable)=1)" in ear
    assert f"Set(TIMEOUT(absolute)={dialplan.EAR_SECONDS})" in ear


def test_our_server_is_reached_where_the_settings_say() -> None:
    assert 3 == text().count("AGI(agi://127.0.0.1:4999/")
    assert 3 == text(ari=False).count("AGI(agi://127.0.0.1:4999/")
    assert f"agi://127.0.0.1:4999/{variables.AGI_HANGUP}," in text()


def test_whatever_comes_from_outside_is_filtered_and_cut() -> None:
    for line in text(agents=True).splitlines():
        bare = re.sub(r"\$\{FILTER\([-+*#~:/_. 0-9A-Za-z]+,.+?\):0:\d+\}", "", line)
        assert not [name for name in FROM_OUTSIDE if "${" + name in bare], line


def test_no_filter_lets_through_what_has_a_meaning_to_the_dialplan() -> None:
    for alphabet in re.findall(r"FILTER\((.+?),", text(agents=True)):
        assert not set(alphabet) & set("|,;\"'$(){}[]\\&=<>`")


def test_recordings_go_below_the_folder_of_the_settings() -> None:
    assert 3 == text().count(",1,MixMonitor(/var/spool/asterisk/monitor/${FILTER(")
    (content,) = render(settings.Pbx(monitor=Path("/data/rec")), []).values()
    assert 2 == content.count(",1,MixMonitor(/data/rec/${FILTER(")


@pytest.mark.parametrize("path", ["monitor", "/a/../b", "/a b", "/a,b", "/a;b", "/${x}", "/", "/a\nb"])
def test_a_folder_that_could_mean_something_to_the_dialplan_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="must be an absolute path of letters"):
        settings.Pbx(monitor=Path(path))


@pytest.mark.parametrize("extension", [variables.TELL_AGI, variables.TELL_APP])
def test_all_pieces_together_fit_the_cdr_column(extension: str) -> None:
    (said,) = re.findall(rf"exten => {extension},1,Set\((?:COLLECTOR_END|CDR\(userfield\))=(.*)\)$", text(), re.M)
    for piece in dialplan._pieces(agents=False).values():
        said = said.replace(piece, "x" * int(piece.rsplit(":", 1)[1].rstrip("}")))
    said = re.sub(r"\$\{IF\(\$\[.*?\]\?1:0\)\}", "1", said)
    assert "$" not in said
    assert "|h=" + "x" * (110 if extension == variables.TELL_APP else 60) in said
    assert len(said) <= 255


def test_nothing_is_started_in_the_template_without_an_end() -> None:
    assert "{{" not in text(agents=True)
    assert "{%" not in text(agents=True)
    for line in text(agents=True).splitlines():
        if not line.startswith(";"):
            assert line.count("{") == line.count("}"), line
            assert line.count("(") == line.count(")"), line
