"""A day of an administrator: who must not be called, why, who comes first, what the day will bring; real calls."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from tests.acceptance import campaign
from tests.lab.lab import Lab
from tests.lab.lab_settings import instance, write_private
from tests.lab.numbers import Ending
from tests.lab.people import Person, noon_zone, people, write_csv
from tests.lab.site import Site, wait_until

NAME = "fibra"
LISTED, PERSON, PROCON, FIRST, BUMPED, LAST = range(6)
CPF = "529.982.247-25"
PLENTY = 20  # lines of the Procon list that name nobody here
SAID = "not called because on the do-not-call list; no time in sight"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Day:
    """What the commands said on the way, and the calls there were."""

    site: Site
    lab: Lab
    crowd: list[Person]
    dry: list[Row]
    dry_text: str
    bumped: str
    called: list[str]  # numbers, in the order of their calls
    zone: ZoneInfo

    def explained(self, whom: int, *more: str) -> dict[str, Any]:
        found: dict[str, Any] = self.site.json("queue", "--explain", self.crowd[whom].number, *more)
        return found


@pytest.fixture(scope="module")
def day() -> Iterator[Day]:
    zone = noon_zone(datetime.now(UTC))
    with Lab() as lab:
        trunk = {"endpoint": "PJSIP/{number}@carrier", "group": "OUT_1", "channels": 30, "keep_free": 5}
        lab.configure([instance(NAME, lab.folder, zone=zone, trunk=trunk)])
        lab.install_dialplan()
        with Site(lab.config_file, lab.folder) as site:
            yield spent(lab, site, ZoneInfo(zone))


def spent(lab: Lab, site: Site, zone: ZoneInfo) -> Day:
    crowd = people([Ending.BUSY] * 6, today=datetime.now(UTC).date(), offset=8100)
    site.run("migrate")
    site.start("handler")
    clients = lab.folder / f"{NAME}-clients.csv"
    write_csv(crowd, clients, lab.folder / f"{NAME}-bills.csv")
    give_document(clients, crowd[PERSON], CPF)
    site.run("dnc", "add", crowd[LISTED].number, "--reason", "asked by e-mail")
    site.run("dnc", "add", CPF, "--instance", NAME, "--reason", "court order")
    site.run("sync")
    procon(site, crowd[PROCON].number)
    dry_text = ready(site)
    dry = site.json("dial", "--dry-run")
    bumped = site.run("bump", crowd[BUMPED].number).stdout
    called: list[str] = []
    for calls in (1, 2):
        site.run("dial", "--limit", str(calls))
        wait_until("the end of the calls", lambda: len(ended(lab)) == len(called) + calls, 30, 0.3)  # noqa: B023
        called += [number for number in ended(lab) if number not in called]
    return Day(site, lab, crowd, dry, dry_text, bumped, called, zone)


def ready(site: Site) -> str:
    """The first dry run in which nothing stands against dialling."""
    said: list[str] = []

    def nothing_against() -> bool:
        said.append(site.run("dial", "--dry-run").stdout)
        return "nobody now" not in said[-1]

    wait_until("a ready handler", nothing_against, 60, 0.3)
    return said[-1]


def give_document(clients: Any, whom: Person, document: str) -> None:
    with clients.open(encoding="utf-8", newline="") as stream:
        header, *found = list(csv.reader(stream, delimiter=";"))
    place = header.index("document")
    for row in found:
        row[place] = document if row[0] == whom.client_id else row[place]
    with clients.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows([header, *found])


def procon(site: Site, *numbers: str, more: tuple[str, ...] = ()) -> tuple[int, str]:
    """Import a list of these; the exit code, and what was said."""
    file = site.folder / "procon.csv"
    lines = [f"({number[3:5]}) {number[5:10]}-{number[10:]};Não me ligue" for number in numbers]
    if not more:
        lines += [f"(21) 3333-{serial:04};Não me ligue" for serial in range(PLENTY)]
    file.write_text("\n".join(["Telefone;Motivo", *lines]), encoding="cp1252")
    done = site.run("dnc", "import", str(file), "--source", "procon-sp", *more, check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def ended(lab: Lab) -> list[str]:
    found = campaign.rows(lab, "SELECT number FROM asteriskcdrdb.collector_outcome ORDER BY ended_at")
    return [row["number"] for row in found]


def minutes_pass(lab: Lab) -> None:
    """All that has happened, happened five minutes sooner."""
    with lab.mariadb.connect() as connection, connection.cursor() as cursor:
        for table, columns in (
            ("collector.attempt", ("reserved_at", "ended_at")),
            ("collector.queue_entry", ("opened_at", "changed_at")),
            ("collector.ledger", ("last_try_at",)),
            ("asteriskcdrdb.collector_outcome", ("ended_at",)),
        ):
            moved = ", ".join(f"{name} = {name} - INTERVAL 5 MINUTE" for name in columns)
            cursor.execute(f"UPDATE {table} SET {moved}")  # names of ours
        connection.commit()


def refusing(found: dict[str, Any]) -> set[str]:
    return {rule["rule"] for case in found["cases"] for rule in case["rules"] if not rule["allowed"]}


def test_the_dry_run_has_a_verdict_on_everybody_and_tells_the_room_on_the_trunk(day: Day) -> None:
    told = {row["client"]: row["dial"] for row in day.dry}
    free = [day.crowd[one].client_id for one in (FIRST, BUMPED, LAST)]
    assert dict.fromkeys(free, "yes") | {day.crowd[PROCON].client_id: "no: on the do-not-call list"} == told
    plain = " ".join(day.dry_text.split())
    assert "0 of 20 channels in use; trunk local/OUT_1 may carry 25 calls of ours now, 0 are up" in plain


def test_who_was_put_first_is_called_first_and_nobody_on_a_list_is(day: Day) -> None:
    assert (
        f"client {day.crowd[BUMPED].client_id} of {NAME} is first in the queue and may be called now\n"
        == day.bumped
    )
    assert day.crowd[BUMPED].number == day.called[0]
    assert {day.crowd[one].number for one in (BUMPED, FIRST, LAST)} == set(day.called)


def test_explain_names_the_list_that_forbids_a_call(day: Day) -> None:
    """Listed since the queue was built: asked about again at the moment of dialling."""
    found = day.explained(PROCON)
    assert {"next_attempt", "do_not_call"} == refusing(found)
    (rule,) = [one for one in found["cases"][0]["rules"] if one["rule"] == "do_not_call"]
    assert "the number is on the list of procon-sp: Não me ligue" == rule["detail"]
    assert SAID == found["debtors"][0]["answer"]


def test_explain_says_why_who_was_listed_before_is_not_even_in_the_queue(day: Day) -> None:
    (person,) = day.site.json("queue", "--explain", day.crowd[PERSON].client_id)["absent"]
    assert re.fullmatch(r"the client is on the do-not-call list of .+: court order", person["reason"])
    (number,) = day.explained(LISTED)["absent"]
    assert number["reason"].startswith("every number of the client is on a do-not-call list: ")


def test_explain_of_who_was_called_today_tells_every_rule_and_every_obstacle(day: Day) -> None:
    found = day.explained(FIRST)
    assert {"next_attempt", "gap", "debtor_gap"} == refusing(found)
    (case,), (debtor,) = found["cases"], found["debtors"]
    tries = {one["rule"]: one["detail"] for one in case["rules"]}["daily_cap"]
    assert tries.startswith("1 of 3 tries used on ")
    assert {"window", "number_window", "state_law", "do_not_call", "block", "quiet"} < {
        one["rule"] for one in case["rules"]
    }
    rules = {one["rule"]: one for one in debtor["obstacles"]}
    assert ["brake", "handler", "pbx", "lists", "trunk", "channels"] == list(rules)
    assert all(one["allowed"] for one in rules.values())
    assert debtor["place"].startswith("place in the queue: ")
    assert "by oldest debt" in debtor["place"]
    assert "asked of the ERP again just before the call" in debtor["owed"]
    assert debtor["answer"].startswith("not called before ")


def test_a_replay_just_before_a_call_says_that_it_was_allowed_and_just_after_that_it_was_not(day: Day) -> None:
    minutes_pass(day.lab)
    (attempt,) = day.explained(FIRST)["attempts"]
    reserved = datetime.fromisoformat(attempt["reserved_at"])
    for away, allowed in ((-1, True), (1, False)):
        at = (reserved + timedelta(seconds=away)).astimezone(day.zone).strftime("%Y-%m-%d %H:%M:%S")
        found = day.explained(FIRST, "--at", at)
        assert ("past", [allowed]) == (found["when"], [case["allowed"] for case in found["cases"]])
        assert found["not_known"]
    later = (reserved + timedelta(hours=5)).astimezone(day.zone).strftime("%Y-%m-%d %H:%M:%S")
    future = day.explained(FIRST, "--at", later)
    assert ("future", [True]) == (future["when"], [case["allowed"] for case in future["cases"]])
    assert future["debtors"][0]["answer"].startswith("would be called at that time, on +5511")


def test_the_plan_of_today_accounts_for_everybody(day: Day) -> None:
    (plan,) = day.site.json("plan")
    assert 4 == plan["debtors"] == plan["called"] + sum(plan["not_called"].values())
    assert 1 == plan["not_called"]["do not call"]
    assert (20, 0) == (plan["channels"], plan["measured"])


def test_the_plan_of_a_national_holiday_calls_nobody_and_names_it(day: Day) -> None:
    content = yaml.safe_load(day.site.config_file.read_text(encoding="utf-8"))
    content["instances"][0]["rules"]["window"]["holidays"] = True
    file = day.lab.folder / "holidays.yaml"
    write_private(file, yaml.safe_dump(content, allow_unicode=True))
    new_year = f"{datetime.now(day.zone).year + 1}-01-01"
    (plan,) = Site(file, day.lab.folder).json("plan", "--day", new_year)
    assert (0, []) == (plan["called"], plan["hours"])
    (holiday,) = [why for why in plan["not_called"] if why != "do not call"]
    assert "holiday" in holiday
    assert {holiday: 3, "do not call": 1} == plan["not_called"]
    gone = Site(file, day.lab.folder).run("plan", "--day", "2020-01-01", check=False)
    assert (2, "") == (gone.returncode, gone.stdout)


def test_who_is_taken_off_the_lists_is_called(day: Day) -> None:
    """Last: it changes the lists."""
    before = day.site.json("dnc", "list", "--limit", "1000")
    assert 3 + PLENTY == len(before)
    assert not any(person.number in row["number"] for row in before for person in day.crowd)
    code, said = procon(day.site, "+551133334444", more=("--replace",))
    assert (1, True) == (code, "say --accept-shrink" in said)
    assert before == day.site.json("dnc", "list", "--limit", "1000")
    code, said = procon(day.site, "+551133334444", more=("--replace", "--accept-shrink"))
    assert (0, True) == (code, f"added 1, renewed 0, removed {1 + PLENTY}; listed {1 + PLENTY} -> 1" in said)
    assert "removed: +5511" in day.site.run("dnc", "remove", day.crowd[LISTED].number).stdout
    day.site.run("sync", "bills")
    free = {row["number"] for row in day.site.json("dial", "--dry-run") if row["dial"] == "yes"}
    assert {day.crowd[LISTED].number, day.crowd[PROCON].number} == free
    day.site.run("dial", "--limit", "2")
    wait_until("the calls to who is free again", lambda: len(ended(day.lab)) == 5, 30, 0.3)
    assert free < set(ended(day.lab))
    day.lab.wait_quiet()
