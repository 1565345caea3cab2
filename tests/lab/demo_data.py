"""Who owes money in the demo: hundreds of invented clients whose telephones end in every way there is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from tests.lab.invented import InventedPhone, World, invent
from tests.lab.numbers import Ending, number
from tests.lab.people import people, write_csv

TOKEN = "7:invented0123456789"
CLIENTS = 400
EXPORTED = 60
CHARGED_AFTER_DAYS = 7

# In the order of the oldest debts, over and over: what a morning of calls meets.
MORNING: Sequence[Ending] = (
    Ending.HUMAN_PRESSES_1,
    Ending.NO_ANSWER,
    Ending.HUMAN_WRONG_PERSON,
    Ending.MACHINE_WITH_BEEP,
    Ending.BUSY,
    Ending.INVALID,
    Ending.HUMAN_LISTENS,
    Ending.REJECTED,
    Ending.HUMAN_OPTS_OUT,
    Ending.ANNOUNCEMENT_THEN_404,
    Ending.HUMAN_HANGS_UP_MID_WORD,
    Ending.CONGESTION,
    Ending.HUMAN_CONFIRMS_THEN_OPTS_OUT,
    Ending.UNREACHABLE,
    Ending.SILENT_ANSWER,
    Ending.HUMAN_HANGS_UP_AT_ONCE,
)


def world(today: date) -> World:
    """The stand-in ERP's world, with telephones of the lab's carrier (recorded: from 9000 on)."""
    invented = invent(CLIENTS, today=today)
    oldest: dict[int, date] = {}
    for bill in invented.bills:
        if bill.owed and bill.due_date <= today - timedelta(days=CHARGED_AFTER_DAYS):
            oldest[bill.client_id] = min(bill.due_date, oldest.get(bill.client_id, bill.due_date))
    order = sorted(invented.clients, key=lambda client: (oldest.get(client.client_id, today), client.client_id))
    telephones = {
        client.client_id: number(MORNING[index % len(MORNING)], 9000 + index // len(MORNING))
        for index, client in enumerate(order)
    }
    clients = tuple(
        replace(client, phones=(InventedPhone(*[telephones[client.client_id]] * 2),))
        for client in invented.clients
    )
    return replace(invented, clients=clients)


def write_exports(folder: Path, today: date) -> None:
    """The second provider's CSV files."""
    endings = [MORNING[index % len(MORNING)] for index in range(EXPORTED)]
    crowd = people(endings, today=today, offset=9500)
    write_csv(crowd, folder / "radio-clients.csv", folder / "radio-bills.csv")
