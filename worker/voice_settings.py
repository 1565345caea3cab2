"""Who says the texts of an instance: espeak-ng, a program of the administrator's choice, or recorded pieces."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from worker.source_settings import Section

PLACES = ("text_file", "out")  # what may stand in braces in `program`


def _argument(text: str) -> str:
    if "\0" in text:
        raise ValueError("an argument of a program cannot hold a NUL character")
    unknown = [name for name in re.findall(r"\{(\w+)\}", text) if name not in PLACES]
    if unknown:
        raise ValueError(
            f"{{{unknown[0]}}} means nothing here: the text comes on standard input or in {{text_file}}, "
            "the sound goes to standard output or into {out}"
        )
    return text


Argument = Annotated[str, AfterValidator(_argument)]


class VoiceCommand(Section):
    """A program that makes a sound of a text."""

    program: tuple[Argument, ...] = ()  # and its arguments; never a shell
    timeout_seconds: float = Field(10.0, gt=0, le=60)
    raw_rate: int | None = Field(None, ge=8000, le=192000)  # it writes bare 16-bit mono samples; None: WAV


class VoiceSettings(Section):
    engine: Literal["espeak", "command", "recordings"] = "espeak"
    language: str = Field("pt-br", pattern=r"^[a-z-]{2,20}$")  # of espeak
    words_per_minute: int = Field(150, ge=80, le=300)  # of espeak
    fallback: Literal["espeak", "command"] | None = "espeak"
    command: VoiceCommand = VoiceCommand()
    recordings: Path | None = None  # folder of recorded pieces

    @model_validator(mode="after")
    def _engine_is_described(self) -> "VoiceSettings":
        if self.engine == "recordings" and self.recordings is None:
            raise ValueError("engine is recordings and no folder is named; write it as voice.recordings")
        if self.engine == "command" and self.fallback == "command":
            raise ValueError("the command cannot stand in for itself; set voice.fallback: espeak, or null")
        uses = self.engine == "command" or (self.engine == "recordings" and self.fallback == "command")
        if uses and not self.command.program:
            raise ValueError("the voice is a command and none is named; write it as voice.command.program")
        return self
