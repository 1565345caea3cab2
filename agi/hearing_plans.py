"""From the settings: how each instance listens for who picks up."""

from functools import cache, partial
from pathlib import Path

from agi.listening import AudioJudge, Early, HearingPlan, Judge, unknown
from agi.recordings import Recordings
from worker.core import answering
from worker.errors import ConfigError
from worker.settings import AMD_AUDIO_MODEL, AMD_MODEL, Instance, Settings


def hearing_plans(settings: Settings, recordings: Recordings | None = None) -> dict[str, HearingPlan]:
    """By instance; those that want nothing heard are left out. Raises ConfigError for a model that is none."""
    known = recordings or Recordings()
    return {
        one.id: _plan(one, known)
        for one in settings.instances
        if settings.is_here(one) and one.conversation.answering.listens
    }


@cache
def _model(setting: str, file: Path) -> answering.Model:
    try:
        model = answering.loads(file.read_text(encoding="utf-8"))
        problem = "it is the other kind" if model.hears_audio is not (setting == "audio_model") else ""
    except (OSError, ValueError) as error:
        problem = str(error)
    if problem:
        made = "`collector amd train`" if setting == "model" else "`collector amd train --audio`"
        raise ConfigError(
            [f"conversation.answering.{setting}: {file} cannot be used: {problem}; {made} makes one"]
        )
    return model


def _plan(instance: Instance, recordings: Recordings) -> HearingPlan:
    wants = instance.conversation.answering
    judge: Judge | None = None
    judge_audio: AudioJudge | None = None
    if wants.detector in ("sound", "timing"):
        judge = partial(answering.judge, _model("model", wants.model or AMD_MODEL))
    if wants.detector == "sound":
        judge_audio = partial(answering.judge, _model("audio_model", wants.audio_model or AMD_AUDIO_MODEL))
    return HearingPlan(
        judge=judge,
        judge_audio=judge_audio,
        amd=wants.detector == "asterisk",
        early=Early(wants.early_media),
        known=recordings.recognise if wants.detector != "none" else unknown,
        known_sound=recordings.recognise_sound,
    )
