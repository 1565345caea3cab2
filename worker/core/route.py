"""The way a call goes out."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Route:
    """One trunk of one PBX, and the number shown to who is called."""

    trunk: str = ""  # "pbx/trunk": instances that name the same one share its channels
    caller_id: str = ""
    channels: int | None = None  # calls of ours the trunk may carry now, all instances together; None: no cap


ANY_ROUTE: Final = Route()


def pbx_of(trunk: str) -> str:
    """The PBX that has the call; empty of an attempt older than the names of PBXs."""
    return trunk.partition("/")[0]


def is_on(trunk: str, pbx: str) -> bool:
    """Whether that PBX has it; an attempt of which none is known is each one's own."""
    return pbx_of(trunk) in ("", pbx)
