"""From the settings to the models that judge; a model that cannot be used is told in one sentence."""

from pathlib import Path

import pytest

from agi.hearing_plans import hearing_plans
from agi.listening import HearingPlan, unknown
from agi.recordings import Recordings
from tests.unit.small_model import AUDIO_MODEL, MODEL
from tests.unit.test_configfile import ENV, GOOD
from worker import configfile
from worker.core import answering
from worker.core.answering import HUMAN, MACHINE
from worker.core.hearing import Audio, Segment
from worker.errors import ConfigError

NOISE = (Segment(0.2, 9.0),)
ALO = Audio((Segment(0.4, 0.8),))


@pytest.fixture
def models(tmp_path: Path) -> tuple[Path, Path]:
    """Of timing, of audio."""
    timing, audio = tmp_path / "timing.json", tmp_path / "audio.json"
    timing.write_text(answering.dumps(MODEL), encoding="utf-8")
    audio.write_text(answering.dumps(AUDIO_MODEL), encoding="utf-8")
    return timing, audio


def plan(recordings: Recordings | None = None, /, **answers: object) -> HearingPlan:
    written = ", ".join(f"{name}: {value}" for name, value in answers.items())
    text = f"{GOOD}    conversation: {{answering: {{{written}}}}}\n"
    return hearing_plans(configfile.parse(text, ENV), recordings)["fibra"]


def test_the_detector_of_sound_has_both_models(models: tuple[Path, Path]) -> None:
    found = plan(detector="sound", model=models[0], audio_model=models[1])
    assert found.judge is not None
    assert found.judge_audio is not None
    assert MACHINE == found.judge(NOISE, 3.0).status
    assert HUMAN == found.judge_audio(NOISE, 3.0, ALO).status
    assert not found.amd


def test_the_detector_of_timing_asks_for_no_audio(models: tuple[Path, Path]) -> None:
    found = plan(detector="timing", model=models[0], audio_model="/none/such.json")
    assert found.judge is not None
    assert (None, False) == (found.judge_audio, found.amd)


@pytest.mark.parametrize("detector", ["asterisk", "none"])
def test_other_detectors_load_no_model(detector: str) -> None:
    found = plan(detector=detector, model="/none/such.json", audio_model="/none/such.json")
    assert (None, None, detector == "asterisk") == (found.judge, found.judge_audio, found.amd)
    assert (found.known is unknown) is (detector == "none")


@pytest.mark.parametrize(
    ("setting", "kind"), [("model", 1), ("audio_model", 0)], ids=["audio for timing", "timing for audio"]
)
def test_a_model_of_the_other_kind_is_one_sentence(models: tuple[Path, Path], setting: str, kind: int) -> None:
    chosen = {"model": models[0], "audio_model": models[1], setting: models[kind]}
    with pytest.raises(ConfigError) as caught:
        plan(detector="sound", **chosen)
    (problem,) = caught.value.problems
    assert problem.startswith(
        f"conversation.answering.{setting}: {models[kind]} cannot be used: it is the other kind"
    )
    assert "\n" not in problem


@pytest.mark.parametrize("setting", ["model", "audio_model"])
@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_a_file_that_is_no_model_is_one_sentence(
    models: tuple[Path, Path], tmp_path: Path, setting: str, content: str | None
) -> None:
    file = tmp_path / "mine.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        plan(detector="sound", **{"model": models[0], "audio_model": models[1], setting: file})
    (problem,) = caught.value.problems
    assert problem.startswith(f"conversation.answering.{setting}: {file} cannot be used: ")
    assert problem.endswith(f"`collector amd train{' --audio' * (setting == 'audio_model')}` makes one")


def test_the_shipped_models_are_used_where_none_is_named() -> None:
    found = plan(detector="sound")
    assert found.judge_audio is not None
    assert MACHINE == found.judge_audio(NOISE, 6.0, Audio((), NOISE)).status


def test_known_recordings_are_looked_for_by_pauses_and_by_sound(models: tuple[Path, Path]) -> None:
    recordings = Recordings()
    found = plan(recordings, detector="sound", model=models[0], audio_model=models[1])
    assert (recordings.recognise, recordings.recognise_sound) == (found.known, found.known_sound)


def test_an_instance_that_wants_nothing_heard_is_left_out() -> None:
    text = f"{GOOD}    conversation: {{answering: {{detector: none, early_media: ignore}}}}\n"
    assert {} == hearing_plans(configfile.parse(text, ENV))
