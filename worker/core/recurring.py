"""What comes again and again from different telephone numbers: of calls that open alike, one stands for all."""

from collections.abc import Iterator, Sequence, Set
from typing import Final

NUMBERS: Final = 3  # different ones that must have played a recording


def commonest(numbers: Sequence[str], alike: Sequence[Set[int]], least: int) -> Iterator[tuple[int, int]]:
    """(Index of the call in the middle of its like, different numbers), from the most numbers down to `least`.

    `numbers`: of each call; `alike`: of each call, the indices of those that open like it, itself among them. Each
    call counts for one of the found alone.
    """
    left = set(range(len(numbers)))
    while left:
        played = {index: len({numbers[each] for each in alike[index] & left}) for index in sorted(left)}
        centre = max(played, key=played.__getitem__)
        if played[centre] < least:
            return
        yield centre, played[centre]
        left -= alike[centre]
