"""What an instance says of its payment hook: the provider's own service or program that sends line and PIX."""

from pathlib import PurePosixPath
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from worker.hosts import is_this_machine
from worker.source_settings import Section, WebAddress


def _safe(address: str) -> str:
    """Names, numbers and debts go there: in clear only within this machine."""
    parts = urlsplit(address)
    if parts.scheme == "https" or is_this_machine(parts.hostname or ""):
        return address
    raise ValueError(
        "people's data go there: write https://, or an address of this machine as in http://127.0.0.1:8080"
    )


def _absolute(words: tuple[str, ...]) -> tuple[str, ...]:
    if words and not PurePosixPath(words[0]).is_absolute():
        raise ValueError(f"{words[0]!r} is not a whole path; write a list like [/usr/local/bin/send, --now]")
    if any("\0" in word for word in words):
        raise ValueError("a NUL can stand in no argument; take it out")
    return words


HookAddress = Annotated[WebAddress, AfterValidator(_safe)]
Command = Annotated[tuple[str, ...], AfterValidator(_absolute)]


class PaymentHook(Section):
    """One of `url` and `command`."""

    url: HookAddress | None = None  # gets each request as JSON, by POST
    command: Command = ()  # or a program and its arguments: gets it on standard input; no shell
    secret: SecretStr | None = None  # signs what is posted
    timeout_seconds: float = Field(10.0, gt=0, le=60)
    send: tuple[Literal["line", "pix"], ...] = Field(("line", "pix"), min_length=1)

    @model_validator(mode="after")
    def _one_way(self) -> "PaymentHook":
        if bool(self.url) == bool(self.command):
            raise ValueError("write url or command, one of the two: it says what sends the line to people")
        if self.secret and not self.url:
            raise ValueError("secret signs what is posted to url; take it out, a command is trusted as it stands")
        if len(set(self.send)) < len(self.send):
            raise ValueError("send names something twice; write [line, pix], [line] or [pix]")
        return self
