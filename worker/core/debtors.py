"""Clients, bills and contracts -> debtors: who owes what and may be called, summed up for one call."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal

from worker.core.billing import Contract
from worker.core.model import Bill, Client, Debtor


def merge(
    clients: Iterable[Client],
    bills: Iterable[Bill],
    contracts: Iterable[Contract],
    due_from: date,
    due_until: date,
    today: date,
) -> list[Debtor]:
    """Clients with bills still owed and due in that span (both included), oldest debt first, then client_id.

    Left out: clients not collectable, clients one of whose contracts wants no notice until `today` or later, and
    bills of unknown clients. A client without telephone is a debtor all the same: he must be seen.
    """
    silent = {
        contract.client_id
        for contract in contracts
        if contract.no_notice_until is not None and contract.no_notice_until >= today
    }
    owed: defaultdict[str, list[Bill]] = defaultdict(list)
    for bill in bills:
        if bill.open_amount > 0 and due_from <= bill.due_date <= due_until and bill.client_id not in silent:
            owed[bill.client_id].append(bill)
    found = [
        _debtor(client, owed[client.client_id])
        for client in clients
        if client.collectable and client.client_id in owed
    ]
    return sorted(found, key=lambda debtor: (debtor.oldest_due, debtor.client_id))


def with_interest(bills: Collection[Bill]) -> Decimal | None:
    """What they come to with fine and interest; None unless that is known of each, and more than without."""
    updated = [bill.updated_amount for bill in bills if bill.updated_amount is not None]
    if len(updated) < len(bills):
        return None
    total = sum(updated, Decimal(0))
    return total if total > sum(bill.open_amount for bill in bills) else None


def _debtor(client: Client, bills: list[Bill]) -> Debtor:
    return Debtor(
        client_id=client.client_id,
        name=client.name,
        phones=client.phones,
        total=sum((bill.open_amount for bill in bills), Decimal(0)),
        bill_count=len(bills),
        oldest_due=min(bill.due_date for bill in bills),
    )
