"""AltaRede as a source of bills, asked client by client: all of them, or an error and nothing.

No public manual exists. Known is only that an integrator asks for a host, a token and an appkey, and that clients
are found by CPF or CNPJ and by nothing else: so who may be asked for comes from a CSV file, one request each.
Everything else is configuration (`AltaRedeSource`, `AltaRedeFields`) without defaults that are guesses. Unknown:

- the path of the bills, whether it is asked by GET or POST, and how a POST is written (sent here: JSON);
- where token and appkey go: headers or fields of query or body;
- the names of the fields, the words for a status, how days and amounts are written;
- whether one client's answer comes in pages: a second page would not be asked for;
- how errors look, what is answered for a document nobody has (HTTP 404 counts as an error), how many requests
  a minute are allowed;
- the paths of the other actions named there (client, plans, company, release): none is used but the release on
  trust (liberação) of a blocked line, and that only as `source.release` describes it (`altarede_actions.py`);
- which product is meant: Altarede is also the name of an internet provider.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import chain
from threading import Lock
from typing import Final

from worker.core.billing import BillKey, Contract
from worker.core.enums import Fate
from worker.core.model import Bill, Client, Rejected
from worker.erp.altarede_answer import Row
from worker.erp.altarede_http import AltaRedeReader, Ask
from worker.erp.altarede_map import BillReading
from worker.erp.csvfile import CsvFiles
from worker.erp.pay_lines import bad_lines
from worker.erp.seen_ids import SeenIds
from worker.erp.source import USUAL, BadValue, Reading
from worker.erp.tablefile import Version, version_of
from worker.errors import SourceBroken, SourceLacks, SourceRefused
from worker.ports import Can, ClientType, Page
from worker.source_settings import AltaRedeSource, CsvSource

CLIENTS_PER_PAGE: Final = 100

_NO_DOCUMENT: Final = "no CPF or CNPJ: AltaRede can only be asked by document"
_SAME_DOCUMENT: Final = "a client before has the same CPF or CNPJ: what AltaRede answers counts as that client's"


class AltaRede:
    """A `worker.ports.BillSource` over AltaRede's API, as far as the configuration knows it."""

    def __init__(
        self, source: AltaRedeSource, reading: Reading = USUAL, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """SourceRefused when what is configured cannot be right. What is missing is missed when it is needed."""
        self._file = source.clients
        self._files = CsvFiles(
            CsvSource(
                type="csv",
                clients=source.clients,
                bills=source.clients,  # never read
                encoding=source.encoding,
                delimiter=source.delimiter,
            ),
            reading,
            sleep=sleep,
        )
        self._missing = " and ".join(
            f"source.{name}" for name in ("bills_path", "fields") if not getattr(source, name)
        )
        self._api: tuple[AltaRedeReader, BillReading] | None = None
        if source.bills_path and source.fields:
            self._api = (
                AltaRedeReader(source, source.bills_path, source.fields, sleep=sleep),
                BillReading(source.fields, brazilian=source.date_format == "brazilian"),
            )
        self._lock = Lock()
        self._documents: tuple[Version, dict[str, str]] | None = None  # of that version of the file, by client

    @property
    def can(self) -> frozenset[Can]:
        return frozenset((Can.CLIENT_TYPES, Can.OPEN_NOW, Can.FATES) if self._api else (Can.CLIENT_TYPES,))

    def clients(self) -> Iterator[Page[Client]]:
        """The clients of the file; AltaRede lists none."""
        return self._files.clients()

    def client_types(self) -> tuple[ClientType, ...]:
        """The different words of the file's column `type`."""
        return self._files.client_types()

    def bills(self, due_from: date, due_until: date) -> Iterator[Page[Bill]]:
        """One request a client. Who cannot be asked for is rejected; one request that fails ends it all."""
        return self._listing(*self._configured(), due_from, due_until)

    def contracts(self) -> Iterator[Page[Contract]]:
        raise SourceLacks(
            "AltaRede's contracts cannot be listed, for no public manual says how: ask AltaRede's support for it"
        )

    def open_now(self, client_id: str, due_from: date, due_until: date) -> tuple[Bill, ...]:
        """None for who is not among the file's clients any more. SourceRefused for one who cannot be asked for."""
        reader, reading = self._configured()
        document = self._document_of(client_id)
        if document is None:
            return ()
        if not document:
            raise SourceRefused(
                f"client {client_id} cannot be asked for: write their own CPF or CNPJ into {self._file}"
            )
        with reader.asking() as ask:
            bills = _Answers(ask, reading).bills(client_id, document)[0]
        return tuple(bill for bill in bills if due_from <= bill.due_date <= due_until)

    def fates(self, gone: Sequence[BillKey], due_from: date, due_until: date) -> dict[str, Fate]:
        """One request a client. A bill no longer listed may be paid or cancelled: nothing is said of it."""
        reader, reading = self._configured()
        wanted: dict[str, set[str]] = {}
        for key in gone:
            wanted.setdefault(key.client_id, set()).add(key.bill_id)
        found: dict[str, Fate] = {}
        with reader.asking() as ask:
            answers = _Answers(ask, reading)
            for client_id, ids in wanted.items():
                document = self._document_of(client_id)
                for bill in answers.bills(client_id, document)[0] if document else ():
                    if bill.bill_id in ids:
                        inside = due_from <= bill.due_date <= due_until
                        found[bill.bill_id] = Fate.OPEN if inside else Fate.OUT_OF_SPAN
        return found

    def probe(self) -> str:
        """Asks for the first client of the file that has a document."""
        reader, reading = self._configured()
        client_id, document = next(((one, text) for one, text, reason in self._people() if not reason), ("", ""))
        if not document:
            raise SourceRefused(f"{self._file} has no client with a CPF or CNPJ: AltaRede can be asked for nobody")
        with reader.asking() as ask:
            bills, _ = _Answers(ask, reading).bills(client_id, document)
        return f"AltaRede at {reader.host} answers: {len(bills)} open bills of the first client asked for"

    def _configured(self) -> tuple[AltaRedeReader, BillReading]:
        if self._api is None:
            raise SourceLacks(
                f"{self._missing} must be set, and no public manual of AltaRede exists: ask its support how bills "
                "are asked for; meanwhile `type: csv` works with exported files"
            )
        return self._api

    def _listing(
        self, reader: AltaRedeReader, reading: BillReading, due_from: date, due_until: date
    ) -> Iterator[Page[Bill]]:
        good: list[Bill] = []
        rejected: list[Rejected] = []
        with reader.asking() as ask:
            answers = _Answers(ask, reading)
            for number, (client_id, document, reason) in enumerate(self._people(), start=1):
                if reason:
                    rejected.append(Rejected("client", client_id, reason))
                else:
                    bills, bad = answers.bills(client_id, document)
                    asked = [bill for bill in bills if due_from <= bill.due_date <= due_until]
                    good += asked
                    rejected += [*bad, *chain.from_iterable(map(answers.bad_line, asked))]
                if number % CLIENTS_PER_PAGE == 0:
                    yield Page(tuple(good), tuple(rejected))
                    good, rejected = [], []
            yield Page(tuple(good), tuple(rejected))

    def _people(self) -> Iterator[tuple[str, str, str]]:
        """(id, document, why they cannot be asked for) of the file's clients; the third is empty for most."""
        seen = SeenIds()
        for page in self._files.clients():
            for client in page.rows:
                document = client.document or ""
                reason = _NO_DOCUMENT if not document else "" if seen.add(document) else _SAME_DOCUMENT
                yield client.client_id, document, reason

    def _document_of(self, client_id: str) -> str | None:
        """None: not in the file; empty: cannot be asked for. The index is made anew when the file has changed."""
        with self._lock:  # several threads ask at a time; one of them reads the file
            version = version_of(self._file)
            if self._documents is None or self._documents[0] != version:
                found = {one: "" if reason else document for one, document, reason in self._people()}
                self._documents = version, found
            return self._documents[1].get(client_id)


class _Answers:
    """What was answered in one round. SourceBroken when a bill comes twice: AltaRede did not heed the document."""

    def __init__(self, ask: Ask, reading: BillReading) -> None:
        self._ask, self._reading = ask, reading
        self._seen = SeenIds()
        self._lines: dict[str, str] = {}  # of the last client, by bill id: as they came

    def bills(self, client_id: str, document: str) -> tuple[list[Bill], list[Rejected]]:
        """One client's open bills, due whenever, and the rows that cannot be used."""
        good: list[Bill] = []
        rejected: list[Rejected] = []
        self._lines.clear()
        for row in self._ask(client_id, document):
            try:
                bill_id = self._new_id(row)
            except BadValue as reason:
                rejected.append(Rejected("bill", f"client {client_id}", str(reason), ""))
                continue
            try:
                bill = self._reading.bill(row, client_id)
            except BadValue as reason:
                rejected.append(Rejected("bill", bill_id, str(reason)))
                continue
            if bill:
                good.append(bill)
                self._lines[bill_id] = self._reading.line(row)
        return good, rejected

    def bad_line(self, bill: Bill) -> tuple[Rejected, ...]:
        """One when the bill, of this round, has a digitable line that nobody could pay by."""
        return bad_lines([(bill, self._lines.pop(bill.bill_id))], "the digitable line")

    def _new_id(self, row: Row) -> str:
        bill_id = self._reading.bill_id(row)
        if not self._seen.add(bill_id):
            raise SourceBroken(
                f"AltaRede sent bill {bill_id} twice, so its answers may be of somebody else than asked for: "
                "check source.bills_path, source.document_field and source.fields.bill_id"
            )
        return bill_id
