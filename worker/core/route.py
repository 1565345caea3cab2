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
