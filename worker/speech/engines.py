"""Which voice the settings of an instance ask for."""

import time
from collections.abc import Callable

from worker.settings import Instance, Pbx
from worker.speech.cache import SoundCache
from worker.speech.command import Command
from worker.speech.espeak import Espeak
from worker.speech.folder import Folder
from worker.speech.recordings import Recordings
from worker.speech.voice import CachedVoice, Engine, StandIn
from worker.speech.waiting import WaitingVoice
from worker.voice_settings import VoiceSettings

AnyVoice = CachedVoice | StandIn


class Voices:
    """Of all instances, over one cache: its bound is that of the folder."""

    def __init__(self, pbx: Pbx, clock: Callable[[], float] = time.time) -> None:
        self._cache = SoundCache(
            pbx.sounds,
            pbx.sound_folder,
            owner=pbx.owner,
            max_bytes=pbx.sounds_megabytes * 1024 * 1024,
            clock=clock,
            form=pbx.sound_format,
        )
        self._voices: dict[str, AnyVoice] = {}
        self._waiting: dict[str, WaitingVoice] = {}

    def of(self, instance: Instance) -> AnyVoice:
        """Nothing is run here."""
        if instance.id not in self._voices:
            self._voices[instance.id] = open_voice(instance.voice, self._cache)
        return self._voices[instance.id]

    def waiting(self, instance: Instance) -> WaitingVoice:
        """The same voice while somebody is on the line."""
        if instance.id not in self._waiting:
            self._waiting[instance.id] = WaitingVoice(self.of(instance))
        return self._waiting[instance.id]


def engines(settings: VoiceSettings) -> tuple[Engine, Engine | None]:
    """Who speaks, and who stands in for an engine that may fail or take long. Nothing is run here."""
    espeak = Espeak(settings.language, settings.words_per_minute)
    spare: Engine | None = espeak if settings.fallback == "espeak" else None
    if settings.engine == "recordings" and settings.recordings is not None:
        folder = Folder(settings.recordings)
        if settings.fallback == "command":
            return Recordings(folder, Command(settings.command)), Recordings(folder, espeak)
        return Recordings(folder, spare), None
    return (Command(settings.command), spare) if settings.engine == "command" else (espeak, None)


def open_voice(settings: VoiceSettings, cache: SoundCache) -> AnyVoice:
    first, second = engines(settings)
    voice = CachedVoice(first, cache)
    return StandIn(voice, CachedVoice(second, cache)) if second else voice
