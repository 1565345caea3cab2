"""Runs espeak-ng and sox: bytes in, bytes out, no shell, never longer than a few seconds."""

import subprocess
from collections.abc import Sequence

from worker.errors import SpeechError

TIMEOUT = 15.0  # seconds; the longest text takes a twentieth of one
REMEDY = "apt-get install espeak-ng sox"


def run_program(command: Sequence[str], given: bytes, seconds: float = TIMEOUT, *, empty: bool = False) -> bytes:
    """What the program wrote to its standard output; nothing only where `empty`. SpeechError with the remedy."""
    name = command[0]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=seconds, check=False)
    except FileNotFoundError:
        raise SpeechError(f"{name} is not installed; {REMEDY}") from None
    except subprocess.TimeoutExpired:
        raise SpeechError(
            f"{name} did not finish within {seconds:g} seconds; is the machine overloaded?"
        ) from None
    except OSError as error:
        raise SpeechError(f"{name} cannot be started ({error.strerror}); {REMEDY}") from error
    if done.returncode != 0 or not (done.stdout or empty):
        said = " ".join(done.stderr.decode(errors="replace").split())[:200]
        raise SpeechError(f"{name} failed with exit code {done.returncode}: {said or 'it said nothing'}")
    return done.stdout
