"""pyst2's AGI made safe for a threaded FastAGI server: no signals, nothing on stderr, no injected commands.

Mends what was measured to break in pyst2 0.5.1: quoting, HANGUP lines, end of stream, 100, 511 and long answers.
"""

import re
from typing import NoReturn, Protocol, runtime_checkable

from asterisk.agi import (
    AGI,
    AGIError,
    AGIHangup,
    AGIInvalidCommand,
    AGIResultHangup,
    AGIUnknownError,
    AGIUsageError,
)

from worker.pbx import text

LINE_BYTES = 4096  # Asterisk's own AGI buffers are 2048
HEADER_LINES = 160  # some 25 of its own and at most 128 arguments
HEADER_BYTES = 32 * 1024
ANSWER_LINES = 200  # of one answer: a usage text has some 30

_RESULT = re.compile(r"result=(-?\d+)(?: \((.*)\))?(?: endpos=(\d+))?(?: Gosub complete)?\s*", re.DOTALL)


class Reader(Protocol):
    def readline(self, limit: int, /) -> bytes: ...


@runtime_checkable
class Patient(Protocol):
    """A reader that gives up some seconds after it began to wait for an answer."""

    patience: float


class Writer(Protocol):
    def write(self, data: bytes, /) -> object: ...
    def flush(self) -> object: ...
    def close(self) -> object: ...


class AgiGone(AGIHangup):  # type: ignore[misc]  # pyst2 has no types
    """The channel or the connection ended; nothing more can be said."""


class AgiFailed(AGIResultHangup):  # type: ignore[misc]
    """Result -1: hung up during the command, or it failed. `endpos`: samples of the sound played until then."""

    def __init__(self, endpos: int) -> None:
        super().__init__("hung up during the command, or it failed")
        self.endpos = endpos


class BadPeer(AGIError):  # type: ignore[misc]
    """What speaks to us does not speak AGI."""


class SafeAgi(AGI):  # type: ignore[misc]
    """One AGI session over a pair of byte streams. All errors are pyst2's AGIError, or OSError of the stream."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        """Reads the header. Raises BadPeer when it is no AGI header, AgiGone when the peer left in it."""
        # Not super().__init__: it installs a SIGHUP handler (main thread only) and prints personal data.
        self.reader, self.writer = reader, writer
        self.hung_up = False  # Asterisk told us that the line is gone
        self.env: dict[str, str] = {}
        self._get_agi_env()

    def execute(self, command: str, *args: object) -> dict[str, tuple[str, str]]:
        """Send one command and wait for its answer: `{"result": (number, text in brackets), "endpos": ...}`."""
        self.send_command(command, *args)
        return self.get_result()

    def send_command(self, command: str, *args: object) -> None:
        """Refuses (UnsafeText) whatever could be more than one line."""
        line = text.one_line(" ".join([command, *map(str, args)]).rstrip(" "))
        try:
            self.writer.write(f"{line}\n".encode())
            self.writer.flush()
        except (OSError, ValueError) as problem:  # ValueError: the stream was closed under us
            raise AgiGone("the connection is gone") from problem

    def get_result(self, stdin: object = None) -> dict[str, tuple[str, str]]:  # noqa: ARG002 pyst2's signature
        """The answer to the last command; a result of -1 raises AgiFailed."""
        code, rest = self._answer()
        if code == 200:
            return self._result(rest)
        if code == 510:
            raise AGIInvalidCommand(rest)
        if code == 511:
            self.hung_up = True
            raise AgiGone("not permitted on a dead channel")
        if code == 520:
            raise AGIUsageError(rest)
        raise AGIUnknownError(code, "unknown answer")

    def execute_long(self, seconds: float, command: str, *args: object) -> dict[str, tuple[str, str]]:
        """`execute`, of a command that may take so long."""
        if not isinstance(self.reader, Patient):
            return self.execute(command, *args)
        usual, self.reader.patience = self.reader.patience, seconds
        try:
            return self.execute(command, *args)
        finally:
            self.reader.patience = usual

    def argument(self, position: int) -> str:
        """An argument of AGI() in the dialplan, counted from 1; empty when there is none."""
        return self.env.get(f"agi_arg_{position}", "")

    def variable(self, name: str) -> str:
        """A channel variable; empty when unset."""
        number, value = self.execute("GET VARIABLE", self._quote(name))["result"]
        return value if number == "1" else ""

    def release(self) -> None:
        """Give the channel back: Asterisk goes on in the dialplan while we go on with our work."""
        self.writer.close()

    def test_hangup(self) -> None:
        """pyst2 asks its signal handler here; we have none."""

    def _quote(self, string: object) -> str:
        return text.agi_quoted(str(string))

    def _get_agi_env(self) -> None:
        size = 0
        for _ in range(HEADER_LINES):
            line = self._line()
            size += len(line)
            if size > HEADER_BYTES:
                break
            if not line:
                return
            key, colon, value = line.partition(":")
            if not colon or not key.startswith("agi_"):
                raise BadPeer("a header line is not AGI")
            self.env[key.strip()] = value.strip()
        raise BadPeer("the header does not end")

    def _answer(self) -> tuple[int, str]:
        """Code and text of the next answer, skipping HANGUP lines and provisional ones."""
        for _ in range(ANSWER_LINES):
            line = self._line()
            if line == "HANGUP":  # comes unasked between answers; the answer itself still follows
                self.hung_up = True
                continue
            match = re.fullmatch(r"(\d{3})([ -])(.*)", line, re.DOTALL)
            if not match:
                self._bad("an answer is not AGI")
            code, more, rest = int(match[1]), match[2] == "-", match[3]
            if code == 100:  # Trying...
                continue
            return code, self._rest_of_block(code, rest) if more else rest
        return self._bad("an answer does not end")

    def _rest_of_block(self, code: int, first: str) -> str:
        """`520-…` goes on until a line that begins with `520 `."""
        lines = [first]
        for _ in range(ANSWER_LINES):
            line = self._line()
            if line.startswith(f"{code} "):
                return "\n".join(lines)
            lines.append(line)
        return self._bad("an answer does not end")

    def _result(self, rest: str) -> dict[str, tuple[str, str]]:
        for _ in range(ANSWER_LINES):
            match = _RESULT.fullmatch(rest)
            if match:
                break
            if "(" not in rest:
                self._bad("a result is not AGI")
            rest = f"{rest}\n{self._line()}"  # a value with line breaks comes raw
        else:
            self._bad("a value does not end")
        answer = {"result": (match[1], match[2] or ""), "endpos": (match[3] or "", "")}
        if match[1] == "-1":
            raise AgiFailed(int(match[3] or 0))
        return answer

    def _line(self) -> str:
        """The next line without its end. Raises AgiGone at the end of the stream."""
        try:
            raw: bytes = self.reader.readline(LINE_BYTES + 1)
        except (OSError, ValueError) as problem:
            raise AgiGone("the connection is gone") from problem
        if len(raw) > LINE_BYTES:
            self._bad("a line does not end")
        if not raw.endswith(b"\n"):
            raise AgiGone("the peer closed the connection")
        return raw.decode(errors="replace").rstrip("\r\n")

    def _bad(self, reason: str) -> NoReturn:
        raise BadPeer(reason)
