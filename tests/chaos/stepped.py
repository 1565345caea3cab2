"""`python -m tests.chaos.stepped` is `collector` with a clock that can be stepped while it runs.

The steps, in seconds, stand in the file `clock` beside the configuration file. The machine's own clock stays what
it is: others live on it.
"""

import importlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from worker import app

FILE = "clock"


def clock(file: Path) -> Callable[[], datetime]:
    """Now, as far off as the file says; a file that is not there says nothing."""

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=offset(file))

    return now


def offset(file: Path) -> float:
    try:
        return float(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0.0


def step_to(file: Path, seconds: float) -> None:
    """At once and whole for whoever reads it."""
    new = file.with_name(f"{file.name}.new")
    new.write_text(str(seconds), encoding="utf-8")
    new.rename(file)


def main() -> None:
    config = Path(sys.argv[sys.argv.index("--config") + 1])
    app.utc_now = clock(config.with_name(FILE))
    importlib.import_module("worker.cli").main()  # only now: its modules take the clock from `app` by name


if __name__ == "__main__":
    main()
