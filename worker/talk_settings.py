"""What the YAML file may say about a call once somebody has answered: the conversation and its recording."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from worker.answering_settings import Answering
from worker.source_settings import Section


class Amd(Section):
    """Arguments of Asterisk's AMD(), in milliseconds unless said; loosened for Brazilian greetings."""

    initial_silence: int = Field(3500, ge=500, le=10000)
    greeting: int = Field(2600, ge=500, le=10000)
    after_greeting_silence: int = Field(800, ge=100, le=5000)
    total_analysis_time: int = Field(5000, ge=1000, le=20000)
    minimum_word_length: int = Field(100, ge=20, le=1000)
    between_words_silence: int = Field(50, ge=10, le=1000)
    maximum_number_of_words: int = Field(8, ge=1, le=50)  # exceeded, not reached
    silence_threshold: int = Field(256, ge=1, le=32767)  # level, 0 to 32767
    maximum_word_length: int = Field(5000, ge=500, le=20000)


class Pay(Section):
    """How a callee who wants to pay is helped."""

    say_line: bool = False  # the digitable line of the oldest open bill, said in groups
    send: bool = False  # the line or a PIX code, by message


class Agent(Section):
    """Who takes over a callee who wants to speak to somebody: an extension, or a queue of the PBX."""

    extension: str = Field("", pattern=r"^[A-Za-z0-9*_-]{0,20}$")
    queue: str = Field("", pattern=r"^[A-Za-z0-9_-]{0,40}$")
    context: str = Field("from-internal", pattern=r"^[A-Za-z0-9_-]{1,40}$")  # where the extension is dialled
    ring_seconds: int = Field(20, ge=5, le=120)
    max_seconds: int = Field(1800, ge=60, le=3600)  # of the talk with the agent

    @model_validator(mode="after")
    def _one_of_both(self) -> "Agent":
        if bool(self.extension) == bool(self.queue):
            raise ValueError("name an extension or a queue, one of both: {extension: 200}")
        return self


class Conversation(Section):
    messages: str = Field("pt_BR", pattern=r"^[A-Za-z_]{2,20}$")  # folder below config/messages
    key_wait_seconds: float = Field(6.0, ge=1, le=30)
    repeats: int = Field(2, ge=0, le=2)  # how often the debt is said again on request
    confirm: bool = True  # tell a debt only after "1, it is me"
    flow: Literal["menu", "message"] = "menu"  # message: the debt and goodbye, no menu
    promise_days: tuple[Annotated[int, Field(ge=0, le=60)], ...] = Field((1, 3, 7), max_length=5)  # from today
    already_paid: bool = True
    pay: Pay = Pay()
    agent: Agent | None = None
    answering: Answering = Answering()
    amd: Amd = Amd()


class RecordingSettings(Section):
    """Whether calls are recorded, from the answer to the end, both sides."""

    enabled: bool = False
    days: int = Field(90, ge=1, le=3650)  # then the file is removed
    announce: bool = True  # the callee is told: the messages know it as `recorded`
