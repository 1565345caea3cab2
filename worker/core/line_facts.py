"""What the PBX tells of a call that is over."""

from dataclasses import dataclass, field

from worker.core.model import TalkFacts


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What the PBX knows of a call when its channel is gone; the content of CDR(userfield)."""

    attempt_id: str
    number: str = ""
    answered: bool = False
    cause: int | None = None  # Q.850
    tech_text: str = ""  # for instance "SIP 486 Busy Here"
    amd_status: str = ""  # HUMAN, MACHINE, NOTSURE, HANGUP or empty
    amd_cause: str = ""
    ring_seconds: float = 0.0
    talk_seconds: float = 0.0
    talk: TalkFacts = field(default_factory=TalkFacts)  # the conversation's last checkpoint
