"""What one rule says about one call."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """`until`: when it may say otherwise; None with a refusal: no time in sight."""

    rule: str
    allowed: bool
    detail: str
    until: datetime | None
