"""Ids met once are known again, and a great many of them stay small."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from worker.erp.seen_ids import SeenIds


@given(st.lists(st.text(min_size=1, max_size=6)))
def test_an_id_is_new_exactly_once(keys: list[str]) -> None:
    seen, known = SeenIds(), set[str]()
    for key in keys:
        assert (key not in known) == seen.add(key)
        known.add(key)
    assert len(known) == len(seen)


def test_ids_are_known_again_while_the_table_grows() -> None:
    seen = SeenIds()
    keys = [str(number) for number in range(5000)]
    assert all(seen.add(key) for key in keys)
    assert not any(seen.add(key) for key in keys)
    assert 5000 == len(seen)


def test_an_id_takes_a_few_bytes() -> None:
    tracemalloc.start()
    try:
        seen = SeenIds()
        for number in range(20_000):
            seen.add(f"title-{number}")
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 20_000 * 8 * 3  # eight bytes an id, and a table at least a third full
