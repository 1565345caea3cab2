"""The carrier's number plan: one range of Brazilian mobile numbers for each way a call can end."""

from enum import StrEnum

RECORDED_FROM = 9000  # numbers n >= this: the carrier keeps what the callee heard
PREFIX = "1196"  # area code 11, ninth digit, 6: valid for every ending below


class Ending(StrEnum):
    HUMAN_LISTENS = "human_listens"  # "alô", then listens until we hang up
    HUMAN_PRESSES_1 = "human_presses_1"  # it is me; then listens
    HUMAN_REPEATS = "human_repeats"  # 1, and 1 again after the menu
    HUMAN_WRONG_PERSON = "human_wrong_person"  # 2
    HUMAN_OPTS_OUT = "human_opts_out"  # 9 before confirming
    HUMAN_CONFIRMS_THEN_OPTS_OUT = "human_confirms_then_opts_out"  # 1, then 9
    HUMAN_HANGS_UP_MID_WORD = "human_hangs_up_mid_word"  # about two seconds after we began to say who calls
    HUMAN_HANGS_UP_AT_ONCE = "human_hangs_up_at_once"  # one second after answering
    HUMAN_SAYS_PAID = "human_says_paid"  # 1, then 4
    HUMAN_WANTS_AGENT = "human_wants_agent"  # 1, then 0
    HUMAN_PROMISES = "human_promises"  # 1, then 3, then 1 for the day, if one is asked for
    MACHINE_WITH_BEEP = "machine_with_beep"  # voicemail: several seconds of greeting, pause, beep, silence
    SILENT_ANSWER = "silent_answer"
    BUSY = "busy"  # 486
    NO_ANSWER = "no_answer"  # rings on
    INVALID = "invalid"  # 404
    REJECTED = "rejected"  # 403
    CONGESTION = "congestion"  # 503
    UNREACHABLE = "unreachable"  # 480
    ANNOUNCEMENT_THEN_404 = "announcement_then_404"  # 183 with speech, then 404


# Appended to, never reordered: the two digits stand in recordings, reports and people's memory.
CODES: dict[Ending, int] = {ending: code for code, ending in enumerate(Ending, start=1)}

# Keys pressed, one after each of our questions.
KEYS: dict[Ending, tuple[str, ...]] = {
    Ending.HUMAN_LISTENS: (),
    Ending.HUMAN_PRESSES_1: ("1",),
    Ending.HUMAN_REPEATS: ("1", "1"),
    Ending.HUMAN_WRONG_PERSON: ("2",),
    Ending.HUMAN_OPTS_OUT: ("9",),
    Ending.HUMAN_CONFIRMS_THEN_OPTS_OUT: ("1", "9"),
    Ending.HUMAN_SAYS_PAID: ("1", "4"),
    Ending.HUMAN_WANTS_AGENT: ("1", "0"),
    Ending.HUMAN_PROMISES: ("1", "3", "1"),
}


def number(ending: Ending, n: int) -> str:
    """E.164 of the n-th callee (0 to 9999) of an ending: +55 11 9 61EE NNNN."""
    if not 0 <= n <= 9999:
        raise ValueError(f"{n} is not between 0 and 9999")
    return f"+55{PREFIX}1{CODES[ending]:02d}{n:04d}"


def national(e164: str) -> str:
    """The digits the trunk sends: area code and number."""
    return e164.removeprefix("+55")
