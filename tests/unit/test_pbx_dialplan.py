"""The dialplan says what `variables.py` says, and lets nothing from outside through unfiltered."""

import re

from worker import settings
from worker.pbx import dialplan, variables
from worker.pbx.dialplan import FILE, render

ARI = settings.Ari(user="collector", password="x", app="collector")
FROM_OUTSIDE = (
    "HANGUPCAUSE",
    "AMDSTATUS",
    "AMDCAUSE",
    variables.TALK,
    variables.ATTEMPT,
    variables.NUMBER,
    "CDR(b",
)


def instance(name: str) -> settings.Instance:
    return settings.Instance.model_validate(
        {
            "id": name,
            "company": "Provedor",
            "caller_id": "+551133330000",
            "source": {"type": "csv", "clients": "a", "bills": "b"},
            "trunk": {"endpoint": "PJSIP/{number}@carrier"},
            "conversation": {"amd": {"greeting": 1234}},
        }
    )


def text(*, ari: bool = True) -> str:
    pbx = settings.Pbx(ari=ARI if ari else None, agi=settings.Agi(port=4999))
    (content,) = render(pbx, [instance("one"), instance("two-b")]).values()
    return content


def contexts(content: str) -> list[str]:
    return re.findall(r"^\[(.+)\]$", content, re.MULTILINE)


def test_one_file_of_our_own() -> None:
    assert [FILE] == list(render(settings.Pbx(), []))


def test_the_contexts_are_those_python_names_and_each_says_who_may_come_in() -> None:
    assert [variables.CONTEXT_OUT, variables.CONTEXT_AMD, variables.CONTEXT_HANGUP] == contexts(text())
    assert 3 == text().count("; Who may come in:")


def test_without_ari_there_is_nothing_of_stasis() -> None:
    assert [variables.CONTEXT_OUT, variables.CONTEXT_HANGUP] == contexts(text(ari=False))
    assert "Stasis" not in text(ari=False)


def test_the_end_of_a_call_is_told_to_those_who_served_it() -> None:
    told = dict(
        re.findall(r"^exten => ([\w-]+),1,Set.*\n(?: same => n,Set.*\n)? same => n,(\w+)\(", text(), re.MULTILINE)
    )
    assert {variables.TELL_AGI: "AGI", variables.TELL_APP: "UserEvent"} == told
    (same,) = re.findall(
        rf"UserEvent\({variables.EVENT_END},{variables.EVENT_TEXT}: (.*)\)$", text(), re.MULTILINE
    )
    assert f"Set(CDR(userfield)={same})\n" in text()
    assert "UserEvent(" not in text(ari=False)


def test_every_instance_has_its_own_arguments_of_amd() -> None:
    for name in ("one", "two-b"):
        assert f"exten => {name},1,AMD(3500,1234,700,5000,100,50,6,256,5000)" in text()


def test_our_server_is_reached_where_the_settings_say() -> None:
    assert 3 == text().count("AGI(agi://127.0.0.1:4999/")
    assert 3 == text(ari=False).count("AGI(agi://127.0.0.1:4999/")
    assert f"agi://127.0.0.1:4999/{variables.AGI_HANGUP}," in text()


def test_whatever_comes_from_outside_is_filtered_and_cut() -> None:
    for line in text().splitlines():
        bare = re.sub(r"\$\{FILTER\([-+*#~:/_. 0-9A-Za-z]+,.+?\):0:\d+\}", "", line)
        assert not [name for name in FROM_OUTSIDE if "${" + name in bare], line


def test_no_filter_lets_through_what_has_a_meaning_to_the_dialplan() -> None:
    for alphabet in re.findall(r"FILTER\((.+?),", text()):
        assert not set(alphabet) & set("|,;\"'$(){}[]\\&=<>`")


def test_all_pieces_together_fit_the_cdr_column() -> None:
    pieces = dialplan._pieces()
    most = sum(int(piece.rsplit(":", 1)[1].rstrip("}")) for piece in pieces.values())
    assert most + len("|n=|u=1|q=|t=|a=|w=|r=|d=|h=") <= 255


def test_nothing_is_started_in_the_template_without_an_end() -> None:
    assert "{{" not in text()
    assert "{%" not in text()
    for line in text().splitlines():
        if not line.startswith(";"):
            assert line.count("{") == line.count("}"), line
            assert line.count("(") == line.count(")"), line
