"""All that may come instead of AltaRede's list of bills ends the listing, in one clean sentence."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.altarede_bed import (
    CPFS,
    HEADER,
    bill_row,
    bills_of,
    client_line,
    serving,
    source_of,
    write_clients,
)
from tests.contract.erp_world import TODAY, YEAR_AGO
from tests.lab.altarede_server import APPKEY, TOKEN, AltaRedeServer, Fault, Kind
from worker.core.billing import BillKey
from worker.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable

FAULTS: dict[Kind, type[SourceError]] = {
    Kind.SERVER_ERROR: SourceUnavailable,
    Kind.HANG: SourceUnavailable,
    Kind.TOO_MANY: SourceUnavailable,
    Kind.FORBIDDEN: SourceRefused,
    Kind.HTML: SourceBroken,
    Kind.LOGIN_PAGE: SourceRefused,
    Kind.TRUNCATED: SourceBroken,
    Kind.NOTHING: SourceBroken,
    Kind.REFUSAL: SourceRefused,
    Kind.REFUSAL_WITH_LIST: SourceRefused,
    Kind.MESSAGE_ONLY: SourceRefused,
    Kind.OTHER_SHAPE: SourceBroken,
    Kind.DUPLICATES: SourceBroken,
    Kind.DEAF: SourceBroken,
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_clients(tmp_path)


@pytest.fixture
def server() -> Iterator[AltaRedeServer]:
    with serving() as running:
        yield running


@pytest.mark.parametrize(
    ("kind", "document"),
    # the first answer of one who does not heed the document cannot be told from a right one
    [(kind, cpf) for kind in FAULTS for cpf in CPFS if (kind, cpf) != (Kind.DEAF, CPFS[0])],
)
def test_each_fault_ends_the_listing_in_one_clean_sentence(
    server: AltaRedeServer, file: Path, kind: Kind, document: str
) -> None:
    if not server.rows[document]:
        server.rows[document] = [bill_row(300)]
    server.fault = Fault(kind, document)
    with pytest.raises(FAULTS[kind]) as caught:
        bills_of(source_of(server, file))
    sentence = str(caught.value)
    assert FAULTS[kind] is type(caught.value)
    assert sentence.isprintable()
    assert len(sentence) < 320
    assert not [part for part in (TOKEN, APPKEY, *CPFS, "<") if part in sentence]


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind not in (Kind.DEAF, Kind.HANG)])
def test_one_client_fates_and_probe_fail_alike(server: AltaRedeServer, file: Path, kind: Kind) -> None:
    server.fault = Fault(kind)
    source = source_of(server, file, retries=0)
    questions: tuple[Callable[[], object], ...] = (
        lambda: source.open_now("9", YEAR_AGO, TODAY),
        lambda: source.fates([BillKey("100", "9")], YEAR_AGO, TODAY),
        source.probe,
    )
    for question in questions:
        with pytest.raises(FAULTS[kind]):
            question()


@pytest.mark.parametrize("kind", [Kind.SERVER_ERROR, Kind.TOO_MANY, Kind.HANG])
def test_what_passes_by_itself_is_tried_again(server: AltaRedeServer, file: Path, kind: Kind) -> None:
    slept: list[float] = []
    server.fault = Fault(kind, CPFS[1], times=2)
    assert ["100", "102"] == [bill.bill_id for bill in bills_of(source_of(server, file, slept, retries=2))]
    assert [1.0, 2.0] == [pause for pause in slept if pause]


def test_a_missing_list_and_a_missing_id_name_the_setting(server: AltaRedeServer, file: Path) -> None:
    server.fault = Fault(Kind.OTHER_SHAPE)
    with pytest.raises(SourceBroken, match=r"source\.fields\.bills is set to 'dados\.titulos'"):
        bills_of(source_of(server, file))
    server.fault = None
    del server.rows[CPFS[0]][0]["codigo"]
    with pytest.raises(SourceBroken, match=r"has no 'codigo': check source\.fields\.bill_id"):
        bills_of(source_of(server, file))


def test_a_refusal_is_quoted_without_the_token_and_the_document(server: AltaRedeServer, file: Path) -> None:
    server.fault = Fault(Kind.REFUSAL)
    with pytest.raises(SourceRefused, match=r"“Chave \*\*\* sem acesso a \*\*\* Contate o suporte”"):
        bills_of(source_of(server, file))


def test_a_cnpj_with_letters_is_hidden_as_well(server: AltaRedeServer, file: Path) -> None:
    cnpj = "12ABC34501DE35"
    file.write_text(HEADER + client_line(9, cnpj), encoding="utf-8")
    server.fault = Fault(Kind.REFUSAL)
    with pytest.raises(SourceRefused, match=r"sem acesso a \*\*\*"):
        bills_of(source_of(server, file))
    assert [cnpj] == server.asked


def test_a_wrong_token_is_refused_by_name(server: AltaRedeServer, file: Path) -> None:
    with pytest.raises(
        SourceRefused, match=r"\(HTTP 401\): check source\.token and source\.appkey.*Token inválido"
    ):
        source_of(server, file, token="wrong").probe()
