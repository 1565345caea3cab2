"""Callees whose SIP is awkward but allowed: scenarios for SIPp, each a thing that carriers and telephones do.

None of them sends sound. Who presses 1 does so by SIP INFO, a few times over: which of our questions it meets
depends on the machine.
"""

from tests.lab.sipp import ACK, HEADERS, SDP, TAG, request, ringing, scenario, send

KEY_MOMENTS_MS = (3000, 4000, 4000)  # each after the one before
EMPTY = "Content-Length: 0"
OK = f"SIP/2.0 200 OK\n{HEADERS}\n{SDP}"
DONE = '<recv request="BYE" rrs="true"/>\n' + send(f"SIP/2.0 200 OK\n{HEADERS}\n{EMPTY}".replace(TAG, ""))
OTHER_TAG = ";tag=[pid]SIPpTag02[call_number]"
ULAW_ONLY = SDP.replace("RTP/AVP 8 101", "RTP/AVP 0 101").replace("8 PCMA", "0 PCMU")
G729_ONLY = SDP.replace("RTP/AVP 8 101", "RTP/AVP 18").replace("a=rtpmap:8 PCMA/8000", "a=rtpmap:18 G729/8000")
NEVER_OFFERED = "\n".join(line for line in G729_ONLY.split("\n") if "101" not in line)


def presses_1(first_cseq: int = 1) -> str:
    """By INFO, at each of KEY_MOMENTS_MS."""
    body = "Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal=1\nDuration=160"
    return "".join(
        _pause(after) + send(request("INFO", cseq, body=body), retransmit=True) + '<recv response="200"/>\n'
        for cseq, after in enumerate(KEY_MOMENTS_MS, start=first_cseq)
    )


def keys_by_info() -> str:
    return scenario(ringing(200) + _answer() + presses_1() + DONE)


def moves_media() -> str:
    """A re-INVITE in the middle of our greeting: the same sound, another port."""
    moved = SDP.replace("[media_port]", "[media_port+2]")
    return scenario(_answer() + _pause(1000) + _reinvite(2, moved) + presses_1(3) + DONE)


def holds_and_comes_back() -> str:
    held = f"{SDP}\na=sendonly"
    back = _pause(1000) + _reinvite(2, held) + _pause(3000) + _reinvite(3, SDP)
    return scenario(_answer() + back + presses_1(4) + DONE)


def holds_and_hangs_up() -> str:
    held = _pause(1000) + _reinvite(2, f"{SDP}\na=inactive") + _pause(3000)
    return scenario(_answer() + held + send(request("BYE", 3), retransmit=True) + '<recv response="200"/>\n')


def progress_without_media() -> str:
    """183 without SDP, then the answer."""
    progress = send(f"SIP/2.0 183 Session Progress\n{HEADERS}\n{EMPTY}")
    return scenario(progress + _pause(1000) + _answer() + presses_1() + DONE)


def answers_when_given_up() -> str:
    """Our CANCEL and his 200 cross: he is off the hook, and must be hung up at once."""
    cancelled = '<recv request="CANCEL" rrs="true"/>\n' + send(f"SIP/2.0 200 OK\n{HEADERS}\n{EMPTY}")
    crossing = send(OK.replace("[last_CSeq:]", "CSeq:[$cseq]"), retransmit=True)
    return scenario(ringing(1) + cancelled + crossing + ACK + DONE)


def answers_at_the_last_moment(ring_ms: int) -> str:
    """Within 100 ms of the moment when we give up: on either side of it."""
    moment = f'<pause distribution="uniform" min="{ring_ms - 100}" max="{ring_ms + 100}"/>\n'
    crossed = '<recv request="CANCEL" optional="true"/>\n'
    return scenario(ringing(1) + moment + send(OK, retransmit=True) + crossed + ACK + DONE)


def forks() -> str:
    """Rings in two places at once, each with its own early sound; the second one answers."""
    first = send(f"SIP/2.0 183 Session Progress\n{HEADERS}\n{SDP}")
    elsewhere = SDP.replace("[media_port]", "[media_port+2]")
    second = send(f"SIP/2.0 183 Session Progress\n{HEADERS}\n{elsewhere}".replace(TAG, OTHER_TAG))
    answer = send(f"SIP/2.0 200 OK\n{HEADERS}\n{elsewhere}".replace(TAG, OTHER_TAG), retransmit=True) + ACK
    return scenario(first + _pause(300) + second + _pause(700) + answer + presses_1() + DONE)


def speaks_ulaw() -> str:
    """Of the two codecs we offer, the one we like less."""
    return scenario(send(f"SIP/2.0 200 OK\n{HEADERS}\n{ULAW_ONLY}", retransmit=True) + ACK + presses_1() + DONE)


def speaks_what_we_do_not() -> str:
    """Answers with a codec that was never offered."""
    return scenario(send(f"SIP/2.0 200 OK\n{HEADERS}\n{NEVER_OFFERED}", retransmit=True) + ACK + DONE)


def _answer() -> str:
    return send(OK, retransmit=True) + ACK


def _reinvite(cseq: int, body: str) -> str:
    contact = "Contact: <sip:[local_ip]:[local_port];transport=[transport]>"
    again = body.replace("53655765 2353687637", f"53655765 {2353687637 + cseq}")
    asked = send(request("INVITE", cseq, contact, again), retransmit=True)
    return asked + '<recv response="100" optional="true"/>\n<recv response="200"/>\n' + send(request("ACK", cseq))


def _pause(milliseconds: int) -> str:
    return f'<pause milliseconds="{milliseconds}"/>\n'
