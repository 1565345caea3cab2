"""What a plain AGI script tells the dialplan."""

from enum import StrEnum


class Status(StrEnum):
    """COLLECTOR_STATUS."""

    DONE = "DONE"
    NOTFOUND = "NOTFOUND"  # no debtor of that number, or nothing is owed any more
    AMBIGUOUS = "AMBIGUOUS"  # several debtors have it: name the instance, or ask for the attempt
    INVALID = "INVALID"  # an argument cannot be what it should be
    HANGUP = "HANGUP"  # the caller went before the end
    UNAVAILABLE = "UNAVAILABLE"  # database, ERP, configuration or speech: nothing was done


class Stopped(Exception):
    """The script ends here; the sentence is for the console and holds no number whole."""

    def __init__(self, status: Status, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class TooLong(BaseException):
    """The alarm has rung. Not an Exception: no library may take it for one of its own and go on waiting."""
