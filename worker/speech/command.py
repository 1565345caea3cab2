"""A voice of the administrator's choice: any program that makes sound of a text, held to time and size."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from worker.errors import SpeechError
from worker.speech.audio import TRIMMED, from_raw, from_wav
from worker.voice_settings import VoiceCommand

MOST_BYTES = 32 * 1024 * 1024  # of any file it writes: three minutes of the best sound there is
POLL_SECONDS = 0.01
SAID = 200  # characters of what it complained, for the log


class Command:
    """Implements worker.speech.voice.Engine."""

    def __init__(self, settings: VoiceCommand) -> None:
        self._settings = settings
        self._name = settings.program[0]
        self._recipe = "\n".join(("command/1", str(settings.raw_rate), *settings.program))

    def recipe(self, _text: str) -> str:
        """The program's own files may change without our knowing; then the sounds are to be removed by hand."""
        return self._recipe

    def speak(self, text: str) -> bytes:
        with tempfile.TemporaryDirectory(prefix="collector-voice-", ignore_cleanup_errors=True) as folder:
            made = self._run(text, Path(folder))
        if not made:
            raise SpeechError(f"{self._name} made no sound")
        try:
            if self._settings.raw_rate is not None:
                return from_raw(made[: len(made) // 2 * 2], self._settings.raw_rate, TRIMMED)
            return from_wav(made, TRIMMED)
        except SpeechError as error:
            raise SpeechError(f"what {self._name} made cannot be used: {error}") from None

    def _run(self, text: str, folder: Path) -> bytes:
        given, out, errors = folder / "text.txt", folder / "out.wav", folder / "errors"
        given.write_text(text + "\n", encoding="utf-8")
        places = {"{text_file}": str(given), "{out}": str(out)}
        command = [_filled(argument, places) for argument in self._settings.program]
        named = {place for place in places if any(place in argument for argument in self._settings.program)}
        answer = folder / "answer" if "{out}" not in named else errors
        with (
            open(os.devnull if "{text_file}" in named else given, "rb") as stdin,
            answer.open("ab") as stdout,
            errors.open("ab") as stderr,
        ):
            code = self._wait(command, stdin.fileno(), stdout.fileno(), stderr.fileno(), (answer, errors, out))
        made = out if "{out}" in named else answer
        if code != 0:
            with errors.open("rb") as complaint:
                said = " ".join(complaint.read(4 * SAID).decode(errors="replace").split())[:SAID]
            raise SpeechError(f"{self._name} failed with exit code {code}: {said or 'it said nothing'}")
        return made.read_bytes() if made.is_file() else b""

    def _wait(self, command: Sequence[str], stdin: int, stdout: int, stderr: int, written: Sequence[Path]) -> int:
        """Its exit code. Nothing of it is left alive, whatever it has started."""
        try:
            running = subprocess.Popen(
                command, stdin=stdin, stdout=stdout, stderr=stderr, cwd=written[0].parent, start_new_session=True
            )
        except OSError as error:
            raise SpeechError(
                f"{self._name} cannot be started: {error.strerror}; correct voice.command.program"
            ) from None
        try:
            trouble = self._watched(running.pid, written)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            code = running.wait()
        if trouble:
            raise SpeechError(trouble)
        return code

    def _watched(self, pid: int, written: Sequence[Path]) -> str:
        """Empty when it has ended by itself. It is not reaped: until then no other group can have its number.

        A limit of the system on the size of files would also end espeak-ng, whose shared memory is a large file.
        """
        deadline = time.monotonic() + self._settings.timeout_seconds
        while True:
            ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
            if any(_size(file) > MOST_BYTES for file in written):
                return f"{self._name} wrote more than {MOST_BYTES >> 20} MB"
            if ended:
                return ""
            if time.monotonic() > deadline:
                return f"{self._name} did not finish within {self._settings.timeout_seconds:g} seconds"
            time.sleep(POLL_SECONDS)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _filled(argument: str, places: dict[str, str]) -> str:
    for place, path in places.items():
        argument = argument.replace(place, path)
    return argument
