"""How an instance finds out who picks up, and what it does about machines; section `conversation.answering`."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from worker.source_settings import Section


class Answering(Section):
    """A verdict alone ends no call before greeting and question were heard; a key always means a person."""

    detector: Literal["sound", "timing", "asterisk", "none"] = "sound"
    model: Path | None = None  # of timing alone; None: the one that is shipped
    audio_model: Path | None = None  # of the detector `sound`, where it is heard; None: the one that is shipped
    early_media: Literal["listen", "hang_up", "ignore"] = "listen"  # a voice before the answer
    machine: Literal["hang_up", "message", "human"] = "hang_up"
    not_sure: Literal["human", "machine"] = "human"
    keep_days: int = Field(180, ge=1, le=3650)  # what was heard of each call, to train on

    @property
    def listens(self) -> bool:
        """Whether the PBX is to say when the callee makes a sound."""
        return self.detector != "none" or self.early_media != "ignore" or self.machine == "message"
