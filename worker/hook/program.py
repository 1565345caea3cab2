"""A payment hook that is a program: the request as JSON on its standard input; exit code 0 is a yes."""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from worker.errors import HookFailed
from worker.hook.payload import written
from worker.hook_settings import PaymentHook

# Not ours: secrets of the configuration may stand in it.
_ENVIRONMENT: Final = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


class ProgramHook:
    """A `worker.payment_ports.PaymentHook`. No shell, nothing of the request among the arguments."""

    def __init__(self, hook: PaymentHook) -> None:
        self._words = list(hook.command)
        self._patience = hook.timeout_seconds

    def probe(self) -> str:
        program = self._words[0]
        if not Path(program).is_file():
            raise HookFailed(f"{program} is no program: correct payment_hook.command")
        if not os.access(program, os.X_OK):
            raise HookFailed(f"{program} may not be run by this user: chmod +x, or run as its owner")
        return f"{program} can be started"

    def send(self, payload: Mapping[str, object]) -> None:
        try:
            running = subprocess.Popen(
                self._words,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,  # so that all it has started can be ended with it
            )
        except OSError as error:
            raise HookFailed(
                f"{self._words[0]} cannot be started ({error.strerror}): check its path and rights"
            ) from None
        with running:
            try:
                running.communicate(written(payload), timeout=self._patience)
            except subprocess.TimeoutExpired:
                _end(running)
                raise HookFailed(
                    f"{self._words[0]} took over {self._patience:g} seconds and was ended: raise timeout_seconds"
                ) from None
            except BaseException:  # we are told to stop: it may not go on without us
                _end(running)
                raise
        if running.returncode:
            raise HookFailed(f"{self._words[0]} ended with code {running.returncode}: see its own log")


def _end(running: "subprocess.Popen[bytes]") -> None:
    """With all that it has started: what goes on after its time might send what is tried again meanwhile."""
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
