"""What the feed of `bench sync` lists: clients and bills reckoned from their place; a million take no room.

Two versions of the same provider: the later one has a share of rows with another amount or name, and one row in a
thousand settled (a bill paid, a client no longer active).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Protocol

from tests.lab.invented import BAIRROS, DDDS, FIRST, LAST, TYPES
from tests.lab.ixc_rows import ALWAYS

FIRST_CLIENT, FIRST_BILL = 2, 800_001  # ids
SETTLED_EVERY = 1000
DUE_DAYS = 300  # bills fell due on one of so many days before today

_BILL = (
    "id",
    "id_cliente",
    "id_contrato",
    "id_contrato_principal",
    "status",
    "data_emissao",
    "data_vencimento",
    "valor",
    "valor_aberto",
    "valor_recebido",
)
_CLIENT = (
    "id",
    "ativo",
    "razao",
    "cnpj_cpf",
    "id_tipo_cliente",
    "bairro",
    "telefone_celular",
    "whatsapp",
    "fone",
)
_NAMES = [json.dumps(f"{first} {middle} {last}")[1:-1] for first in FIRST for middle in LAST for last in LAST]
_BAIRROS = [json.dumps(name)[1:-1] for name in BAIRROS]


def row_format(varying: Iterable[str], constant: Mapping[str, str]) -> str:
    """A JSON object with a `%s` for each varying column; what is put there must be escaped already."""
    head = [f'"{name}": "%s"' for name in varying]
    tail = [f"{json.dumps(name)}: {json.dumps(value)}".replace("%", "%%") for name, value in constant.items()]
    return "{" + ", ".join([*head, *tail]) + "}"


def without(columns: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    left_out = set(names)
    return {name: value for name, value in columns.items() if name not in left_out}


@dataclass(frozen=True)
class Provider:
    """So many clients and bills, as they stand on `today`."""

    clients: int
    bills: int
    today: date
    changed_percent: float = 0.0  # 0: the first version

    @property
    def later(self) -> bool:
        return self.changed_percent > 0

    def settled(self, place: int) -> bool:
        """Of a client or a bill, by its place from 0."""
        return self.later and place % SETTLED_EVERY == SETTLED_EVERY - 1

    def settled_before(self, place: int) -> int:
        return place // SETTLED_EVERY if self.later else 0

    @cached_property
    def _step(self) -> int:
        return max(1, round(100 / self.changed_percent)) if self.later else 0

    def changed(self, place: int) -> bool:
        """Spread evenly; those settled are not among them."""
        step = self._step
        return step > 0 and place % step == step // 2 and not self.settled(place)

    def count_changed(self, rows: int) -> int:
        """Among the first so many."""
        return sum(map(self.changed, range(rows)))


class Listed(Protocol):
    """A table of the feed. Places count from 0 by ascending id."""

    @property
    def first(self) -> int:
        """The lowest id; the next ones follow without gaps."""
        ...

    @property
    def size(self) -> int: ...

    def line(self, place: int) -> str:
        """The row as JSON."""
        ...


class Bills:
    first = FIRST_BILL
    _format = row_format(_BILL, without({**ALWAYS["fn_areceber"], "liberado": "S", "pagamento_data": ""}, _BILL))

    def __init__(self, provider: Provider) -> None:
        self.size = provider.bills
        self._provider = provider
        self._days = [(provider.today - timedelta(days=days)).isoformat() for days in range(1, DUE_DAYS + 1)]

    def line(self, place: int) -> str:
        """Nineteen of twenty are wholly open, the others half paid."""
        provider = self._provider
        cents = 4990 + place * 37 % 15000 + (1000 if provider.changed(place) else 0)
        status, owed = ("P", cents // 2) if place % 20 == 7 else ("A", cents)
        if provider.settled(place):
            status, owed = "R", 0
        client = place % provider.clients
        contract = str(7001 + client)
        due = self._days[place * 7 % DUE_DAYS]
        return self._format % (
            FIRST_BILL + place,
            FIRST_CLIENT + client,
            contract if place % 2 else "",
            "0" if place % 2 else contract,
            status,
            due,
            due,
            f"{cents // 100}.{cents % 100:02}",
            f"{owed // 100}.{owed % 100:02}",
            f"{(cents - owed) // 100}.{(cents - owed) % 100:02}",
        )


class Clients:
    first = FIRST_CLIENT
    _format = row_format(
        _CLIENT,
        without(
            {
                **ALWAYS["cliente"],
                "crm": "N",
                "status_prospeccao": "",
                "tipo_pessoa": "F",
                "fantasia": "",
                "telefone_comercial": "",
            },
            _CLIENT,
        ),
    )

    def __init__(self, provider: Provider) -> None:
        self.size = provider.clients
        self._provider = provider

    def line(self, place: int) -> str:
        """Of ten mobiles one is a neighbour's; two thirds stand there as WhatsApp too. Both as measured on IXC."""
        other = place + 1 if self._provider.changed(place) else place
        mobile = _mobile(place - 1 if place % 10 == 9 else place)
        return self._format % (
            FIRST_CLIENT + place,
            "N" if self._provider.settled(place) else "S",
            _NAMES[other * 17 % len(_NAMES)],
            cpf(place),
            place % len(TYPES) + 1,
            _BAIRROS[place % len(_BAIRROS)],
            mobile,
            mobile if place % 3 else "",
            f"({DDDS[place % len(DDDS)]}) 3{200 + place % 700}-{place * 7919 % 10_000:04}" if place % 2 else "",
        )


def _mobile(place: int) -> str:
    return f"({DDDS[place % len(DDDS)]}) 9{6000 + place // 10_000 % 4000}-{place % 10_000:04}"


def cpf(place: int) -> str:
    """Another one for each place, with right check digits, masked as IXC stores them."""
    digits = [int(digit) for digit in f"{(place * 7919 + 100_000_001) % 1_000_000_000:09}"]
    for start in (10, 11):
        rest = sum(digit * (start - position) for position, digit in enumerate(digits)) % 11
        digits.append(0 if rest < 2 else 11 - rest)
    text = "".join(map(str, digits))
    return f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"


def listed(table: Listed, provider: Provider, *, after: int, count: int, unsettled: bool) -> tuple[int, list[str]]:
    """How many rows have a greater id than `after`, and the first of them."""
    start = max(0, after - table.first + 1)
    total = max(0, table.size - start)
    if not unsettled:
        return total, [table.line(place) for place in range(start, min(start + count, table.size))]
    total -= provider.settled_before(table.size) - provider.settled_before(min(start, table.size))
    return total, list(_unsettled(table, provider, start, count))


def _unsettled(table: Listed, provider: Provider, start: int, count: int) -> Iterator[str]:
    for place in range(start, table.size):
        if count <= 0:
            return
        if not provider.settled(place):
            count -= 1
            yield table.line(place)


def chosen(table: Listed, ids: Iterable[int], *, after: int, count: int) -> tuple[int, list[str]]:
    """The same of single rows, settled or not."""
    places = sorted({key - table.first for key in ids if key > after})
    known = [place for place in places if 0 <= place < table.size]
    return len(known), [table.line(place) for place in known[:count]]
