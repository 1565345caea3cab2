"""Clients and bills -> debtors: who owes what, summed up for one call."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from worker.core.model import Bill, Client, Debtor


def merge(clients: Iterable[Client], bills: Iterable[Bill], due_from: date, due_until: date) -> list[Debtor]:
    """Clients with bills still owed and due in that span (both included), oldest debt first, then client_id.

    Bills of unknown clients are left out. A client without telephone is a debtor all the same: he must be seen.
    """
    owed: defaultdict[str, list[Bill]] = defaultdict(list)
    for bill in bills:
        if bill.open_amount > 0 and due_from <= bill.due_date <= due_until:
            owed[bill.client_id].append(bill)
    found = [_debtor(client, owed[client.client_id]) for client in clients if client.client_id in owed]
    return sorted(found, key=lambda debtor: (debtor.oldest_due, debtor.client_id))


def _debtor(client: Client, bills: list[Bill]) -> Debtor:
    return Debtor(
        client_id=client.client_id,
        name=client.name,
        phones=client.phones,
        total=sum((bill.open_amount for bill in bills), Decimal(0)),
        bill_count=len(bills),
        oldest_due=min(bill.due_date for bill in bills),
    )
