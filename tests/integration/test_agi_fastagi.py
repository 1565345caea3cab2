"""The FastAGI server on a real socket: a peer that plays Asterisk from transcripts, and peers that do not."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from agi.agi_call import AgiCall
from agi.conversation import hold
from agi.fastagi import FastAgiServer, Route
from agi.plan import ConversationPlan, EmptyDesk
from agi.safe_agi import SafeAgi
from agi.talk import routes
from worker.core.enums import Heard, Result
from worker.core.model import Attempt, TalkFacts
from worker.core.script import Line
from worker.ports import Script, Sound
from worker.talk_settings import Amd

HEADER = (
    "agi_network: yes\nagi_network_script: {path}\nagi_request: agi://127.0.0.1:4573/{path}\n"
    "agi_channel: PJSIP/carrier-00000001\nagi_uniqueid: 1795237667.29\nagi_accountcode: demo\nagi_arg_1: {arg}\n\n"
)


class Book:
    """What the routes saw; stands where the switchboard stands."""

    def __init__(self) -> None:
        self.facts: list[TalkFacts] = []
        self.ended: list[tuple[str, str]] = []
        self.done = threading.Event()
        self.slow = threading.Event()
        self.slow.set()

    def admit(self, attempt_ids: list[str]) -> dict[str, Attempt]:
        assert ["01J"] == attempt_ids
        return {}

    def talk(self, call: AgiCall, attempt_id: str, admitted: Attempt | None) -> None:
        assert ("01J", None) == (attempt_id, admitted)
        script = Script({line: Sound(line.value, 3.0) for line in Line})
        self.facts.append(
            hold(call, script, ConversationPlan(), EmptyDesk(), lambda facts: call.remember(facts.heard))
        )
        call.hang_up()
        self.done.set()

    def hung_up(self, text: str, uniqueid: str) -> bool:
        self.slow.wait(5)
        self.ended.append((text, uniqueid))
        self.done.set()
        return True


def echo(agi: SafeAgi) -> None:
    agi.variable("X")


def broken(_agi: SafeAgi) -> None:
    raise RuntimeError("a bug")


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def server(book: Book) -> Iterator[FastAgiServer]:
    served: dict[str, Route] = {**routes(book, {"demo": Amd()}), "echo": echo, "broken": broken}  # type: ignore[arg-type]
    before = threading.active_count()
    one = FastAgiServer("127.0.0.1", 0, served)
    one.start()
    yield one
    one.stop()
    one.stop()
    assert (0, before) == (one.sessions, threading.active_count())


def connect(server: FastAgiServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), 5)


def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def play(server: FastAgiServer, path: str, arg: str, answers: dict[str, list[str]]) -> list[str]:
    """Be Asterisk: answer each command by its first words; what is not listed gets result 0. The commands."""
    commands = []
    with connect(server) as peer, peer.makefile("rb") as lines:
        peer.sendall(HEADER.format(path=path, arg=arg).encode())
        for raw in lines:
            command = raw.decode().rstrip("\n")
            commands.append(command)
            known = next((key for key in answers if command.startswith(key) and answers[key]), None)
            answer = answers[known].pop(0) if known else "200 result=0 endpos=24000"
            if answer == "EOF":
                break
            peer.sendall(f"{answer}\n".encode())
    return commands


def test_a_whole_conversation(server: FastAgiServer, book: Book) -> None:
    answers = {
        "GET VARIABLE": ["200 result=1 (HUMAN)", "200 result=1 (HUMAN-700-700)"],
        'STREAM FILE "who"': ["200 result=49 endpos=8000"],
        "SET VARIABLE": ["200 result=1"] * 20,
        "HANGUP": ["200 result=1\nHANGUP"],
    }
    commands = play(server, "talk", "01J", answers)
    assert [TalkFacts(Heard.ALL, 13.0, Result.CONFIRMED, "1")] == book.facts
    spoken = [command.split('"')[1] for command in commands if command.startswith("STREAM FILE")]
    assert ["greeting", "who", "debt", "menu", "goodbye"] == spoken
    assert "HANGUP" == commands[-1]


@pytest.mark.parametrize(
    "debt",
    [
        "200 result=-1 endpos=4000\nHANGUP",  # what 16.28 sends
        "EOF",  # AGIEXITONHANGUP
        "HANGUP\n511 Command Not Permitted on a dead channel or intercept routine",
    ],
)
def test_a_hang_up_in_the_middle_of_the_debt(server: FastAgiServer, book: Book, debt: str) -> None:
    answers = {
        'STREAM FILE "who"': ["200 result=49 endpos=8000"],
        'STREAM FILE "debt"': [debt],
        "SET VARIABLE": ["200 result=1"] * 20,
        "HANGUP": ["511 dead"],
        "GET VARIABLE": ["200 result=0"] * 2,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AgiCall, "remember", lambda *_: None)
        play(server, "talk", "01J", answers)
        assert book.done.wait(5)
    (facts,) = book.facts
    assert Result.CONFIRMED is facts.result
    assert (
        (Heard.PART, 4.5) == (facts.heard, facts.heard_seconds) if "4000" in debt else facts.heard_seconds == 4.0
    )


def test_the_hang_up_handler_gets_its_channel_back_before_the_database_answers(
    server: FastAgiServer, book: Book
) -> None:
    book.slow.clear()
    text = "01J|n=+55|u=0|q=17|t=SIP 486 Busy Here|a=|w=|r=1.0|d=0.0|h="
    with connect(server) as peer:
        peer.sendall(HEADER.format(path="hangup", arg=text).encode())
        assert b"" == peer.recv(10)  # closed, while hung_up still waits
    assert [] == book.ended
    book.slow.set()
    assert book.done.wait(5)
    assert [(text, "1795237667.29")] == book.ended


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n",
        b"agi_channel: x\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"\x16\x03\x01" + bytes(range(256)) * 40,
        b"agi_a: b\n" * 5000,
        b"a" * 100_000,
        HEADER.format(path="../../etc", arg="x").encode(),
        HEADER.format(path="broken", arg="x").encode(),
        HEADER.format(path="echo", arg="x").encode() + b"520-x\n" * 5000,
        HEADER.format(path="echo", arg="x").encode() + b"\xff" * 9000,
    ],
    ids=range(12),
)
@pytest.mark.parametrize("rude", [False, True])
def test_a_peer_that_speaks_nonsense_hurts_nobody(server: FastAgiServer, data: bytes, *, rude: bool) -> None:
    with connect(server) as peer:
        try:
            peer.sendall(data)
            if not rude:  # half-close, and wait for the server to have enough
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(4096):
                    pass
        except (ConnectionError, OSError):
            pass  # the server had enough before we had sent it all
    until(lambda: server.sessions == 0)
    assert ['GET VARIABLE "X"'] == play(server, "echo", "x", {"GET": ["200 result=1 (y)"]})


def test_a_header_that_drips_is_cut_by_its_deadline(
    server: FastAgiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agi.fastagi.HEADER_SECONDS", 0.3)
    start = time.monotonic()
    with connect(server) as peer:
        try:
            for _ in range(100):
                peer.sendall(b"a")
                time.sleep(0.02)
        except OSError:
            pass
    assert time.monotonic() - start < 1.5
    until(lambda: server.sessions == 0)


def test_five_hundred_idle_sessions_leave_room_for_one_more(server: FastAgiServer) -> None:
    with ExitStack() as stack:
        peers = [stack.enter_context(connect(server)) for _ in range(500)]
        for peer in peers:
            peer.sendall(HEADER.format(path="echo", arg="x").encode())
        for peer in peers:
            assert peer.recv(100) == b'GET VARIABLE "X"\n'
        assert 500 == server.sessions
        play(server, "echo", "x", {"GET": ["200 result=1 (y)"]})
    until(lambda: server.sessions == 0)


def test_more_than_the_most_are_refused_at_once() -> None:
    server = FastAgiServer("127.0.0.1", 0, {"echo": echo}, sessions=1)
    server.start()
    try:
        with connect(server) as first:
            until(lambda: server.sessions == 1)
            with connect(server) as second:
                assert b"" == second.recv(1)
            first.sendall(HEADER.format(path="echo", arg="x").encode())
            assert first.recv(100) == b'GET VARIABLE "X"\n'
    finally:
        server.stop()


def test_stopping_cuts_live_sessions() -> None:
    server = FastAgiServer("127.0.0.1", 0, {"echo": echo})
    server.start()
    with connect(server) as peer:
        peer.sendall(HEADER.format(path="echo", arg="x").encode())
        assert peer.recv(100) == b'GET VARIABLE "X"\n'
        start = time.monotonic()
        server.stop()
        assert time.monotonic() - start < 2.0
        assert b"" == peer.recv(1)
    with pytest.raises(OSError):  # noqa: PT011 refused or reset, as the kernel likes
        connect(server)


def test_a_port_that_is_taken_is_an_error_at_once(server: FastAgiServer) -> None:
    with pytest.raises(OSError, match="in use"):
        FastAgiServer("127.0.0.1", server.port, {})
