"""What an Asterisk can do, by its version as it says it ("16.28.0~dfsg-0+deb11u4")."""

import re
from collections.abc import Mapping
from typing import Final

Since = Mapping[int, int]  # branch -> first release of it that can; every later branch can as well

AMD_PLAYS: Final[Since] = {16: 30, 18: 16, 20: 1}  # AMD()'s tenth argument, a sound while it listens


def can(since: Since, version: str) -> bool:
    """False also where the version cannot be read: then the older way is taken."""
    match = re.match(r"(\d+)\.(\d+)", version)
    if match is None:
        return False
    branch, release = int(match[1]), int(match[2])
    if branch in since:
        return release >= since[branch]
    return branch > max(since)
