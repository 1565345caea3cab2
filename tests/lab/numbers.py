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
    HUMAN_PRESSES_WRONG_KEY = "human_presses_wrong_key"  # 7, then 1
    HUMAN_ASKS_HOW_TO_PAY = "human_asks_how_to_pay"  # 1, then 2
    HUMAN_PROMISES_ANOTHER_DAY = "human_promises_another_day"  # 1, 3, the first day, 3 for another, the second
    HUMAN_SPEAKS_TO_AGENT = "human_speaks_to_agent"  # 1, then 0: for these the lab's agent picks up
    HUMAN_GIVES_UP_WAITING = "human_gives_up_waiting"  # 1, then 0, and goes while the agent is rung
    HUMAN_HANGS_UP_IN_DEBT = "human_hangs_up_in_debt"  # 1, and goes two seconds later
    # Who leaves: when is said by the last three digits, in tenths of a second (see LEAVES)
    LEAVES_AT_GREETING = "leaves_at_greeting"  # after our first sound
    LEAVES_AT_QUESTION = "leaves_at_question"  # after we began to say who calls
    LEAVES_UNDECIDED = "leaves_undecided"  # after he heard who calls, without a key
    LEAVES_AT_DEBT = "leaves_at_debt"  # 1, and after we began to tell the debt
    LEAVES_AFTER_DEBT = "leaves_after_debt"  # 1, and after all that we had to say
    LEAVES_AT_REPEAT = "leaves_at_repeat"  # 1, 1 to hear it again, and after we began
    LEAVES_AS_STRANGER = "leaves_as_stranger"  # 2, and after we began to excuse ourselves
    LEAVES_OPTED_OUT = "leaves_opted_out"  # 9, and after we began to promise
    INTERRUPTS_QUESTION = "interrupts_question"  # 1 while we say who calls
    INTERRUPTS_DEBT = "interrupts_debt"  # 1, and 9 while we tell the debt
    CALL_SCREENING = "call_screening"  # a telephone that asks who calls, then its owner, who presses 1
    FAX_ANSWERS = "fax_answers"  # 2100 Hz for three seconds, then silence
    FAX_CALLS = "fax_calls"  # 1100 Hz, half a second each three
    HEARD_LATE = "heard_late"  # sends no sound for three seconds, then presses 1 after our question
    NEVER_HEARD = "never_heard"  # answers and sends no sound at all
    ANNOUNCEMENT_THEN_MACHINE = "announcement_then_machine"  # 183 with speech, then a voicemail answers
    RINGBACK_THEN_HUMAN = "ringback_then_human"  # 183 with a ringing tone twice, then "alô", and listens
    RINGBACK_NO_ANSWER = "ringback_no_answer"  # 183 with a ringing tone, on and on


# Appended to, never reordered: the two digits stand in recordings, reports and people's memory.
CODES: dict[Ending, int] = {ending: code for code, ending in enumerate(Ending, start=1)}

# Seconds after the last key, when the callee goes by himself.
STAYS: dict[Ending, float] = {Ending.HUMAN_GIVES_UP_WAITING: 5, Ending.HUMAN_HANGS_UP_IN_DEBT: 2}

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
    Ending.HUMAN_PRESSES_WRONG_KEY: ("7", "1"),
    Ending.HUMAN_ASKS_HOW_TO_PAY: ("1", "2"),
    Ending.HUMAN_PROMISES_ANOTHER_DAY: ("1", "3", "1", "3", "2"),
    Ending.HUMAN_SPEAKS_TO_AGENT: ("1", "0"),
    Ending.HUMAN_GIVES_UP_WAITING: ("1", "0"),
    Ending.HUMAN_HANGS_UP_IN_DEBT: ("1",),
}

# Keys pressed after our questions; then he leaves so many tenths of a second (the number's last three digits)
# after we began to speak again, or, with True, after we were done.
LEAVES: dict[Ending, tuple[tuple[str, ...], bool]] = {
    Ending.LEAVES_AT_QUESTION: ((), False),
    Ending.LEAVES_UNDECIDED: ((), True),
    Ending.LEAVES_AT_DEBT: (("1",), False),
    Ending.LEAVES_AFTER_DEBT: (("1",), True),
    Ending.LEAVES_AT_REPEAT: (("1", "1"), False),
    Ending.LEAVES_AS_STRANGER: (("2",), False),
    Ending.LEAVES_OPTED_OUT: (("9",), False),
}

# Keys pressed after our questions; then this one as many tenths of a second after we began to speak again.
INTERRUPTS: dict[Ending, tuple[tuple[str, ...], str]] = {
    Ending.INTERRUPTS_QUESTION: ((), "1"),
    Ending.INTERRUPTS_DEBT: (("1",), "9"),
}


def number(ending: Ending, n: int) -> str:
    """E.164 of the n-th callee (0 to 9999) of an ending: +55 11 9 61EE NNNN."""
    if not 0 <= n <= 9999:
        raise ValueError(f"{n} is not between 0 and 9999")
    return f"+55{PREFIX}1{CODES[ending]:02d}{n:04d}"


def national(e164: str) -> str:
    """The digits the trunk sends: area code and number."""
    return e164.removeprefix("+55")
