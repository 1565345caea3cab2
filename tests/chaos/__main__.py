"""`./install.sh chaos`: real calls while worker, handler, PBX and database are killed again and again."""

import argparse
import random
import sys
from collections.abc import Sequence

from tests.chaos.run import run


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every invariant held."""
    parser = argparse.ArgumentParser(prog="install.sh chaos", description=__doc__)
    parser.add_argument("--calls", type=int, default=1000, help="about so many (default %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="the same one draws the same trouble")
    parser.add_argument(
        "--every", type=float, default=4.0, help="seconds between two troubles (default %(default)s)"
    )
    parser.add_argument("--channels", type=int, default=60, help="of each instance (default %(default)s)")
    parser.add_argument("--minutes", type=float, default=20.0, help="of trouble, at most (default %(default)s)")
    parser.add_argument("--hurry", action="store_true", help="step the clock at the end instead of waiting")
    options = parser.parse_args(arguments)
    seed = random.randrange(10**6) if options.seed is None else options.seed
    found = run(
        options.calls,
        seed,
        every=options.every,
        channels=options.channels,
        hurry=options.hurry,
        longest=60 * options.minutes,
        say=_say,
    )
    for line in found.lines():
        _say(line)
    _say(f"seed {seed}: {'every invariant held' if found.sound else 'NOT SOUND'}")
    return 0 if found.sound else 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
