"""What can be said in a call, by name. Words: config/messages; order: agi/conversation.py."""

from enum import StrEnum


class Line(StrEnum):
    """One template, one sound each."""

    GREETING = "greeting"  # short and neutral: invites an "alô" for AMD to hear
    WHO = "who"  # who calls, for whom, and which key means what; nothing of a debt
    DEBT = "debt"  # total, number of bills, oldest due date
    MENU = "menu"  # keys after the debt was told
    GOODBYE = "goodbye"  # after the debt was told
    GOODBYE_NO_KEY = "goodbye_no_key"  # nobody confirmed; nothing of a debt
    GOODBYE_WRONG_PERSON = "goodbye_wrong_person"
    GOODBYE_OPT_OUT = "goodbye_opt_out"


BEFORE_CONFIRMATION = frozenset(
    {Line.GREETING, Line.WHO, Line.GOODBYE_NO_KEY, Line.GOODBYE_WRONG_PERSON, Line.GOODBYE_OPT_OUT}
)  # must hold nothing of a debt
