"""`collector talk`: a conversation at the terminal says what a call would say, and stores nothing."""

import os
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agi.call import Hangup, Said
from tests.unit.house import House
from tests.unit.standing_in import StandIn
from tests.unit.test_configfile import ENV
from worker import configfile
from worker.cli import main  # noqa: F401  registers the commands
from worker.commands import talk as commands
from worker.commands.base import app
from worker.commands.terminal_call import LineKeys, TerminalCall, TerminalKeys, Utterance
from worker.errors import ConfigError, UsageError
from worker.ports import Sound
from worker.settings import ROOT, Instance
from worker.speech.messages import Messages

CONFIG = """
database: {user: collector, password: {env: DB}}
pbx: {}
instances:
  - {id: other, company: Outra, caller_id: "+551133330000", source: {type: csv, clients: /c.csv, bills: /b.csv},
     trunk: {endpoint: "PJSIP/{number}@t"}, dialling: {origination: callfile}}
  - id: demo
    company: Fibra Serra
    caller_id: "+551133330000"
    source: {type: csv, clients: /c.csv, bills: /b.csv}
    trunk: {endpoint: "PJSIP/{number}@t"}
    dialling: {origination: callfile}
    payment_hook: {command: [/bin/true]}
    conversation: {pay: {say_line: true, send: true}, agent: {extension: "200"}, key_wait_seconds: 1}
"""
DEBT = ("fatura", "reais", "total")


class Voice:
    def render(self, text: str) -> Sound:
        return Sound(f"collector/{len(text)}", 2.0)


class Running(StandIn):
    """With a voice that makes no sound."""

    def messages(self, instance: Instance) -> Messages:
        return Messages(ROOT / "config" / "messages" / instance.conversation.messages)

    def voice(self, _: Instance) -> Voice:
        return Voice()


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Running:
    one = Running(configfile.parse(CONFIG, ENV))
    monkeypatch.setattr(commands, "App", lambda _: one)
    monkeypatch.setattr(commands, "settings_of", lambda _: one.settings)
    monkeypatch.setattr(commands, "PLAYERS", dict.fromkeys(commands.PLAYERS, (("no-such-player",),)))
    return one


def talk(*arguments: str, keys: str = "") -> Result:
    return CliRunner().invoke(app, ["talk", *arguments], input="".join(f"{key}\n" for key in keys.split(",")))


def spoken(output: str) -> list[str]:
    return [line.removeprefix("» ") for line in output.splitlines() if line.startswith("» ")]


@pytest.mark.usefixtures("running")
def test_an_invented_debtor_is_told_his_debt_only_after_he_said_who_he_is() -> None:
    done = talk("--sample", "-i", "demo", keys="1,3,2,,")
    said = spoken(done.output)
    assert "Olá! Aqui é da Fibra Serra." == said[0]
    assert not [line for line in said[:2] if any(word in line for word in DEBT)]
    assert "duas faturas" in said[2]
    assert said[-2].startswith("Combinado: você vai pagar")
    assert "result promise, pays on 20" in done.output.splitlines()[-1]
    assert "keys 132" in done.output.splitlines()[-1]


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize("taken_for", ["human", "machine", "not_sure"])
def test_who_says_nothing_hears_nothing_of_a_debt(taken_for: str) -> None:
    done = talk("--sample", "-i", "demo", "--taken-for", taken_for)
    assert 0 == done.exit_code
    assert not [line for line in spoken(done.output) if any(word in line for word in DEBT)]
    assert (2 if taken_for == "machine" else 3) == len([line for line in spoken(done.output) if "Serra" in line])


@pytest.mark.usefixtures("running")
def test_the_digits_of_the_line_are_printed_in_groups() -> None:
    said = spoken(talk("--sample", "-i", "demo", keys="1,2,1,,").output)
    assert "dois três sete nove três" in said


@pytest.mark.usefixtures("running")
def test_agents_and_messages_are_only_told_of() -> None:
    done = talk("--sample", "-i", "demo", keys="1,2,2,0,1")
    assert "(the way to pay would be sent now)" in done.output
    assert "(an agent is rung" in done.output
    assert "result transferred" in done.output
    assert "result wants_agent" in talk("--sample", "-i", "demo", keys="1,0,").output


@pytest.mark.usefixtures("running")
def test_hanging_up_ends_it_as_on_the_telephone() -> None:
    done = talk("--sample", "-i", "demo", keys="1,h")
    assert "result confirmed" in done.output.splitlines()[-1]
    assert "(we hang up)" in done.output


def test_a_debtor_is_looked_for_in_the_queues_of_all_instances(running: Running) -> None:
    running.store = House().store
    done = talk("--debtor", "7", keys="1")
    assert 0 == done.exit_code
    assert "gostaria de falar com Ana." in done.output
    assert "noventa e nove reais e noventa centavos" in done.output


@pytest.mark.usefixtures("running")
def test_a_debtor_who_is_not_there_and_a_wrong_choice_get_a_sentence() -> None:
    with pytest.raises(
        UsageError, match="client 8 waits in no queue of other, demo; `collector queue --explain 8`"
    ):
        CliRunner().invoke(app, ["talk", "--debtor", "8"], catch_exceptions=False)
    for arguments in ([], ["--debtor", "8", "--sample"]):
        with pytest.raises(UsageError, match="--debtor, or try an invented one with --sample"):
            CliRunner().invoke(app, ["talk", *arguments], catch_exceptions=False)


@pytest.mark.usefixtures("running")
def test_where_nothing_plays_the_files_are_named() -> None:
    assert "/var/lib/asterisk/sounds/collector/27.alaw" in talk("--sample", "-i", "demo", "--sound").output


def test_a_player_is_told_the_format_the_sounds_are_in(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    running.settings = configfile.parse(CONFIG.replace("pbx: {}", "pbx: {sound_format: ulaw}"), ENV)
    monkeypatch.setattr(commands, "PLAYERS", {"ulaw": (("true", "ulaw"),), "alaw": (("true", "alaw"),)})
    printed = commands._Printed(Voice(), running.settings.pbx)
    printed.render("Alô")
    assert {"collector/3": ("true", "ulaw", "/var/lib/asterisk/sounds/collector/3.ulaw")} == {
        name: one.play for name, one in printed.utterances.items()
    }


# --- the terminal ------------------------------------------------------------------------------------------


def call(keys: LineKeys | TerminalKeys, *play: str) -> tuple[TerminalCall, list[str]]:
    shown: list[str] = []
    return TerminalCall(keys, {"a": Utterance("Alô?", 2.0, play)}, show=shown.append), shown


def test_a_sound_is_played_to_its_end_or_to_a_key(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    whole, _ = call(LineKeys(StringIO()), "true", str(tmp_path / "x"))
    assert Said(None, 2.0, complete=True) == whole.say("a", keys="1")
    failing, shown = call(LineKeys(StringIO()), "false", "x.alaw")
    assert Said(None, 2.0, complete=True) == failing.say("a")
    assert "  (not played: x.alaw)" == shown[-1]


def test_a_single_key_of_a_terminal_cuts_a_sound_and_answers_a_question() -> None:
    ours, theirs = os.openpty()
    try:
        with TerminalKeys(theirs) as keys:
            one, _ = call(keys, "sleep", "30")
            os.write(ours, b"x51")
            said = one.say("a", keys="1")
            assert ("1", False, "51") == (said.key, said.complete, one.pressed)
            assert said.seconds < 20
            os.write(ours, b"y7")
            assert "7" == one.wait_key("7", 5)
            assert one.wait_key("7", 0.05) is None
            silent, _ = call(keys)
            os.write(ours, b"2")
            assert Said("2", 0.0, complete=False) == silent.say("a", keys="2")
            os.write(ours, b"h")
            with pytest.raises(Hangup):
                one.wait_key("7", 5)
    finally:
        os.close(ours)
        os.close(theirs)


def test_check_config_names_every_line_that_has_no_words(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    text = CONFIG.replace("key_wait_seconds: 1}", "messages: xx_YY}").replace("{env: DB}", "{env: TALK_DB}")
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(ConfigError, match=r"xx_YY lacks greeting\.j2, .*machine_message\.j2"):
        CliRunner().invoke(app, ["-c", str(file), "check-config"], env={"TALK_DB": "x"}, catch_exceptions=False)
