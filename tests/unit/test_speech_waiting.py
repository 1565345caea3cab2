"""A lost cache costs somebody on the line no silence: the first words first, the others beside them."""

import threading
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agi.service import HandlerService
from agi.switchboard import InstanceLine
from tests.unit.test_configfile import ENV, GOOD
from worker import configfile, convert_talk
from worker.app import App
from worker.core.enums import EntryState
from worker.core.model import QueueEntry, Waiting
from worker.core.script import Line
from worker.errors import SpeechError
from worker.ports import Sound
from worker.settings import Instance
from worker.speech.cache import SoundCache
from worker.speech.espeak import Espeak
from worker.speech.messages import Messages
from worker.speech.voice import CachedVoice
from worker.speech.waiting import TELL_EVERY, WaitingVoice

from .test_messages import ALL, ATTEMPT, DAYS, FOLDER

ENTRY = QueueEntry(
    ATTEMPT.entry_id,
    ATTEMPT.instance,
    ATTEMPT.client_id,
    EntryState.WAITING,
    ATTEMPT.total,
    ATTEMPT.bill_count,
    ATTEMPT.oldest_due,
)
WAITING = Waiting(ENTRY, ATTEMPT.client_name, (), {}, (), {})


class Slow:
    """A voice that makes a sound only when it is let; each takes its turn in `made`."""

    def __init__(self, ready: tuple[str, ...] = ()) -> None:
        self.ready = {text: Sound(text, 1.0) for text in ready}
        self.made: list[str] = []
        self.go = threading.Event()

    def find(self, text: str) -> Sound | None:
        return self.ready.get(text)

    def at_once(self, text: str) -> Sound:
        self.made.append(text)
        if text.startswith("slow"):
            assert self.go.wait(30)
        if text == "broken":
            raise SpeechError("no")
        return Sound(text, 1.0)


def test_what_is_there_is_simply_given() -> None:
    slow = Slow(("one", "two"))
    with capture_logs() as logs:
        assert [Sound("one", 1.0), Sound("two", 1.0)] == [
            WaitingVoice(slow).render(text) for text in ("one", "two")
        ]
    assert [] == slow.made
    assert [] == logs


def test_nobody_waits_for_what_is_said_later() -> None:
    slow = Slow()
    voice = WaitingVoice(slow)
    first = voice.render("first")
    later = [voice.render(f"slow {number}") for number in range(9)]
    assert ("first", 1.0) == (first.name, first.seconds)  # though nothing else can be made yet
    last = voice.render("last")
    assert "last" == last.name  # it did not stand in the queue
    assert 4 >= len(slow.made)
    slow.go.set()
    assert [f"slow {number}" for number in range(9)] == [one.name for one in later]


def test_each_sound_is_made_once() -> None:
    slow = Slow()
    voice = WaitingVoice(slow)
    sounds = [voice.render(str(number)) for number in range(20)]
    for sound in (*sounds, *sounds):
        assert sound.name
    assert sorted(map(str, range(20))) == sorted(slow.made)


def test_what_cannot_be_made_is_told_to_who_uses_it() -> None:
    coming = WaitingVoice(Slow()).render("broken")
    with pytest.raises(SpeechError, match="no"):
        assert coming.name


def test_a_lost_cache_is_told_once_a_minute_with_how_many() -> None:
    now = [0.0]
    voice = WaitingVoice(Slow(), lambda: now[0])
    with capture_logs() as logs:
        for number in range(5):
            voice.render(str(number))
        now[0] += TELL_EVERY
        voice.render("more")
    assert [("warning", 1), ("warning", 5)] == [(one["log_level"], one["count"]) for one in logs]


def test_the_first_words_do_not_wait_for_the_rest_of_the_script(tmp_path: Path) -> None:
    """With the real espeak-ng and an empty cache."""
    texts = Messages(FOLDER).texts(ATTEMPT, "Fibra Serra", ALL, DAYS)

    def voice(name: str) -> CachedVoice:
        return CachedVoice(Espeak("pt-br", 150), SoundCache(tmp_path, name, clock=time.time))

    began = time.monotonic()
    eager = [voice("eager").render(text) for text in texts.values()]
    whole = time.monotonic() - began
    began = time.monotonic()
    waiting = WaitingVoice(voice("waiting"))
    sounds = {line: waiting.render(text) for line, text in texts.items()}
    assert sounds[Line.GREETING].seconds
    greeted = time.monotonic() - began
    assert greeted < whole
    assert [one.seconds for one in eager] == [sounds[line].seconds for line in texts]


def handler_and_app(folder: Path) -> tuple[InstanceLine, App, Instance]:
    """As both processes build them from one file."""
    settings = configfile.parse(GOOD.replace("pbx:\n", f"pbx:\n  sounds: {folder}\n  owner: ''\n"), ENV)
    app = App(settings)
    return HandlerService(App(settings))._line(settings.instances[0]), app, settings.instances[0]


def test_what_the_worker_prepares_is_what_the_handler_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, app, instance = handler_and_app(tmp_path)
    app.prepare(instance, WAITING, ATTEMPT.number)
    monkeypatch.setenv("PATH", "/nowhere")  # nothing can be made from here on
    with capture_logs() as logs:
        sounds = line.script(ATTEMPT).lines
    assert [] == logs
    assert set(convert_talk.offers(instance).lines) == set(sounds)
    assert {Sound} == {type(sound) for sound in sounds.values()}
    assert all((tmp_path / f"{sound.name}.alaw").is_file() for sound in sounds.values())


def test_the_handler_makes_what_was_lost_beside_the_call(tmp_path: Path) -> None:
    line, _, _ = handler_and_app(tmp_path)
    with capture_logs() as logs:
        sounds = line.script(ATTEMPT).lines
    assert Sound not in {type(sound) for sound in sounds.values()}
    assert ["sounds made while somebody is on the line"] == [one["event"] for one in logs]
    assert all((tmp_path / f"{sound.name}.alaw").is_file() for sound in sounds.values())
