"""The plain AGI scripts beside this file: one process a call, for the administrator's own dialplan.

Whatever happens, the dialplan goes on within seconds and finds in COLLECTOR_STATUS what came of it. Nothing but
AGI is ever written to standard output, and an error is one masked line on Asterisk's console.
"""

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from asterisk.agi import AGIError

from agi.plain_status import Status, Stopped, TooLong
from agi.safe_agi import SafeAgi
from worker.pbx.text import agi_quoted

LONGEST_SECONDS = 8  # of everything but talking; what takes longer is given up
LAST_SECONDS = 3  # to tell the status, then we are ended
SAID = 200  # characters of a line on the console


def main() -> NoReturn:
    """Never returns, so that no thread left behind can hold the call."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not be taken for a command
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # how Asterisk tells a hang-up; the next command will say it
    alarm(LONGEST_SECONDS)
    try:
        agi = SafeAgi(reader, writer)
        agi.execute("SET VARIABLE", "COLLECTOR_STATUS", Status.UNAVAILABLE)  # what is true if we are killed
    except (AGIError, TooLong):
        sys.stderr.write(f"collector-{name} is to be called by AGI() in a dialplan\n")
        os._exit(2)
    status, said = _run(name, agi)
    _end_within(LAST_SECONDS)
    with suppress(Exception):
        tell(agi, name, status, said)
    os._exit(0)


def alarm(seconds: int) -> None:
    """From now on so long, then TooLong; 0: as long as it takes."""
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(seconds)


def _run(name: str, agi: SafeAgi) -> tuple[Status, str]:
    try:
        from agi.plain_scripts import SCRIPTS  # noqa: PLC0415  takes time: under the alarm

        return SCRIPTS[name](agi, alarm)
    except Stopped as why:
        return why.status, str(why)
    except TooLong:
        return (
            Status.UNAVAILABLE,
            f"not done within {LONGEST_SECONDS} seconds; is the database or the ERP slow?",
        )
    except AGIError:
        return Status.HANGUP, "the caller has gone"
    except Exception as error:
        return Status.UNAVAILABLE, _sentence(error)


def tell(agi: SafeAgi, name: str, status: Status, said: str) -> None:
    """One line on the console, and the channel variable. Raises AGIError."""
    agi.execute("SET VARIABLE", "COLLECTOR_STATUS", status)
    line = "".join(letter if letter.isprintable() else " " for letter in f"Collector {name}: {status}, {said}")
    agi.execute("VERBOSE", agi_quoted(line[:SAID]), 1)


def _sentence(error: Exception) -> str:
    """Of our own errors the sentence, of others the kind only."""
    from worker.errors import CollectorError, ConfigError  # noqa: PLC0415
    from worker.masking import masked  # noqa: PLC0415

    if isinstance(error, ConfigError):
        return "the configuration cannot be used; run `collector check-config` as the user asterisk"
    return str(masked(str(error))) if isinstance(error, CollectorError) else f"defect: {type(error).__name__}"


def _give_up(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    _end_within(LAST_SECONDS)  # what is cleared up on the way out may hang as well
    raise TooLong


def _end_within(seconds: int) -> None:
    """The system ends us then."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)


if __name__ == "__main__":
    main()
