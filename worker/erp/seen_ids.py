"""Which ids a listing has already had, in little memory: a million take 17 MB, as text 90."""

from array import array
from typing import Final

_SLOTS: Final = 1024  # to begin with; a power of two
_WORD: Final = 2**64 - 1


class SeenIds:
    """Keeps a hash of 64 bits of each id, in an open table.

    Two different ids are taken for one with a probability of 3 in 100 million for a million ids; Python's hash of
    text has a new secret in every process, so nobody can choose ids that meet.
    """

    def __init__(self) -> None:
        self._slots = array("Q", [0]) * _SLOTS
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, key: str) -> bool:
        """False when it was there before."""
        mark = (hash(key) & _WORD) or 1  # 0 is an empty slot
        if not self._put(self._slots, mark):
            return False
        self._count += 1
        if 3 * self._count > 2 * len(self._slots):
            self._grow()
        return True

    def _grow(self) -> None:
        wider = array("Q", [0]) * (2 * len(self._slots))
        for mark in self._slots:
            if mark:
                self._put(wider, mark)
        self._slots = wider

    @staticmethod
    def _put(slots: "array[int]", mark: int) -> bool:
        last = len(slots) - 1
        place = mark & last
        while slots[place]:
            if slots[place] == mark:
                return False
            place = (place + 1) & last
        slots[place] = mark
        return True
