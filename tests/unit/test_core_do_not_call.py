"""Whose number or document is listed is never chosen, however the list writes it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.world import NOON, RULES, TODAY, WINDOW
from worker.core import dnc_rows, policy
from worker.core.do_not_call import DoNotCall, Search
from worker.core.enums import EntryState, PhoneKind
from worker.core.instant import day_start
from worker.core.issabel_list import IssabelList, marked, read_list
from worker.core.law import Hours
from worker.core.model import NotNow, Phone, QueueEntry, Waiting
from worker.core.policy import CallRules
from worker.core.tables import DDD_TO_UF, zone_of

DAY = timedelta(days=1)
OTHER = "+551133334444"
CPF = "52998224725"
ALLOWED = CallRules(Hours(WINDOW), RULES)

mobiles = st.builds(
    "{}9{}{:07}".format, st.sampled_from(sorted(DDD_TO_UF)), st.sampled_from("6789"), st.integers(0, 9_999_999)
)
fixed = st.builds("{}3{:07}".format, st.sampled_from(sorted(DDD_TO_UF)), st.integers(0, 9_999_999))
nationals = st.one_of(mobiles, fixed).filter(lambda one: bool(dnc_rows_number(one)))
WRITINGS = (
    "{national}", "0{national}", "55{national}", "+55{national}", "0055{national}", "015{national}",
    "({ddd}) {local}", "0{ddd} {head}-{tail}", "+55 ({ddd}) {head}-{tail}", "{ddd}.{head}.{tail}",
)  # fmt: skip


def dnc_rows_number(national: str) -> str:
    try:
        return dnc_rows.read_number(national)
    except dnc_rows.NotRead:
        return ""


def written(national: str, form: str) -> str:
    ddd, local = national[:2], national[2:]
    return form.format(national=national, ddd=ddd, local=local, head=local[:-4], tail=local[-4:])


def waiting(*numbers: str, lines: tuple[DoNotCall, ...] = ()) -> Waiting:
    entry = QueueEntry(1, "fibra", "7", EntryState.WAITING, Decimal("99.90"), 1, TODAY)
    phones = tuple(Phone(one, PhoneKind.MOBILE) for one in numbers)
    return Waiting(entry, "Cliente", phones, {}, (), {}, debtor="d", document=CPF, do_not_call=lines)


def chosen(one: Waiting) -> str | NotNow:
    found = policy.choose(one, rules=ALLOWED, now=NOON)
    return found if isinstance(found, NotNow) else found[0].number


@given(nationals, st.sampled_from(WRITINGS))
def test_a_listed_number_is_never_chosen_whatever_its_writing(national: str, form: str) -> None:
    number = "+55" + national
    line = DoNotCall(dnc_rows.read_number(written(national, form)), source="procon")
    assert number == line.number
    assert isinstance(chosen(waiting(number, lines=(line,))), NotNow)
    assert chosen(waiting(number, OTHER, lines=(line,))) in {OTHER} - {number} or number == OTHER


@given(
    nationals, st.sampled_from((*WRITINGS, "{local}", "0{local}", "9{national}", "90{national}", "0-{national}"))
)
def test_a_number_on_issabels_list_is_never_chosen_whatever_its_writing(national: str, form: str) -> None:
    listed = read_list([(written(national, form), "A"), ("1199", "A")])
    assert isinstance(chosen(marked(waiting("+55" + national), listed)), NotNow)


@given(mobiles.filter(dnc_rows_number))
def test_a_mobile_listed_before_the_ninth_digit_is_the_same_mobile(national: str) -> None:
    older = national[:2] + national[3:]
    assert "+55" + national == dnc_rows.read_number(older)
    assert all(read_list([(one, "A")]).lists("+55" + national) for one in (older, "0" + older, older[2:]))


def test_inactive_lines_of_issabel_do_not_count_and_odd_ones_are_counted() -> None:
    listed = read_list([("11987654321", "I"), ("1133334444", "A"), ("21999990000", None), ("ramal", "A")])
    assert (3, 1) == (listed.lines, listed.unreadable)
    numbers = ("+5511987654321", OTHER, "+5521999990000", "+5531999990000")
    assert [False, True, True, False] == [listed.lists(one) for one in numbers]
    assert not IssabelList().lists(OTHER)


def test_a_foreign_prefix_before_a_fixed_line_lists_that_line_and_no_mobile() -> None:
    listed = read_list([("901133334444", "A")])
    assert [True, False] == [listed.lists(one) for one in (OTHER, "+5511933334444")]


def test_a_listed_person_is_not_called_on_any_number_until_the_line_expires() -> None:
    numbers = ("+5511987654321", OTHER)
    for_ever = DoNotCall(document=CPF, source="procon")
    refused = chosen(waiting(*numbers, lines=(for_ever,)))
    assert NotNow("on the do-not-call list", None) == refused
    over = DoNotCall(document=CPF, source="procon", expires_on=TODAY)
    assert numbers[0] == chosen(waiting(*numbers, lines=(over,)))


def test_a_line_that_expires_tells_when_to_look_again_and_the_longest_decides() -> None:
    ends = TODAY + 2 * DAY
    lines = (DoNotCall(OTHER, source="a", expires_on=ends), DoNotCall(OTHER, source="b", expires_on=ends - DAY))
    refused = policy.judge(waiting(OTHER, lines=lines), Phone(OTHER, PhoneKind.FIXED), rules=ALLOWED, now=NOON)
    (verdict,) = [one for one in refused if one.rule == "do_not_call"]
    assert (False, day_start(ends, zone_of(OTHER))) == (verdict.allowed, verdict.until)
    assert "list of a" in verdict.detail
    assert "list of b" in verdict.detail
    for_ever = (*lines, DoNotCall(OTHER, source="c"))
    assert NotNow("on the do-not-call list", None) == chosen(waiting(OTHER, lines=for_ever))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("11 98765-4321", [("+5511987654321", "")]),
        ("529.982.247-25", [("", CPF)]),
        (CPF, [("", CPF)]),  # 52 is no area code
        ("11222333000181", [("", "11222333000181")]),
        ("11.222.333/0001-81", [("", "11222333000181")]),
        ("11987650034", [("+5511987650034", ""), ("", "11987650034")]),  # both, by its check digits
        ("(11) 98765-0034", [("+5511987650034", "")]),  # a mask tells
        ("119.876.500-34", [("", "11987650034")]),
    ],
)
def test_what_somebody_typed_is_a_number_a_document_or_both(text: str, found: list[tuple[str, str]]) -> None:
    assert found == list(dnc_rows.read_either(text))


@pytest.mark.parametrize("text", ["", "ola", "529.982.247-26", "0800 123 4567", "+1 212 555 1234", "=1+1"])
def test_what_is_neither_is_refused_without_a_whole_number_in_the_sentence(text: str) -> None:
    with pytest.raises(dnc_rows.NotRead) as refused:
        dnc_rows.read_either(text)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("31/12/2026", date(2027, 1, 1)),  # the last day counts
        ("2026-12-31", date(2027, 1, 1)),
        ("2026-12-31 00:00:00", date(2027, 1, 1)),
        ("1/2/2026", date(2026, 2, 2)),
        ("31/12/9999", None),
    ],
)
def test_the_day_written_is_the_last_that_counts(text: str, day: date | None) -> None:
    assert day == dnc_rows.read_last_day(text)


@pytest.mark.parametrize("text", ["", "31/02/2026", "12/2026", "amanhã", "2026-13-01"])
def test_a_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(dnc_rows.NotRead):
        dnc_rows.read_last_day(text)


def test_a_search_finds_either_of_what_it_names_within_instance_and_source() -> None:
    lines = [DoNotCall(OTHER, source="a"), DoNotCall(document=CPF, instance="fibra", source="b")]
    searches = [
        Search(),
        Search(OTHER),
        Search(OTHER, CPF),
        Search(instance="fibra"),
        Search(instance=""),
        Search(source="b"),
    ]
    assert [2, 1, 2, 1, 1, 1] == [sum(map(search.finds, lines)) for search in searches]
    assert [] == [line for line in lines if Search(number="+5511999998888").finds(line)]
