"""The CSV source over an invented world: two files as a spreadsheet writes them, rewritten at changes."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.contract.erp_world import TODAY, Erp
from tests.lab.invented import World, write_csv
from worker.erp.csvfile import CsvFiles
from worker.erp.source import Reading
from worker.source_settings import CsvSource


@dataclass(frozen=True, slots=True)
class Table:
    """A header and its rows, written whole by `write` at every change."""

    header: list[str]
    rows: list[list[str]]
    write: Callable[["Table"], None]

    def add(self, **values: str) -> None:
        self.rows.append([values.get(name, "") for name in self.header])
        self.write(self)

    def settle(self, key: str, word: str) -> None:
        """That bill is no longer owed; `word` says why."""
        place = self.header.index("id")
        row = next(row for row in self.rows if row[place] == key)
        row[self.header.index("status")] = word
        row[self.header.index("open_amount")] = "0,00"
        self.write(self)


def read_table(path: Path, write: Callable[[Table], None]) -> Table:
    """What `write_csv` wrote."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file, delimiter=";")
    return Table(header, rows, write)


def write_table(path: Path) -> Callable[[Table], None]:
    """Aside, then renamed into place, as README asks of an export."""

    def write(table: Table) -> None:
        aside = path.with_suffix(".new")
        with aside.open("w", encoding="utf-8-sig", newline="") as file:
            lines: Sequence[Sequence[str]] = (table.header, *table.rows)
            csv.writer(file, delimiter=";").writerows(lines)
        aside.rename(path)

    return write


def made(world: World, folder: Path) -> Iterator[Erp]:
    clients_file, bills_file = write_csv(world, folder)
    clients = read_table(clients_file, write_table(clients_file))
    bills = read_table(bills_file, write_table(bills_file))
    settings = CsvSource.model_validate({"type": "csv", "clients": clients_file, "bills": bills_file})

    def break_bills() -> None:
        with bills_file.open("ab") as file:
            file.write(b"800001;2;\xff\xfe;1;1;open;\r\n")

    yield Erp(
        source=CsvFiles(settings, Reading("11"), sleep=lambda _: None),
        add_bad_bill=lambda: bills.add(**bad_bill(world)),
        add_bad_client=lambda: clients.add(**BAD_CLIENT),
        break_bills=break_bills,
        pay=lambda key: bills.settle(key, "Pago"),
        cancel=lambda key: bills.settle(key, "cancelado"),
    )


BAD_CLIENT = {"id": "800000", "name": "Ana", "person": "?"}


def bad_bill(world: World) -> dict[str, str]:
    """Due today, of a client that is there, with an amount that is none."""
    return {
        "id": "800000",
        "client_id": str(world.chargeable()[0].client_id),
        "due_date": TODAY.isoformat(),
        "amount": "10,00",
        "open_amount": "x",
        "status": "open",
    }
