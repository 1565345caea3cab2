"""Contract of `DoNotCallList`, and of the queue that carries its lines to the decision at dial time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from tests.contract.store_data import ALPHA, HOUR, NOW, attempt_id, client, number_of, reserve_one, seed
from worker.core.do_not_call import DoNotCall, Search
from worker.core.model import Block, Client
from worker.store_ports import Store

BETA = "beta"
CPF, CNPJ = "52998224725", "11222333000181"
DAY = date(2026, 5, 1)
ALL = Search()


def put(store: Store, *lines: DoNotCall, now: datetime = NOW, replaces: tuple[str, str] | None = None) -> int:
    return store.do_not_call.put(lambda: lines, now, replaces=replaces)


def listed(store: Store, search: Search = ALL, limit: int = 100) -> list[DoNotCall]:
    return store.do_not_call.listing(search, limit)


def remove(store: Store, number: str = "", document: str = "") -> None:
    assert store.do_not_call.remove(Search(number, document), opt_outs=False)


def line(n: int, source: str = "procon", **more: object) -> DoNotCall:
    return DoNotCall(number_of(n), source=source, **more)  # type: ignore[arg-type]  # a table has no one type


def test_lines_come_back_as_they_were_put_in_the_order_of_what_they_name(store: Store) -> None:
    lines = [
        DoNotCall(document=CNPJ, source="procon"),
        DoNotCall(document=CPF, instance=ALPHA, source="ana", reason="pediu, não quer", expires_on=DAY),
        line(1, "ana"),
        line(1),
        line(2, instance=BETA),
    ]
    assert 0 == put(store, *lines[::-1])
    assert [replace(one, added_at=NOW) for one in lines] == listed(store)
    assert 2 == len(listed(store, limit=2))


def test_a_line_put_again_is_renewed_and_keeps_the_day_it_was_first_added(store: Store) -> None:
    put(store, line(1, reason="old", expires_on=None))
    put(store, line(1, reason="new", expires_on=DAY), now=NOW + HOUR)
    assert [line(1, reason="new", expires_on=DAY, added_at=NOW)] == listed(store)


@pytest.mark.parametrize(
    ("ends", "end"),
    [((DAY, None), None), ((None, DAY), None), ((DAY, DAY + timedelta(1)), DAY + timedelta(1)), ((DAY, DAY), DAY)],
)
def test_said_twice_in_one_list_the_one_that_counts_longer_wins(
    store: Store, ends: tuple[date | None, ...], end: date | None
) -> None:
    put(store, *(line(1, expires_on=one) for one in ends))
    assert [end] == [one.expires_on for one in listed(store)]


def test_what_a_column_cannot_hold_is_cut(store: Store) -> None:
    put(store, line(1, "s" * 70, reason="r\x1f" * 130))
    (found,) = listed(store)
    assert (60, "r" * 120) == (len(found.source), found.reason)


def test_replacing_takes_out_what_the_source_no_longer_says_of_that_instance_alone(store: Store) -> None:
    others = (line(3, "ana"), line(4, instance=ALPHA))
    put(store, line(1), line(2), DoNotCall(document=CPF, source="procon"), *others)
    assert 2 == put(store, line(2), line(5), now=NOW + HOUR, replaces=("procon", ""))
    assert [number_of(n) for n in (2, 3, 4, 5)] == [one.number for one in listed(store)]
    assert (2, 1, 1) == tuple(
        store.do_not_call.count(*whose) for whose in (("procon", ""), ("procon", ALPHA), ("ana", ""))
    )


def test_what_fails_half_way_leaves_nothing(store: Store) -> None:
    put(store, line(1))

    def breaks() -> Iterator[DoNotCall]:
        yield from (line(n) for n in range(2, 25_000))
        raise ValueError("the file is not whole")

    with pytest.raises(ValueError, match="not whole"):
        store.do_not_call.put(breaks, NOW + HOUR, replaces=("procon", ""))
    assert [number_of(1)] == [one.number for one in listed(store)]


def test_known_lines_are_counted_within_their_source_and_instance(store: Store) -> None:
    put(store, line(1), DoNotCall(document=CPF, source="procon"), line(2, "ana"), line(3, instance=ALPHA))
    asked = [line(n) for n in range(1500)] + [DoNotCall(document=one, source="procon") for one in (CPF, CNPJ)]
    assert 2 == store.do_not_call.known(asked)
    assert 1 == store.do_not_call.known([line(n, instance=ALPHA) for n in (1, 2, 3)])
    assert 0 == store.do_not_call.known([])


def test_searches_narrow_by_what_is_named_by_instance_and_by_source(store: Store) -> None:
    put(store, line(1), line(1, "ana"), line(2, instance=ALPHA), DoNotCall(document=CPF, source="ana"))
    found = [
        len(listed(store, search))
        for search in (
            Search(number_of(1)),
            Search(number_of(1), source="ana"),
            Search(number_of(1), CPF),
            Search(document=CPF),
            Search(instance=""),
            Search(instance=ALPHA),
            Search(source="ana"),
            Search(number_of(9)),
        )
    ]
    assert [2, 1, 3, 1, 3, 1, 2, 0] == found


def test_opt_outs_stand_behind_the_list_once_a_number(store: Store) -> None:
    for block in (
        Block(number_of(1), "opt_out", ALPHA, "c1"),
        Block(number_of(1), "opt_out"),
        Block(number_of(2), "wrong_person"),
    ):
        store.outcomes.block(block, attempt_id(1), NOW)
    put(store, line(5))
    assert [(number_of(5), "procon"), (number_of(1), "tecla 9")] == [
        (one.number, one.source) for one in listed(store)
    ]
    assert ["tecla 9"] == [one.source for one in listed(store, Search(source="tecla 9"))]
    assert [] == listed(store, Search(document=CPF))
    assert [] == listed(store, Search(instance=ALPHA))  # they bind all
    assert [] == listed(store, Search(number_of(2)))


def test_what_is_removed_is_told_and_opt_outs_go_only_when_meant(store: Store) -> None:
    store.outcomes.block(Block(number_of(1), "opt_out"), attempt_id(1), NOW)
    store.outcomes.block(Block(number_of(1), "invalid_number"), attempt_id(2), NOW)
    put(store, line(1), line(1, "ana", instance=ALPHA), line(2))
    gone = store.do_not_call.remove(Search(number_of(1), instance=ALPHA), opt_outs=False)
    assert [("ana", ALPHA)] == [(one.source, one.instance) for one in gone]
    gone = store.do_not_call.remove(Search(number_of(1)), opt_outs=False)
    assert ["procon"] == [one.source for one in gone]
    gone = store.do_not_call.remove(Search(number_of(1)), opt_outs=True)
    assert ["tecla 9"] == [one.source for one in gone]
    assert [number_of(2)] == [one.number for one in listed(store)]
    assert [] == store.do_not_call.remove(Search(number_of(1)), opt_outs=True)


def test_every_line_that_names_a_debtor_comes_with_him_and_no_other(store: Store) -> None:
    person = replace(client(1, 1, 2), document=CPF)
    seed(store, [person, client(2, 3), client(3, 4)])
    put(
        store,
        line(2),
        line(2, "ana", instance=ALPHA, expires_on=DAY),
        line(2, "bea", instance=BETA),
        DoNotCall(document=CPF, source="procon"),
        DoNotCall(document=CNPJ, source="procon"),
        DoNotCall(document=CPF, instance=BETA, source="bea"),
        line(4, expires_on=date(2020, 1, 1)),  # over: the clock of the number decides
        line(9),
    )
    found = {one.entry.client_id: one.do_not_call for one in store.queue.waiting(ALPHA, NOW, 10)}
    own = {(one.number, one.document, one.source, one.expires_on) for one in found["c0001"]}
    expected = {(number_of(2), "", "procon", None), (number_of(2), "", "ana", DAY), ("", CPF, "procon", None)}
    assert (expected, ()) == (own, found["c0002"])
    assert [date(2020, 1, 1)] == [one.expires_on for one in found["c0003"]]
    (told,) = store.queue.dossier(number_of(2)).waiting
    assert set(found["c0001"]) == set(told.do_not_call)


def test_who_has_neither_number_nor_document_is_not_taken_for_everybody_listed(store: Store) -> None:
    seed(store, [replace(client(1), phones=())])
    put(store, line(1), DoNotCall(document=CPF, source="procon"))
    assert [()] == [one.do_not_call for one in store.queue.waiting(ALPHA, NOW, 10)]


def test_a_thousand_debtors_and_more_are_looked_up(store: Store) -> None:
    seed(store, [client(n) for n in range(1200)])
    put(store, line(0), line(999), line(1000), line(1199))
    found = [one.phones[0].number for one in store.queue.waiting(ALPHA, NOW, 2000) if one.do_not_call]
    assert [number_of(n) for n in (0, 999, 1000, 1199)] == sorted(found)


def test_where_issabel_has_no_list_nothing_is_said(store: Store) -> None:
    assert ("", None) == (store.do_not_call.why_unreadable(), store.do_not_call.issabel())


# --- who was parked for the list's sake ---------------------------------------------------------------


def parked(store: Store, *clients: Client) -> None:
    """In the queue, looked at by the dialler and found never to be called."""
    seed(store, list(clients))
    for one in store.queue.waiting(ALPHA, NOW, 100):
        store.queue.postpone(one.entry.entry_id, None, "on the do-not-call list")
    assert [] == woken(store)


def woken(store: Store) -> list[tuple[str, str]]:
    """(client, reason) of those the dialler looks at again."""
    return [(one.entry.client_id, one.entry.reason) for one in store.queue.waiting(ALPHA, NOW, 100)]


def test_whose_line_is_removed_is_looked_at_again(store: Store) -> None:
    put(store, line(1), DoNotCall(document=CPF, source="ana"), line(3))
    parked(store, client(1, 11, 1), replace(client(2), document=CPF), client(3))
    remove(store, number=number_of(1))
    assert [("c0001", "")] == woken(store)
    remove(store, document=CPF)
    assert ["c0001", "c0002"] == [one for one, _ in woken(store)]


def test_who_asked_in_a_call_and_is_forgiven_is_looked_at_again(store: Store) -> None:
    store.outcomes.block(Block(number_of(1), "opt_out"), attempt_id(1), NOW)
    parked(store, client(1), client(2))
    store.do_not_call.remove(Search(number=number_of(1)), opt_outs=True)
    assert [("c0001", "")] == woken(store)


def test_whom_a_list_no_longer_names_is_looked_at_again_and_nobody_else(store: Store) -> None:
    put(store, line(1), line(2), DoNotCall(document=CPF, source="procon"), line(4, "ana"))
    parked(store, client(1), client(2), replace(client(3), document=CPF), client(4), client(5))
    assert 2 == put(store, line(2), now=NOW + HOUR, replaces=("procon", ""))
    assert ["c0001", "c0003"] == [one for one, _ in woken(store)]


def test_who_is_being_called_and_who_only_waits_for_a_time_are_left_alone(store: Store) -> None:
    put(store, line(1), line(2))
    seed(store, [client(1), client(2)])
    assert reserve_one(store, 1) is not None
    (other,) = store.queue.waiting(ALPHA, NOW, 100)
    store.queue.postpone(other.entry.entry_id, NOW + HOUR, "tried too recently")
    remove(store, number=number_of(1))
    remove(store, number=number_of(2))
    assert [] == woken(store)


def test_another_telephone_of_the_erp_wakes_its_client_alone(store: Store) -> None:
    parked(store, client(1), client(2), client(3))
    late = store.queue.open_entry(ALPHA, "c0003")
    assert late is not None
    store.queue.postpone(late.entry.entry_id, NOW + HOUR, "tried too recently")
    store.catalogue.replace_clients(ALPHA, [client(1, 1, 7), client(2), client(3, 3, 8)], NOW + HOUR)
    assert [("c0001", "")] == woken(store)
