"""The law of the number's state, the days of the client's city, and how they join the instance's own window."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from worker import rulesfile
from worker.core import law
from worker.core.law import Hours, Law, Place, StateRule
from worker.core.window import CallWindow
from worker.settings import LEGAL_RULES

LAW = rulesfile.load(LEGAL_RULES)
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
ALWAYS = CallWindow(SAO_PAULO, ((time.min, time.max),) * 7, holidays_of=None)
DAY = (time(8), time(19))
USUAL = CallWindow(SAO_PAULO, (DAY, DAY, DAY, DAY, DAY, (time(8), time(13)), None))
PAULISTA, CARIOCA, IN_ACRE, IN_AMAZONAS = "+5511987654321", "+5521987654321", "+5568987654321", "+5592987654321"
BRASILIA, UNIAO = "+5561987654321", "+5542987654321"
CITIES = {"campinas": frozenset({date(2026, 12, 8)}), "niteroi": frozenset({date(2026, 11, 23)})}


def at(text: str, zone: str = "America/Sao_Paulo") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def refusing(hours: Hours, number: str, now: datetime, city: str = "X") -> dict[str, str]:
    found = law.verdicts(hours, Place(number, city), now)
    return {one.rule: one.detail for one in found if not one.allowed}


@pytest.mark.parametrize(
    ("reason", "number", "now"),
    [
        ("", PAULISTA, "2026-11-19 08:00"),
        ("", PAULISTA, "2026-11-19 19:59"),
        ("it is 20:00 in America/Sao_Paulo, calls are made from 08:00 to 20:00", PAULISTA, "2026-11-19 20:00"),
        ("", PAULISTA, "2026-11-21 13:59"),  # Saturday
        ("it is 14:00 in America/Sao_Paulo, calls are made from 08:00 to 14:00", PAULISTA, "2026-11-21 14:00"),
        ("Sunday is no day for calls", PAULISTA, "2026-11-22 10:00"),
        ("2026-07-09 is a holiday (Revolução Constitucionalista)", PAULISTA, "2026-07-09 10:00"),
        ("it is 08:59 in America/Sao_Paulo, calls are made from 09:00 to 19:00", CARIOCA, "2026-11-19 08:59"),
        ("", CARIOCA, "2026-11-19 09:00"),
        ("Saturday is no day for calls", CARIOCA, "2026-11-21 10:00"),
        ("2026-04-23 is a holiday (São Jorge)", CARIOCA, "2026-04-23 10:00"),
        ("it is 07:59 in America/Rio_Branco, calls are made from 08:00 to 20:00", IN_ACRE, "2026-11-19 09:59"),
        ("", IN_ACRE, "2026-11-19 10:00"),
        ("", IN_ACRE, "2026-11-19 21:59"),
        ("it is 19:00 in America/Manaus, calls are made from 08:00 to 19:00", IN_AMAZONAS, "2026-11-19 20:00"),
        ("Saturday is no day for calls", IN_AMAZONAS, "2026-11-21 12:00"),
        ("", BRASILIA, "2026-11-19 10:00"),
        ("2026-10-24 is a holiday (Pedra fundamental de Goiânia)", BRASILIA, "2026-10-24 10:00"),  # also Goiás
        ("2026-11-30 is a holiday (Dia do Evangélico)", BRASILIA, "2026-11-30 10:00"),  # also the Distrito Federal
    ],
)
def test_the_law_of_the_numbers_state_counts_on_the_clock_of_the_number(
    reason: str, number: str, now: str
) -> None:
    """An instance that would call at any time of any day, holidays among them, is held by the law alone."""
    found = refusing(Hours(ALWAYS, LAW), number, at(now))
    assert ({"state_law"} if reason else set()) == set(found)
    assert found.get("state_law", "").startswith(reason)


def test_a_verdict_names_the_law_or_says_that_none_was_found() -> None:
    now = at("2026-11-22 10:00")
    assert (
        "Sunday is no day for calls (RJ: Lei 7.868/2018)"
        == refusing(Hours(ALWAYS, LAW), CARIOCA, now)["state_law"]
    )
    assert (
        "Sunday is no day for calls (DF: house rule, no law was found; GO: house rule, no law was found)"
        == refusing(Hours(ALWAYS, LAW), BRASILIA, now)["state_law"]
    )


@pytest.mark.parametrize("number", [PAULISTA, BRASILIA])  # Brasília: Goiás has no rule, the Distrito Federal has
def test_a_state_without_a_rule_is_never_called(number: str) -> None:
    gap = Law({state: rule for state, rule in LAW.states.items() if state not in {"SP", "GO"}})
    hours, now = Hours(ALWAYS, gap), at("2026-11-19 10:00")
    assert "no rule of " in refusing(hours, number, now)["state_law"]
    assert None is law.opening(hours, Place(number), now)


def test_of_two_states_the_stricter_counts_hour_by_hour() -> None:
    def rule(state: str, start: int, end: int, *, holidays: bool) -> StateRule:
        days = (*((time(start), time(end)),) * 6, None if state == "SC" else (time(start), time(end)))
        return StateRule(state, days, "Lei 1", ("https://a",), "confirmed", holidays)

    both = Law({"PR": rule("PR", 8, 18, holidays=False), "SC": rule("SC", 10, 20, holidays=True)})
    for number, states in ((UNIAO, {"PR", "SC"}), ("+5541987654321", {"PR"})):
        hours = Hours(ALWAYS, both)
        assert ("SC" not in states) == ({} == refusing(hours, number, at("2026-11-19 09:00")))
        assert {} == refusing(hours, number, at("2026-11-19 10:00"))
        assert {"state_law"} == set(refusing(hours, number, at("2026-11-19 18:00")))
        assert ("SC" not in states) == ({} == refusing(hours, number, at("2026-11-22 10:00")))  # Sunday
        assert ("SC" not in states) == ({} == refusing(hours, number, at("2026-12-25 10:00")))
    apart = Law({"PR": rule("PR", 8, 10, holidays=True), "SC": rule("SC", 10, 20, holidays=True)})
    assert None is law.opening(Hours(ALWAYS, apart), Place(UNIAO), at("2026-11-19 09:00"))


def test_the_instance_opens_a_sunday_only_where_the_law_does() -> None:
    sunday = at("2026-11-22 10:00")
    free = replace(LAW.states["AC"], days=((time(8), time(20)),) * 7)
    hours = Hours(replace(ALWAYS, days=(DAY,) * 7), Law({**LAW.states, "AC": free}))
    assert {"state_law"} == set(refusing(hours, PAULISTA, sunday))
    assert {} == refusing(hours, IN_ACRE, sunday)
    assert {"window", "number_window"} == set(refusing(Hours(USUAL, hours.law), IN_ACRE, sunday))


def test_holidays_of_the_number_and_of_the_instance_close_the_instances_own_window() -> None:
    hours = Hours(replace(USUAL, holidays_of=("SP",)))
    assert {"window", "number_window"} == set(refusing(hours, CARIOCA, at("2026-07-09 10:00")))  # São Paulo's
    assert {"number_window"} == set(refusing(hours, CARIOCA, at("2026-04-23 10:00")))  # Rio's
    assert {} == refusing(Hours(replace(USUAL, holidays_of=None)), CARIOCA, at("2026-04-23 10:00"))


def test_company_days_close_on_the_clock_of_the_number_too() -> None:
    hours = Hours(replace(ALWAYS, closed=frozenset({date(2026, 11, 18)})))
    assert {"number_window"} == set(refusing(hours, IN_ACRE, at("2026-11-19 00:30")))  # the 18th there, 22:30
    assert {"window", "number_window"} == set(refusing(hours, PAULISTA, at("2026-11-18 10:00")))


@pytest.mark.parametrize(
    ("closed", "city", "now"),
    [
        (True, "Campinas", "2026-12-08 10:00"),
        (True, "CAMPINAS", "2026-12-08 10:00"),
        (True, "Campinas/SP", "2026-12-08 10:00"),
        (True, "campinas - sp", "2026-12-08 10:00"),
        (True, "Niterói", "2026-11-23 10:00"),
        (False, "Niterói", "2026-12-08 10:00"),
        (False, "Campinas", "2026-11-23 10:00"),
        (False, "Valinhos", "2026-12-08 10:00"),  # not listed
        (True, "", "2026-12-08 10:00"),  # not known: as if he lived in all of them
        (True, " - ", "2026-11-23 10:00"),
        (False, "", "2026-12-09 10:00"),
    ],
)
def test_a_holiday_of_the_clients_city_is_closed(closed: bool, city: str, now: str) -> None:
    found = refusing(Hours(USUAL, LAW, CITIES), PAULISTA, at(now), city)
    assert ({"city_holiday"} if closed else set()) == set(found)


def test_a_client_whose_city_is_not_known_is_told_so() -> None:
    assert refusing(Hours(USUAL, LAW, CITIES), PAULISTA, at("2026-12-08 10:00"), "")["city_holiday"] == (
        "2026-12-08 is closed by configuration (the client's city is not known: the days of every city count)"
    )


def test_a_city_is_compared_without_case_accents_and_state() -> None:
    assert ["sao jose do rio preto", "campinas", "sp", ""] == [
        law.city_key(name) for name in ("São José do Rio Preto-SP", "CAMPINAS", "SP", "...")
    ]


def test_two_instants_of_an_hour_that_comes_twice_are_not_taken_for_one() -> None:
    twice = datetime(2019, 2, 16, 23, 30, tzinfo=SAO_PAULO)  # python calls both times of it equal
    hours = Hours(ALWAYS)  # what is remembered is remembered of this one
    told = [law.verdicts(hours, Place("+5571987654321"), twice.replace(fold=fold))[1] for fold in (0, 1)]
    assert [f"open, it is 2019-02-16 {hour}:30 in America/Bahia" for hour in (22, 23)] == [
        one.detail for one in told
    ]
    openings = [law.opening(hours, Place(PAULISTA), twice.replace(fold=fold)) for fold in (0, 1)]
    assert [datetime(2019, 2, 17, hour, 30, tzinfo=UTC) for hour in (1, 2)] == openings


@pytest.mark.parametrize("function", [law.verdicts, law.opening])
def test_a_datetime_without_zone_is_refused(function: Any) -> None:
    with pytest.raises(ValueError, match="without time zone"):
        function(Hours(USUAL), Place(PAULISTA), datetime(2026, 11, 19, 10))  # noqa: DTZ001


@pytest.mark.parametrize("number", ["+14155550100", "+5510987654321"])
def test_a_number_that_lives_nowhere_in_brazil_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="not a Brazilian number"):
        law.verdicts(Hours(USUAL, LAW), Place(number), at("2026-11-19 10:00"))
