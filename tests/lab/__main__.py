"""`python -m tests.lab`: a lab to look into by hand, until Ctrl-C."""

import argparse
import contextlib
import signal
import sys

from tests.lab.lab import Lab
from tests.lab.numbers import Ending, number


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument(
        "--cdr", choices=["mysql", "odbc", "none"], default="mysql", help="who writes call records"
    )
    parser.add_argument("--verbose", type=int, default=3, help="dialplan steps in the logfiles, 0 for none")
    parser.add_argument("--keep", action="store_true", help="leave the folder behind")
    options = parser.parse_args()
    with Lab(cdr=options.cdr, verbose=options.verbose, keep=options.keep) as lab:
        lab.install_dialplan()
        lines = [
            f"configuration  {lab.config_file}",
            f"PBX            asterisk -C {lab.pbx.etc}/asterisk.conf -r",
            f"carrier        asterisk -C {lab.carrier.etc}/asterisk.conf -r",
            f"logfiles       {lab.pbx.logfile} {lab.carrier.logfile}",
            *(f"{number(ending, 1)} {ending}" for ending in Ending),
        ]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
