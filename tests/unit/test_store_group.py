"""Callers that come together share one piece of work, and each gets its own answer or its own error."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from worker.errors import StoreError, StoreUnavailable
from worker.store.group import GATHER_SECONDS, Group


class Work:
    """Doubles numbers; can be held up, and remembers the groups it was given."""

    def __init__(self, fault: Callable[[Sequence[int]], None] = lambda _: None) -> None:
        self.groups: list[list[int]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self._fault = fault

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        self.begun.set()
        assert self.go_on.wait(5)
        self._fault(items)
        return [2 * item for item in items]


def together(group: Group[int, int], work: Work, items: Sequence[int]) -> list[int | str]:
    """The first item is at work while all the others come; results, or the kinds of error."""

    def one(item: int) -> int | str:
        try:
            return group.do(item)
        except StoreError as error:
            return type(error).__name__

    work.begun.clear()
    work.go_on.clear()
    with ThreadPoolExecutor(len(items)) as threads:
        first = threads.submit(one, items[0])
        assert work.begun.wait(5)
        others = [threads.submit(one, item) for item in items[1:]]
        deadline = time.monotonic() + 5
        while len(group._waiting) < len(others):
            assert time.monotonic() < deadline
            time.sleep(0.001)
        work.go_on.set()
        return [future.result(5) for future in (first, *others)]


def test_whoever_comes_alone_is_served_alone() -> None:
    work = Work()
    group = Group(work)
    assert [2, 4, 6] == [group.do(item) for item in (1, 2, 3)]
    assert [[1], [2], [3]] == work.groups


def test_one_caller_after_another_from_one_thread_never_waits_for_company() -> None:
    group = Group(Work())
    start = time.monotonic()
    for item in range(100):
        group.do(item)
    assert time.monotonic() - start < 50 * GATHER_SECONDS


def test_those_who_come_meanwhile_are_one_group() -> None:
    work = Work()
    group = Group(work)
    assert [2, 4, 6, 8] == together(group, work, [1, 2, 3, 4])
    assert [[1], [2, 3, 4]] == [sorted(items) for items in work.groups]


def test_no_group_is_larger_than_the_most() -> None:
    work = Work()
    assert [2 * n for n in range(8)] == together(Group(work, most=3), work, range(8))
    assert [1, 3, 3, 1] == [len(items) for items in work.groups]


def test_after_a_group_the_next_comer_is_served_again() -> None:
    work = Work()
    group = Group(work)
    together(group, work, [1, 2, 3])
    assert 8 == group.do(4)
    assert not group._busy


def test_an_item_that_cannot_be_stored_fails_alone() -> None:
    def fault(items: Sequence[int]) -> None:
        if 3 in items:
            raise StoreError("3 does not fit")

    work = Work(fault)
    assert [2, 4, "StoreError", 8] == together(Group(work), work, [1, 2, 3, 4])


def test_a_database_that_is_gone_is_asked_once_and_fails_for_all() -> None:
    def fault(_: Sequence[int]) -> None:
        raise StoreUnavailable("gone")

    work = Work(fault)
    assert ["StoreUnavailable"] * 4 == together(Group(work), work, [1, 2, 3, 4])
    assert 2 == len(work.groups)


def test_the_first_error_does_not_stay() -> None:
    broken = [True]

    def fault(_: Sequence[int]) -> None:
        if broken:
            raise StoreUnavailable("gone")

    group = Group(Work(fault))
    with pytest.raises(StoreUnavailable, match="gone"):
        group.do(1)
    broken.clear()
    assert 2 == group.do(1)
