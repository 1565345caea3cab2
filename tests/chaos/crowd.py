"""Who is called in the chaos run: debtors who share telephones and CPFs across providers, and some on a list."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from tests.lab.invented import cpf
from tests.lab.numbers import Ending, number

INSTANCES = {"fibra": 0.6, "radio": 0.4}  # over ARI and over call files; the share of each
MIX = {  # how they end, and how often; refusals stay far from what the dialler takes for a storm
    Ending.HUMAN_PRESSES_1: 3,
    Ending.HUMAN_WRONG_PERSON: 2,
    Ending.HUMAN_OPTS_OUT: 1,
    Ending.HUMAN_PROMISES: 1,
    Ending.HUMAN_LISTENS: 1,
    Ending.HUMAN_HANGS_UP_MID_WORD: 3,
    Ending.HUMAN_HANGS_UP_AT_ONCE: 2,
    Ending.MACHINE_WITH_BEEP: 2,
    Ending.SILENT_ANSWER: 1,
    Ending.BUSY: 4,
    Ending.NO_ANSWER: 3,
    Ending.INVALID: 2,
    Ending.UNREACHABLE: 1,
    Ending.CONGESTION: 1,
}
NAMES = (
    "Ana Souza",
    "Bruno Lima",
    "Carla Rocha",
    "Diego Nunes",
    "Elisa Teixeira",
    "Heitor Barbosa",
    "Lúcia Araújo",
)


@dataclass(frozen=True, slots=True)
class Debtor:
    """A client of one instance."""

    instance: str
    client_id: str
    name: str
    document: str
    numbers: tuple[str, ...]
    due: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Crowd:
    debtors: tuple[Debtor, ...]
    listed: frozenset[str]  # numbers that nobody may call


def invent(calls: int, rng: Random, today: date) -> Crowd:
    """Debtors for about so many calls; beside them a tenth whom the ledger must keep from being called again."""
    numbers = _Numbers(rng)
    kept_out = max(2, calls // 40)
    crowd = [_debtor(str(index), numbers, rng, today) for index in range(1, calls + kept_out + 1)]
    listed = {number for one in crowd[-kept_out:] for number in one.numbers}
    again = [_elsewhere(one, numbers, rng) for one in rng.sample(crowd, max(1, calls // 15))]
    family = [
        replace(_debtor(f"f{one.client_id}", numbers, rng, today), numbers=one.numbers[:1])
        for one in rng.sample(crowd, max(1, calls // 25))
    ]
    crowd += again + family
    rng.shuffle(crowd)
    return Crowd(tuple(crowd), frozenset(listed))


class _Numbers:
    """Another telephone each time, that ends as the mix says."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._used = dict.fromkeys(Ending, 0)

    def next(self) -> str:
        (ending,) = self._rng.choices(list(MIX), list(MIX.values()))
        self._used[ending] += 1
        return number(ending, self._used[ending])


def _debtor(client_id: str, numbers: _Numbers, rng: Random, today: date) -> Debtor:
    (instance,) = rng.choices(list(INSTANCES), list(INSTANCES.values()))
    amount = Decimal(rng.randint(3990, 29990)) / 100
    due = today - timedelta(days=rng.randint(8, 300))
    theirs = tuple(numbers.next() for _ in range(1 + (rng.random() < 0.2)))
    return Debtor(instance, client_id, rng.choice(NAMES), cpf(rng), theirs, due, amount)


def _elsewhere(one: Debtor, numbers: _Numbers, rng: Random) -> Debtor:
    """The same person owes the other provider too, who knows the same number or another one."""
    (other,) = set(INSTANCES) - {one.instance}
    theirs = one.numbers if rng.random() < 0.5 else (numbers.next(),)
    return replace(one, instance=other, client_id=f"e{one.client_id}", numbers=theirs)


def write(crowd: Sequence[Debtor], folder: Path) -> None:
    """The CSV files that the lab's instances read."""
    for instance in INSTANCES:
        theirs = [one for one in crowd if one.instance == instance]
        _table(
            folder / f"{instance}-clients.csv",
            ("id", "name", "person", "document", "type", "neighbourhood", "phone1", "phone2", "phone3"),
            [
                (one.client_id, one.name, "F", one.document, "Residencial", "Centro", *(*one.numbers, "", "")[:3])
                for one in theirs
            ],
        )
        _table(
            folder / f"{instance}-bills.csv",
            ("id", "client_id", "due_date", "amount", "open_amount", "status", "contract_id"),
            [(f"{one.client_id}-0", one.client_id, one.due, one.amount, one.amount, "open", "") for one in theirs],
        )


def _table(file: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(header)
        writer.writerows((*row, "", "")[: len(header)] for row in rows)
