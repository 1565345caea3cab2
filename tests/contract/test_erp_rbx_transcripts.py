"""Exchanges as RBX's documentation has them: we ask just that, and read just this out of the answers."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from tests.lab.rbx_transcript import FOLDER, Transcript, written
from worker.core.billing import BillKey, Contract
from worker.core.enums import Access, Fate, PhoneKind
from worker.core.model import Bill, Client, Phone
from worker.erp.rbx import Rbx
from worker.errors import SourceBroken, SourceError, SourceRefused
from worker.source_settings import RbxSource

TODAY = date(2026, 11, 20)
JANUARY = (date(2024, 1, 1), date(2024, 1, 31))
SPAN = (date(2026, 1, 1), TODAY)
AMOUNT = Decimal("99.90")
CLIENT = Client(
    client_id="501",
    name="MARIA DE SOUZA",
    document="12345678909",
    client_type="Residencial",
    neighbourhood="Centro",
    phones=(
        Phone("+5544987654321", PhoneKind.MOBILE, source="TelCelular"),
        Phone("+554433334444", PhoneKind.FIXED, source="TelResidencial"),
    ),
    city="Maringá",
    state="PR",
)
CONTRACT = Contract(
    contract_id="12001",
    client_id="501",
    access=Access.BLOCKED_MANUAL,
    access_code="A",
    plan="FIBRA 300",
    neighbourhood="Centro",
    blocked_since=date(2026, 11, 1),
)


def _bill(due: date, updated: str | None = None) -> Bill:
    interest = Decimal(updated) if updated else None
    return Bill("22001", "501", due, AMOUNT, AMOUNT, contract_id="12001", updated_amount=interest)


def _clients(source: Rbx) -> object:
    return [client for page in source.clients() for client in page.rows]


def _january(source: Rbx) -> object:
    return [bill for page in source.bills(*JANUARY) for bill in page.rows]


def _contracts(source: Rbx) -> object:
    return [contract for page in source.contracts() for contract in page.rows]


def _open_now(source: Rbx) -> object:
    return list(source.open_now("501", *SPAN))


def _fates(source: Rbx) -> object:
    return source.fates([BillKey("22001", "501")], *SPAN)


READ: dict[str, tuple[Callable[[Rbx], object], object]] = {
    "clients": (_clients, [CLIENT]),
    "contracts": (_contracts, [CONTRACT]),
    "open_documents": (_january, [_bill(date(2024, 1, 15))]),
    "no_open_documents": (_january, []),
    "interest": (_open_now, [_bill(date(2026, 10, 10), "102.23")]),
    "interest_refused": (_open_now, [_bill(date(2026, 10, 10))]),
    "interest_none": (_open_now, [_bill(date(2026, 10, 10))]),
    "settled": (_fates, {"22001": Fate.PAID}),
}
REFUSED: dict[str, tuple[type[SourceError], str]] = {
    "bad_key": (SourceRefused, "check source.key"),
    "unknown_column": (SourceBroken, "error 165"),
    "login_page": (SourceRefused, "check source.url"),
    "php_error": (SourceBroken, "an error page: “Warning : mysqli_connect(): Too many connections"),
}


def _source(transcript: Transcript, name: str) -> Rbx:
    settings = RbxSource.model_validate(
        {
            "type": "rbx",
            "url": transcript.url,
            "key": "CHAVE",
            "accounts": [3],
            "slice_codes": 100000 if name == "contracts" else 1000,
            "pause_seconds": 0,
            "retries": 0,
        }
    )
    return Rbx(settings, sleep=lambda _: None, today=lambda: TODAY)


@pytest.mark.parametrize("name", READ)
def test_the_documented_exchange_is_asked_and_read(name: str) -> None:
    ask, expected = READ[name]
    with Transcript(name) as transcript:
        assert expected == ask(_source(transcript, name))
    assert transcript.expected == [(asked.path, asked.body) for asked in transcript.asked]
    assert [None if "/ws/" in asked.path else "CHAVE" for asked in transcript.asked] == [
        asked.key for asked in transcript.asked
    ]


@pytest.mark.parametrize("name", REFUSED)
def test_the_documented_refusal_is_its_own_error(name: str) -> None:
    leaf, part = REFUSED[name]
    with Transcript(name) as transcript, pytest.raises(leaf) as caught:
        _january(_source(transcript, name))
    assert leaf is type(caught.value)
    assert part in str(caught.value)
    assert transcript.expected == [(asked.path, asked.body) for asked in transcript.asked]


def test_every_transcript_is_played_and_says_where_it_comes_from() -> None:
    names = sorted(file.stem for file in FOLDER.glob("*.json"))
    assert sorted([*READ, *REFUSED]) == names
    assert all(written(name)["fact"].startswith("facts/erp.md 2.") for name in names)
