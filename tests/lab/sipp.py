"""SIPp as a callee: exact SIP finals, exact timing, load. Run as a program, always killed.

Its media never leaves it (no RTP unless echoed), and it offers PCMU first: call it over the lab's `sipp` trunk.
"""

import csv
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 5.0

HEADERS = """[last_Via:]
[last_From:]
[last_To:];tag=[pid]SIPpTag01[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>"""
SDP = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=callee 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15"""


def refuses(status: int, reason: str, ring_ms: int = 0) -> str:
    """A scenario: rings for `ring_ms` (0: not at all), then this final. `reason` goes on the wire as it is."""
    if not 300 <= status <= 699:
        raise ValueError(f"{status} does not refuse a call")
    final = f"SIP/2.0 {status} {reason}\n{HEADERS}\nContent-Length: 0"
    return scenario(ringing(ring_ms) + send(final, retransmit=True) + ACK)


def answers(hang_up_after_ms: int | None = None, ring_ms: int = 0) -> str:
    """A scenario: answers and hangs up so much later; None: stays until the caller hangs up."""
    talk = send(f"SIP/2.0 200 OK\n{HEADERS}\n{SDP}", retransmit=True) + ACK
    if hang_up_after_ms is None:
        end = '<recv request="BYE"/>' + send(f"SIP/2.0 200 OK\n{HEADERS}\nContent-Length: 0".replace(TAG, ""))
    else:
        end = (
            f'<pause milliseconds="{hang_up_after_ms}"/>'
            + send(request("BYE"), retransmit=True)
            + '<recv response="200"/>'
        )
    return scenario(ringing(ring_ms) + talk + end)


TAG = ";tag=[pid]SIPpTag01[call_number]"  # what the other side sends in a dialog already carries ours
ACK = '<recv request="ACK"/>'


def request(method: str, cseq: int = 1, headers: str = "", body: str = "Content-Length: 0") -> str:
    """A request of ours in the dialog. The roles turn round: From is what To was in the ACK, and the reverse."""
    lines = (
        f"{method} [next_url] SIP/2.0",
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
        "[routes]",
        "From: [$callee]",
        "To: [$caller]",
        "[last_Call-ID:]",
        f"CSeq: {cseq} {method}",
        "Max-Forwards: 70",
        *([headers] if headers else []),
        body,
    )
    return "\n".join(lines)


def ringing(milliseconds: int) -> str:
    if not milliseconds:
        return ""
    alert = send(f"SIP/2.0 180 Ringing\n{HEADERS}\nContent-Length: 0")
    return alert + f'<pause milliseconds="{milliseconds}"/>'


def send(message: str, *, retransmit: bool = False) -> str:
    attribute = ' retrans="500"' if retransmit else ""
    return f"<send{attribute}><![CDATA[\n\n{message}\n\n]]></send>\n"


def scenario(body: str) -> str:
    """SIPp refuses to start with a variable set and never used: what is remembered is what `body` uses."""
    from_caller = _remember("From:", "caller") if "[$caller]" in body else ""
    invite = _recv("INVITE", from_caller + (_remember("CSeq:", "cseq") if "[$cseq]" in body else ""))
    ack = _recv("ACK", _remember("To:", "callee") if "[$callee]" in body else "")
    body = body.replace(ACK, ack)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="callee">\n{invite}{body}</scenario>\n'


def _recv(method: str, actions: str) -> str:
    return f'<recv request="{method}" rrs="true"><action>{actions}</action></recv>\n'.replace(
        "<action></action>", ""
    )


def _remember(header: str, variable: str) -> str:
    return f'<ereg regexp=".*" search_in="hdr" header="{header}" assign_to="{variable}"/>'


class SippCallee:
    """`with SippCallee(port, refuses(486, "Busy Here")) as callee:`; several calls may be in progress at once."""

    def __init__(self, port: int, scenario: str, *, media_port: int | None = None) -> None:
        self.port = port
        self._media_port = port + 2 if media_port is None else media_port
        self._scenario = scenario
        self._folder = tempfile.TemporaryDirectory(prefix="collector-sipp-")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Returns when it listens. RuntimeError with its own words when it does not."""
        folder = Path(self._folder.name)
        (folder / "callee.xml").write_text(self._scenario, encoding="utf-8")
        command = ["sipp", "-sf", "callee.xml", "-i", "127.0.0.1", "-p", str(self.port), "-nostdin"]
        command += ["-mi", "127.0.0.1", "-mp", str(self._media_port), "-trace_err", "-error_file", "errors.log"]
        command += ["-trace_stat", "-stf", "stat.csv", "-fd", "1"]
        with (folder / "console").open("wb") as console:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                cwd=folder,
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "TERM": "dumb"},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not _listens(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                words = self.errors()
                self.stop()
                raise RuntimeError(f"sipp did not start: {words}")
            time.sleep(0.02)
        return self

    def figures(self) -> dict[str, int]:
        """Whole-run counters of -trace_stat, up to a second old: calls, ok, failed, live."""
        file = Path(self._folder.name) / "stat.csv"
        if not file.exists():
            return {"calls": 0, "ok": 0, "failed": 0, "live": 0}
        return parse_stat(file.read_text(encoding="latin-1"))

    def errors(self) -> str:
        """What SIPp complained of, its last 2000 characters."""
        files = [Path(self._folder.name) / name for name in ("errors.log", "console")]
        return "\n".join(file.read_text(errors="replace")[-1000:] for file in files if file.exists())

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def parse_stat(text: str) -> dict[str, int]:
    """The last line of a -trace_stat file: `;`-separated, a header line first, (C) columns count the whole run."""
    rows = list(csv.DictReader(text.splitlines(), delimiter=";"))
    columns = {
        "calls": "TotalCallCreated",
        "ok": "SuccessfulCall(C)",
        "failed": "FailedCall(C)",
        "live": "CurrentCall",
    }
    last = rows[-1] if rows else {}
    return {name: int(last.get(column) or 0) for name, column in columns.items()}


def _listens(port: int) -> bool:
    """Is there a UDP socket bound to this port? The kernel's table, so that nothing is sent to find out."""
    wanted = f":{port:04X}"
    table = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return any(line.split()[1].endswith(wanted) for line in table)
