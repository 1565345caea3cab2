"""Text to a sound the PBX can play, made once by espeak-ng and sox and kept in a bounded cache of A-law files."""

import hashlib
import threading
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

from worker.errors import SpeechError
from worker.ports import Sound
from worker.settings import VoiceSettings
from worker.speech import loudness
from worker.speech.cache import BYTES_PER_SECOND, SoundCache
from worker.speech.program import run_program

LONGEST_TEXT = 600  # characters; about 45 s of speech
DEFAULT_MAX_BYTES = 512 * 1024 * 1024
MAKERS = 2  # texts rendered at once in one process: rendering must not starve the PBX beside us
MEMO_SIZE = 4096
PRUNE_EVERY = 256  # new sounds between two looks at the size of the cache
RECIPE = "espeak/2"  # change it when the same text would give another sound
SILENCE = ["silence", "1", "0.01", "0.3%"]  # drop what is below 0.3 % until 10 ms are above it


class EspeakVoice:
    """Implements worker.ports.Voice. Safe in many threads, and with several processes on one cache."""

    def __init__(
        self,
        settings: VoiceSettings,
        sounds: Path,
        folder: str,
        owner: str = "",
        max_bytes: int = DEFAULT_MAX_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`sounds` is Asterisk's folder of sounds, `folder` a name below it that becomes ours alone."""
        self._settings = settings
        self._recipe = f"{RECIPE}\n{settings.language}\n{settings.words_per_minute}\n"
        self._cache = SoundCache(sounds, folder, owner=owner, max_bytes=max_bytes, clock=clock)
        self._memo: dict[str, str] = {}  # text -> digest: saves checking and hashing
        self._makers = threading.BoundedSemaphore(MAKERS)
        self._since_prune = PRUNE_EVERY  # the first new sound of a process looks at the size

    def render(self, text: str) -> Sound:
        """The sound of a text, from the cache or made now (about 40 ms). Raises SpeechError."""
        digest = self._memo.get(text) or self._digest(text)
        found = self._cache.find(digest)
        if found is not None:
            return found
        with self._makers:
            return self._cache.find(digest) or self._make(text, digest)

    def prune(self) -> int:
        """Remove the least recently used sounds beyond `max_bytes`, none younger than an hour; how many."""
        return self._cache.prune()

    def _digest(self, text: str) -> str:
        check(text)
        digest = hashlib.sha256((self._recipe + text).encode()).hexdigest()
        if len(self._memo) >= MEMO_SIZE:
            self._memo.clear()
        self._memo[text] = digest
        return digest

    def _make(self, text: str, digest: str) -> Sound:
        sound = self._cache.put(digest, speak(text, self._settings))
        self._since_prune += 1
        if self._since_prune >= PRUNE_EVERY:
            self._since_prune = 0
            self._cache.prune()
        return sound


def check(text: str) -> None:
    """SpeechError when a text is empty, too long, or holds what is neither spoken nor a space."""
    if not any(char.isalnum() for char in text):
        raise SpeechError("there is nothing to say: the text is empty; look at the message's template")
    if len(text) > LONGEST_TEXT:
        raise SpeechError(
            f"a text of {len(text)} characters is too long to be said, {LONGEST_TEXT} is the most; "
            "shorten the template"
        )
    bad = {f"U+{ord(char):04X}" for char in text if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029"}
    if bad:
        raise SpeechError(f"the text holds control characters ({', '.join(sorted(bad))}); take them out")


def speak(text: str, settings: VoiceSettings) -> bytes:
    """Text to A-law, 8 kHz mono, at the loudness every sound of ours has. Raises SpeechError."""
    words = text.replace("[", "(").replace("]", ")")  # espeak-ng reads [[ ]] as phonemes
    voice = ["-v", settings.language, "-s", str(settings.words_per_minute)]
    spoken = run_program(["espeak-ng", *voice, "-b", "1", "--stdin", "--stdout"], words.encode())
    trimmed = ["rate", "-m", "8000", *SILENCE, "reverse", *SILENCE, "reverse", "pad", "0.02", "0.1"]
    raw = ["-t", "raw", "-r", "8000", "-e", "signed", "-b", "16", "-c", "1", "-"]
    # espeak-ng cannot know the length when it writes the header of a stream
    samples = run_program(["sox", "-D", "-V1", "--ignore-length", "-t", "wav", "-", *raw, *trimmed], spoken)
    level = f"{loudness.gain(samples):.2f}"
    alaw = ["-t", "al", "-r", "8000", "-c", "1", "-"]
    sound = run_program(["sox", "-D", "-V1", *raw, *alaw, "gain", "-l", level], samples)
    if len(sound) < BYTES_PER_SECOND // 10:
        raise SpeechError("espeak-ng made no sound of a text; try `espeak-ng -v pt-br Olá` by hand")
    return sound
