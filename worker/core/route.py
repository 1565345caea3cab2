"""The way a call goes out."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Route:
    """One trunk, and the number shown to who is called."""

    trunk: str = ""  # its name: instances that write the same one share its channels
    caller_id: str = ""
    channels: int | None = None  # calls of ours the trunk may carry now, all instances together; None: no cap


ANY_ROUTE: Final = Route()
