"""Figures are sums of the tally, and each rate knows its denominator."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.enums import Answerer, Heard, LineResult, Origination, Result
from worker.core.records import TallyRow
from worker.report.figures import RIGHT_PARTY, Share, figures


@st.composite
def rows(draw: st.DrawFn) -> TallyRow:
    count = draw(st.integers(1, 1000))
    part = st.integers(0, count)
    return TallyRow(
        instance=draw(st.sampled_from(["fibra", "vale", "serra"])),
        origination=draw(st.sampled_from(Origination)),
        line_result=draw(st.sampled_from(LineResult)),
        answerer=draw(st.sampled_from(Answerer)),
        heard=draw(st.sampled_from(Heard)),
        result=draw(st.sampled_from(Result)),
        count=count,
        short_calls=draw(part),
        talk_seconds=float(draw(part)),
        cdr_found=draw(part),
    )


def row(line: LineResult, result: Result, count: int, short: int = 0, heard: Heard = Heard.NOTHING) -> TallyRow:
    return TallyRow("fibra", Origination.ARI, line, Answerer.HUMAN, heard, result, count, short, 10.0, count)


@given(st.lists(rows(), max_size=20))
def test_every_attempt_is_counted_once_in_each_of_the_four_facts(tally: list[TallyRow]) -> None:
    found = figures(tally)
    for group in (*found.instances, found.total):
        for counts in (group.line_results, group.answerers, group.heard, group.results):
            assert group.attempts == sum(counts.values())
    assert sum(one.count for one in tally) == found.total.attempts


@given(st.lists(rows(), max_size=20))
def test_the_total_is_the_sum_of_the_instances(tally: list[TallyRow]) -> None:
    found = figures(tally)
    assert sorted({one.instance for one in tally}) == [group.instance for group in found.instances]
    for name in ("attempts", "answered", "debt_heard", "right_party", "short_calls", "cdr_found"):
        assert getattr(found.total, name) == sum(getattr(group, name) for group in found.instances)
    assert found.total.talk_seconds == pytest.approx(sum(group.talk_seconds for group in found.instances))


def test_rates_name_what_they_are_a_part_of() -> None:
    found = figures(
        [
            row(LineResult.ANSWERED, Result.CONFIRMED, 10, heard=Heard.ALL),
            row(LineResult.ANSWERED, Result.WRONG_PERSON, 5),
            row(LineResult.ANSWERED, Result.SAYS_PAID, 5, heard=Heard.PART),
            row(LineResult.BUSY, Result.NONE, 20, short=20),
        ]
    ).total
    assert Share(20, 40) == found.connection
    assert Share(15, 20) == found.right_party_contact
    assert Share(20, 40) == found.short
    assert Share(40, 40) == found.with_cdr
    assert 15 == found.debt_heard


def test_nothing_has_no_rates_and_no_warning() -> None:
    empty = figures([])
    assert () == empty.instances
    assert empty.total.connection.ratio is None
    assert not empty.total.over_short_line


@pytest.mark.parametrize(("short", "over"), [(84, False), (85, True), (100, True)])
def test_eighty_five_in_a_hundred_short_calls_are_too_many(short: int, over: bool) -> None:
    found = figures([row(LineResult.BUSY, Result.NONE, 100, short=short)])
    assert over == found.total.over_short_line


def test_who_opts_out_or_is_the_wrong_person_is_not_the_right_party() -> None:
    assert {Result.NONE, Result.WRONG_PERSON, Result.OPT_OUT} == set(Result) - RIGHT_PARTY
