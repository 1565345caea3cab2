"""Invents clients and bills of a Brazilian provider: the same for the same seed, with what a source must yield.

Names, documents and numbers are made up; documents have right check digits, numbers the shape of real ones.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from tests.lab.ixc_lines import CITIES, InventedCity, InventedContract, contract_of
from tests.lab.pay_lines import bare_line, invented_line
from worker.core.billing import Contract
from worker.core.enums import BillStatus
from worker.core.model import Bill

FIRST = (
    "Ana",
    "João",
    "Márcia",
    "Antônio",
    "Conceição",
    "Zé",
    "Luís Otávio",
    "Íris",
    "D'Ávila",
    "Raimunda",
    "Caio",
)
LAST = ("da Silva", "Souza", "dos Santos", "Gonçalves", "Araújo", "Sant'Ana", "Brandão", "Peçanha", "Vaz", "Leão")
BAIRROS = (
    "Centro",
    "CENTRO",
    "Jd. das Acácias",
    "Vila São João",
    "Cidade Nova II",
    "Água Branca",
    "",
    "Zona Rural",
)
TYPES = {1: "Residencial", 2: "Comercial", 3: "Condomínio", 4: "Cortesia & Parceria"}
DDDS = ("11", "21", "31", "48", "71", "85", "92")
HOSTILE = (
    "Robert'); DROP TABLE client;--",
    "<script>alert(1)</script>",
    "Ana\r\nAction: Originate\r\nChannel: Local/1",
    "${SHELL(id)} ${EXTEN}",
    "=cmd|' /C calc'!A0",
    "../../../etc/passwd",
    "{{ 7*7 }}{% raw %}",
    "\u202egnirts\u200b \u0007sino\u0000",
    'Maria "Bia"; Souza, filha',
    "José 😀 " + "x" * 5000,
    "`reboot` $(reboot) & | ; #",
)


@dataclass(frozen=True, slots=True)
class InventedPhone:
    raw: str
    number: str | None  # E.164, or None when nobody could dial it


@dataclass(frozen=True, slots=True)
class InventedClient:
    client_id: int
    name: str
    document: str
    phones: tuple[InventedPhone, ...]  # in the order in which they are to be tried, at most three
    person: str = "F"  # F, J or E
    type_id: int = 1
    neighbourhood: str = "Centro"
    active: bool = True
    prospect: bool = False
    city_id: int = CITIES[0].city_id

    @property
    def chargeable(self) -> bool:
        return self.active and not self.prospect and self.person == "F"

    @property
    def raw_phones(self) -> tuple[str, str, str]:
        raw = [phone.raw for phone in self.phones] + [""] * 3
        return raw[0], raw[1], raw[2]

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(phone.number for phone in self.phones if phone.number))


@dataclass(frozen=True, slots=True)
class InventedBill:
    bill_id: int
    client_id: int
    due_date: date
    amount: Decimal
    open_amount: Decimal
    status: str = "A"  # as IXC has it: A open, P partial, R received, C cancelled
    released: bool = True
    contract_id: int = 0

    @property
    def owed(self) -> bool:
        return self.status in "AP" and self.released and self.open_amount > 0

    def truth(self) -> Bill:
        return Bill(
            bill_id=str(self.bill_id),
            client_id=str(self.client_id),
            due_date=self.due_date,
            amount=self.amount,
            open_amount=self.open_amount,
            status=BillStatus.PARTIAL if self.status == "P" else BillStatus.OPEN,
            contract_id=str(self.contract_id) if self.contract_id else None,
            pay_line=bare_line(self.bill_id, self.amount),
        )


@dataclass(frozen=True, slots=True)
class World:
    clients: tuple[InventedClient, ...]
    bills: tuple[InventedBill, ...]
    contracts: tuple[InventedContract, ...] = ()
    cities: tuple[InventedCity, ...] = CITIES

    def chargeable(self) -> list[InventedClient]:
        return [client for client in self.clients if client.chargeable]

    def owed(self, due_from: date, due_until: date) -> list[Bill]:
        return [bill.truth() for bill in self.bills if bill.owed and due_from <= bill.due_date <= due_until]

    def in_force(self) -> list[Contract]:
        return [contract.truth() for contract in self.contracts if contract.status == "A"]


def invent(clients: int, *, today: date, seed: int = 1, hostile: bool = False) -> World:
    """So many clients with one to five bills and a contract each; ids rise from 2 and from 9001, with gaps."""
    rng, lines = Random(seed), Random(f"lines {seed}")  # two, so that people and bills stay what they were
    people: list[InventedClient] = []
    contracts: list[InventedContract] = []
    bills: list[InventedBill] = []
    shared = InventedPhone("(11) 98888-7777", "+5511988887777")
    client_id, bill_id = 1, 9000
    for index in range(clients):
        client_id += rng.choice((1, 1, 1, 2, 7))
        name = HOSTILE[index % len(HOSTILE)] if hostile else f"{rng.choice(FIRST)} {rng.choice(LAST)}"
        people.append(_client(rng, client_id, name, shared, lines.choice(CITIES).city_id))
        contracts.append(contract_of(client_id, lines, today, lines.choice(BAIRROS)))
        for _ in range(rng.randint(1, 5)):
            bill_id += rng.choice((1, 1, 3))
            bills.append(_bill(rng, bill_id, client_id, today))
    return World(tuple(people), tuple(bills), tuple(contracts))


def _client(rng: Random, client_id: int, name: str, shared: InventedPhone, city_id: int) -> InventedClient:
    first = shared if rng.random() < 0.1 else _mobile(rng)
    phones = [first, rng.choice((first, _mobile(rng), InventedPhone("", None)))]
    phones.append(rng.choice((_fixed(rng), InventedPhone("", None), InventedPhone("0000-0000", None))))
    draw = rng.random()
    return InventedClient(
        client_id=client_id,
        name=name,
        document=cpf(rng),
        phones=tuple(phones),
        person="J" if draw < 0.08 else "E" if draw < 0.1 else "F",
        type_id=rng.choice(tuple(TYPES)),
        neighbourhood=rng.choice(BAIRROS),
        active=rng.random() > 0.06,
        prospect=rng.random() < 0.04,
        city_id=city_id,
    )


def _mobile(rng: Random) -> InventedPhone:
    ddd, tail = rng.choice(DDDS), f"{rng.randint(6000, 9999)}{rng.randint(0, 9999):04}"
    old = rng.random() < 0.15 and tail[0] in "89"
    national = f"({ddd}) {tail[:4]}-{tail[4:]}" if old else f"({ddd}) 9{tail[:4]}-{tail[4:]}"
    raw = rng.choice((national, national, national.translate(str.maketrans("", "", "()- "))))
    return InventedPhone(raw, f"+55{ddd}9{tail}")


def _fixed(rng: Random) -> InventedPhone:
    ddd, local = rng.choice(DDDS), f"3{rng.randint(200, 899)}{rng.randint(0, 9999):04}"
    return InventedPhone(f"({ddd}) {local[:4]}-{local[4:]}", f"+55{ddd}{local}")


def cpf(rng: Random) -> str:
    """Eleven digits with right check digits, masked as IXC stores them."""
    digits = [rng.randint(0, 9) for _ in range(8)] + [rng.randint(1, 8)]
    for start in (10, 11):
        rest = sum(digit * (start - place) for place, digit in enumerate(digits)) % 11
        digits.append(0 if rest < 2 else 11 - rest)
    text = "".join(map(str, digits))
    return f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"


def _bill(rng: Random, bill_id: int, client_id: int, today: date) -> InventedBill:
    amount = Decimal(rng.randint(2990, 149999)) / 100
    kind = rng.choices(
        ("overdue", "partial", "paid", "cancelled", "future", "unreleased", "nothing"), (45, 8, 20, 5, 15, 4, 3)
    )[0]
    days = -rng.randint(1, 330) if kind == "future" else rng.randint(1, 400)
    part = (amount / 3).quantize(Decimal("0.01"))
    left = {"partial": part, "paid": Decimal(0), "cancelled": Decimal(0), "nothing": Decimal(0)}.get(kind, amount)
    return InventedBill(
        bill_id=bill_id,
        client_id=client_id,
        due_date=today - timedelta(days=days),
        amount=amount.quantize(Decimal("0.01")),
        open_amount=left.quantize(Decimal("0.01")),
        status={"partial": "P", "paid": "R", "cancelled": "C"}.get(kind, "A"),
        released=kind != "unreleased",
        contract_id=rng.choice((0, 7000 + client_id)),
    )


def write_csv(world: World, folder: Path) -> tuple[Path, Path]:
    """The same world as the two files of the CSV source, as a Brazilian spreadsheet would write them.

    A file has no column for inactive clients and unreleased bills: they are not exported.
    """
    people = (client for client in world.clients if client.active and not client.prospect)
    clients = _written(
        folder / "clients.csv",
        ("id", "name", "person", "document", "type", "neighbourhood", "phone1", "phone2", "phone3", "balcony"),
        (
            (
                *(c.client_id, c.name, c.person, c.document, TYPES[c.type_id], c.neighbourhood),
                *c.raw_phones,
                "x",
            )
            for c in people
        ),
    )
    words = {"A": "aberto", "P": "partial", "R": "Pago", "C": "cancelled"}
    bills = _written(
        folder / "bills.csv",
        ("id", "client_id", "due_date", "amount", "open_amount", "status", "contract_id", "pay_line"),
        (
            (
                bill.bill_id,
                bill.client_id,
                f"{bill.due_date:%d/%m/%Y}" if bill.bill_id % 2 else bill.due_date,
                brazilian(bill.amount),
                bill.open_amount,
                words[bill.status],
                bill.contract_id or "",
                invented_line(bill.bill_id, bill.amount),
            )
            for bill in world.bills
            if bill.released
        ),
    )
    return clients, bills


def brazilian(amount: Decimal) -> str:
    """`1234.56` as `1.234,56`."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def _written(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(header)
        writer.writerows(rows)
    return path
