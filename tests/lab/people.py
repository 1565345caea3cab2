"""Invented debtors whose telephones end as one wishes: the lab's callees seen from the ERP's side."""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tests.lab.numbers import Ending, number

FIRST = (
    "Ana",
    "Bruno",
    "Carla",
    "Diego",
    "Elisa",
    "Fábio",
    "Gabriela",
    "Heitor",
    "Inês",
    "João",
    "Lúcia",
    "Mário",
)
LAST = ("Souza", "Pereira", "Lima", "Araújo", "Conceição", "Teixeira", "Rocha", "Barbosa", "Guimarães", "Nunes")


PAY_LINE = "00190500954014481606906809350314337370000000100"  # a digitable line; everybody's


@dataclass(frozen=True, slots=True)
class Person:
    """One client with one telephone and his open bills as (due date, amount)."""

    client_id: str
    name: str
    number: str
    bills: tuple[tuple[date, Decimal], ...]


def noon_zone(now: datetime) -> str:
    """A zone in which it is about noon: windows stay open and midnight stays away, whenever a test runs."""
    ahead = 12 - now.astimezone(UTC).hour
    return f"Etc/GMT{'-' if ahead >= 0 else '+'}{abs(ahead)}"


def people(endings: Sequence[Ending], first: int = 1, *, today: date, offset: int = 0) -> list[Person]:
    """One person for each ending, with 1 to 3 bills overdue by 8 to 300 days; ids count from `first`.

    `offset` moves the numbers inside each ending's range, so that two lists do not share telephones.
    """
    rng = random.Random(first)
    used: dict[Ending, int] = {}
    made = []
    for index, ending in enumerate(endings):
        position = used[ending] = used.get(ending, -1) + 1
        bills = tuple(
            (today - timedelta(days=rng.randint(8, 300)), Decimal(rng.randint(3990, 29990)) / 100)
            for _ in range(rng.randint(1, 3))
        )
        name = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
        made.append(Person(str(first + index), name, number(ending, offset + position), bills))
    return made


def write_csv(crowd: Sequence[Person], clients: Path, bills: Path) -> None:
    """As a provider's export: the columns of README, section CSV."""
    with clients.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(
            ("id", "name", "person", "document", "type", "neighbourhood", "phone1", "phone2", "phone3")
        )
        for one in crowd:
            writer.writerow((one.client_id, one.name, "F", "", "Residencial", "Centro", one.number, "", ""))
    with bills.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(
            ("id", "client_id", "due_date", "amount", "open_amount", "status", "contract_id", "pay_line")
        )
        for one in crowd:
            for index, (due, amount) in enumerate(one.bills):
                writer.writerow(
                    (f"{one.client_id}-{index}", one.client_id, due, amount, amount, "open", "", PAY_LINE)
                )
