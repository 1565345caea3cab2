"""`collector amd`, over the store in memory: what it changes, prints and refuses."""

import json
import random
import re
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.unit.standing_in import StandIn
from tests.unit.test_commands_brakes import CONFIG
from tests.unit.test_core_answering_check import crowd
from tests.unit.world import NOON
from worker import configfile
from worker.commands import amd as commands
from worker.commands.base import app
from worker.core import answering
from worker.core.answering_training import Plan, train
from worker.core.heard_call import HeardCall, Label
from worker.core.hearing import Audio, Segment
from worker.core.ulid import new_ulid
from worker.errors import SourceBroken, UsageError

RANDOM = random.Random(1)
IDS = [new_ulid(NOON, RANDOM.getrandbits) for _ in range(200)]


class Running(StandIn):
    """With calls that were heard."""

    def heard(self, count: int, *, instance: str = "fibra", days_ago: int = 1) -> None:
        when = NOON - timedelta(days=days_ago)
        self.store.heard.add(
            [HeardCall(one, instance, when, 9.0, "MACHINE", "X", (Segment(0.9, 1.3),)) for one in IDS[:count]]
        )

    @property
    def labels(self) -> dict[str, Label | None]:
        calls = self.store.heard.listing(None, NOON - timedelta(days=999), 999)
        return {one.attempt_id: one.label for one in calls}


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Running:
    one = Running(configfile.parse(CONFIG, {"DB": "secret"}))
    monkeypatch.setattr(commands, "settings_of", lambda _: one.settings)
    monkeypatch.setattr(commands, "App", lambda _: one)
    monkeypatch.setattr(commands, "utc_now", lambda: NOON)
    return one


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["amd", *arguments])


def test_one_call_is_labelled_and_a_later_word_replaces_it(running: Running) -> None:
    running.heard(2)
    assert (0, "1 labelled\n") == (run("label", IDS[0], "human").exit_code, run("label", IDS[0], "machine").output)
    assert {IDS[0]: Label.MACHINE, IDS[1]: None} == running.labels


def test_many_are_labelled_from_a_file_as_excel_saves_it(running: Running, tmp_path: Path) -> None:
    running.heard(2)
    file = tmp_path / "labels.csv"
    file.write_text(f"who;attempt_id;label\nx;{IDS[0]};Human\ny; {IDS[1]} ;machine\n", encoding="utf-8-sig")
    assert "2 labelled\n" == run("label", "--file", str(file)).output
    assert {IDS[0]: Label.HUMAN, IDS[1]: Label.MACHINE} == running.labels


def test_a_file_with_mistakes_labels_nobody_and_names_the_lines(running: Running, tmp_path: Path) -> None:
    running.heard(1)
    file = tmp_path / "labels.csv"
    file.write_text(f"attempt_id,label\n{IDS[0]},human\n{IDS[0]},robot\nnonsense,human\n", encoding="utf-8")
    problem = run("label", "--file", str(file)).exception
    assert isinstance(problem, SourceBroken)
    assert ["line 3", "line 4"] == [line.partition(":")[0] for line in str(problem).splitlines()[1:]]
    assert {IDS[0]: None} == running.labels
    file.write_text("a,b\n", encoding="utf-8")
    assert "needs the columns attempt_id and label" in str(run("label", "--file", str(file)).exception)
    assert "cannot be read" in str(run("label", "--file", str(tmp_path / "none.csv")).exception)


@pytest.mark.parametrize("arguments", [(), (IDS[0],), (IDS[0], "human", "--file", "x.csv")])
def test_it_must_be_clear_what_is_labelled(running: Running, arguments: tuple[str, ...]) -> None:
    assert isinstance(run("label", *arguments).exception, UsageError)
    assert {} == running.labels


def test_a_call_of_which_nothing_is_kept_is_named(running: Running) -> None:
    problem = run("label", IDS[7], "human").exception
    assert f"of {IDS[7]} nothing was heard, or it is no longer kept" == str(problem)
    assert {} == running.labels


def test_training_on_too_few_is_refused_in_one_sentence(running: Running, tmp_path: Path) -> None:
    running.heard(3)
    out = tmp_path / "model.json"
    problem = run("train", "--out", str(out)).exception
    assert isinstance(problem, UsageError)
    assert "0 people and 0 machines" in str(problem)
    assert not out.exists()


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Plan(trees=4, depth=2, folds=2, seconds=3.0)
    monkeypatch.setattr("worker.core.answering_check.train", lambda calls, _: train(calls, quick))
    monkeypatch.setattr(commands, "train_model", lambda calls: train(calls, quick))


def labelled(running: Running, *, audio: bool) -> None:
    made = list(zip(IDS, crowd(50), strict=False))
    running.store.heard.add(
        [
            HeardCall(key, "fibra", NOON, 9.0, "", "", one.segments, Audio(one.segments) if audio else None)
            for key, one in made
        ]
    )
    running.store.heard.label({key: Label.MACHINE if one.machine else Label.HUMAN for key, one in made}, NOON)


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize(
    ("options", "setting"), [((), "model"), (("--audio",), "audio_model")], ids=["of timing", "of audio"]
)
def test_a_model_of_own_calls_is_written_with_its_figures_and_the_setting_that_wants_it(
    running: Running, tmp_path: Path, options: tuple[str, ...], setting: str
) -> None:
    labelled(running, audio=True)
    out = tmp_path / "model.json"
    done = run("train", "--out", str(out), "-i", "fibra", *options)
    assert done.exit_code == 0, done.exception
    assert re.search(
        r"people called machines: [\d.]+ %; machines called people: [\d.]+ %, each call judged", done.output
    )
    assert f"set conversation.answering.{setting} to it" in done.output.replace("\n", " ")
    assert (setting == "audio_model") is answering.loads(out.read_text(encoding="utf-8")).hears_audio


def test_too_few_calls_with_their_sound_are_refused_in_one_sentence(running: Running, tmp_path: Path) -> None:
    labelled(running, audio=False)
    out = tmp_path / "model.json"
    problem = run("train", "--audio", "--out", str(out)).exception
    assert isinstance(problem, UsageError)
    assert "labelled calls with their sound of 0 people and 0 machines" in str(problem)
    assert "\n" not in str(problem)
    assert not out.exists()


def test_the_report_sets_verdicts_against_what_is_known(running: Running) -> None:
    running.heard(3)
    run("label", IDS[0], "human")
    run("label", IDS[1], "machine")
    told = json.loads(run("report", "--json").output)
    assert (3, 1.0, 0.0) == (told["calls"], told["known"]["false_machine"], told["known"]["false_human"])
    assert {"HUMAN": 0, "MACHINE": 1, "NOTSURE": 0, "none": 0} == told["known"]["counts"]["human"]
    assert told["pressed_a_key"]["false_machine"] is None
    text = run("report").output
    assert "3 calls heard, of 2 it is known who it was" in text
    assert "of 0 who pressed a key: none to say called machines" in text


def test_the_report_is_of_the_days_and_the_instance_asked_for(running: Running) -> None:
    running.heard(3, days_ago=40)
    assert 0 == json.loads(run("report", "--json").output)["calls"]
    assert 3 == json.loads(run("report", "--json", "--days", "60").output)["calls"]
    assert 0 == json.loads(run("report", "--json", "--days", "60", "-i", "radio").output)["calls"]
