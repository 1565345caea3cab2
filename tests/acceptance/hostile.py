"""What a client, an ERP or a carrier may send to break out of text into commands; and the look-out for success."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from tests.lab.invented import HOSTILE, InventedBill, InventedClient, InventedPhone, cpf
from tests.lab.lab import Lab
from tests.lab.lab_settings import instance
from tests.lab.numbers import Ending, number
from tests.lab.people import Person, noon_zone, write_csv

SOURCES = {
    "ixcari": ("ixc", "ari"),
    "ixcfile": ("ixc", "callfile"),
    "csvari": ("csv", "ari"),
    "csvfile": ("csv", "callfile"),
}
SIPP = {"sippari": "ari", "sippfile": "callfile"}
CPF = "529.982.247-25"
OWED = Decimal("123.45")


def names(marker: Path) -> list[str]:
    """Each tries to leave `marker` behind, to start a command of its own, or to break what shows it."""
    return [
        *HOSTILE,
        f'Ana" \nEXEC System "touch {marker}"',
        'Maria\nEXEC System "id"\nVERBOSE "x" 1',
        f"${{SHELL(touch {marker})}}",
        f"$(touch {marker}) `touch {marker}` ; touch {marker}",
        f"Bia\r\nSetvar: __COLLECTOR_ATTEMPT=${{SHELL(touch {marker})}}",
        f"Caio\r\nApplication: System\r\nData: touch {marker}\r\n\r\n",
        f"Davi\r\n\r\nAction: Command\r\nCommand: !touch {marker}\r\n\r\n",
        '"}],"endpoint":"Local/x","variables":{"A":"1"}} \\u0000 \\',
        "O'Brien' OR '1'='1' UNION SELECT /* \" */ -- #",
        '"><img src=x onerror=alert(1)><style>*{display:none}</style>',
        "[red]Vermelha[/red] [/] [link=http://x]clique[/link]",
        "%s %d %(name)s {0} {name} $EXTEN ${CDR(userfield)} ${ODBC_X()}",
        "\x1b[2J\x1b]0;titulo\x07 \x00\x01\x7f\x85\u2028Eva\u2066\u202e oãj",
        f"Maria 11 96101-0001 +5511961010001 CPF {CPF}",
    ]


IDS = [
    "1' OR '1'='1",
    '2"; DROP TABLE bill; --',
    "3|n=+5511999999999|u=1",
    "${SHELL(id)}",
    "../../5",
    "<b>6</b>",
    "=7+1",
    "[red]8",
    "9\\' %s {0}",
    "10,11;12",
]


@dataclass(frozen=True, slots=True)
class Debtor:
    """A client of one instance, and the telephone that ends as he pleases."""

    instance: str
    client_id: str
    name: str
    number: str


def crowd(marker: Path) -> list[Debtor]:
    """Each name twice: once over each path, once from each source."""
    made: list[Debtor] = []
    for index, name in enumerate(names(marker)):
        for place in ("ixcari", "csvfile") if index % 2 else ("ixcfile", "csvari"):
            here = len(made) + 1
            client_id = IDS[index // 2 % len(IDS)] + str(here) if place.startswith("csv") else str(here)
            made.append(Debtor(place, client_id, name, number(Ending.HUMAN_PRESSES_1, 700 + here)))
    return made


def ixc_tables(debtors: list[Debtor], today: date) -> tuple[list[InventedClient], list[InventedBill]]:
    clients = [
        InventedClient(
            int(one.client_id), one.name, cpf(Random(one.number)), (InventedPhone(one.number, one.number),)
        )
        for one in debtors
    ]
    due = today - timedelta(days=40)
    return clients, [InventedBill(9000 + one.client_id, one.client_id, due, OWED, OWED) for one in clients]


def csv_files(folder: Path, name: str, debtors: list[Debtor], today: date) -> None:
    bills = ((today - timedelta(days=40), OWED),)
    persons = [Person(one.client_id, one.name, one.number, bills) for one in debtors]
    write_csv(persons, folder / f"{name}-clients.csv", folder / f"{name}-bills.csv")


def configure(lab: Lab, url: dict[str, str], token: str) -> None:
    """Four instances by source and path, and two on the trunk where SIPp answers."""
    brisk: dict[str, Any] = {"conversation": {"key_wait_seconds": 4}, "voice": {"words_per_minute": 230}}
    brisk["zone"] = noon_zone(datetime.now(UTC))
    chosen = []
    for name, path in {**{name: path for name, (_, path) in SOURCES.items()}, **SIPP}.items():
        one = instance(name, lab.folder, **brisk)
        one["dialling"] = {"origination": path, "channels": 40, "calls_per_second": 20, "ring_seconds": 10}
        if name in url:
            one["source"] = {"type": "ixc", "url": url[name], "token": lab.secret("ixc", token), "page_size": 7}
        if name in SIPP:
            one["trunk"] = {"endpoint": "PJSIP/{number}@sipp"}
        chosen.append(one)
    lab.configure(chosen)
    lab.install_dialplan()


EXECUTED = re.compile(r"Executing \[[^\]]*\] (\w+)\(|AGI Script Executing Application: \((\w+)\)")


def applications(lab: Lab) -> set[str]:
    """Every dialplan application that the PBX ran, in the dialplan or for AGI, from its verbose log."""
    found = EXECUTED.findall(lab.pbx.logfile.read_text(errors="replace"))
    return {dialplan or agi for dialplan, agi in found}
