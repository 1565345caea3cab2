"""AltaRede's release on trust: only as it is configured, never twice, and done only when the answer says so."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.contract.made_altarede import SHAPE, settings
from tests.lab.altarede_server import AltaRedeServer, Fault, Kind
from worker.erp.altarede_actions import AltaRedeActions
from worker.erp.registry import open_actions
from worker.errors import ActionRefused, SourceBroken, SourceLacks, SourceRefused, SourceUnavailable
from worker.source_settings import CsvSource

RELEASE = {
    "path": "/inventado/liberar/{contract}",
    "done": "dados.feito",
    "done_words": ["TRUE"],
    "said": "dados.texto",
}


@pytest.fixture
def server() -> Iterator[AltaRedeServer]:
    with AltaRedeServer(replace(SHAPE, release="/inventado/liberar", contract_field="contrato"), {}) as running:
        running.blocked = {"7001", "7/2 ?"}
        yield running


def actions(server: AltaRedeServer, **changes: object) -> AltaRedeActions:
    release = {key: value for key, value in (RELEASE | changes).items() if value is not None}
    return AltaRedeActions(
        settings(server.url, Path("clients.csv"), release=release, timeout_seconds=0.25, retries=3)
    )


@pytest.mark.parametrize("contract", ["7001", "7/2 ?"])
@pytest.mark.parametrize(
    "changes",
    [{}, {"path": "/inventado/liberar", "contract_field": "contrato"}],
    ids=["in the path", "in a field"],
)
def test_a_blocked_line_is_released_once(
    server: AltaRedeServer, contract: str, changes: dict[str, object]
) -> None:
    assert "Liberado por 3 dias" == actions(server, **changes).unlock(contract)
    with pytest.raises(ActionRefused, match="answered “false”, “Contrato não está bloqueado”"):
        actions(server, **changes).unlock(contract)
    assert [contract] * 2 == server.releases


def test_without_a_text_the_verdict_is_what_it_said(server: AltaRedeServer) -> None:
    assert "true" == actions(server, said=None).unlock("7001")


def test_an_answer_without_the_verdict_is_not_taken_for_done(server: AltaRedeServer) -> None:
    with pytest.raises(ActionRefused, match="answered “”"):
        actions(server, done="dados.outro").unlock("7001")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Kind.SERVER_ERROR, SourceUnavailable),
        (Kind.HANG, SourceUnavailable),
        (Kind.HTML, SourceBroken),
        (Kind.LOGIN_PAGE, SourceRefused),
        (Kind.FORBIDDEN, SourceRefused),
    ],
)
def test_whatever_fails_is_asked_once(server: AltaRedeServer, kind: Kind, error: type[Exception]) -> None:
    server.fault = Fault(kind)
    with pytest.raises(error):
        actions(server).unlock("7001")
    assert ["7001"] == server.releases


def test_what_nobody_knows_how_to_ask_for_is_said(server: AltaRedeServer) -> None:
    unknowing = AltaRedeActions(settings(server.url, Path("clients.csv")))
    for ask in (
        lambda: unknowing.unlock("7001"),
        lambda: unknowing.note("9", None, "texto", date(2026, 11, 20)),
        lambda: unknowing.pix("1"),
        lambda: unknowing.boleto("1"),
    ):
        with pytest.raises(SourceLacks, match="no public manual"):
            ask()
    assert [] == server.releases


def test_a_contract_that_would_go_nowhere_is_refused_when_opened(server: AltaRedeServer) -> None:
    with pytest.raises(SourceRefused, match="the contract goes nowhere"):
        actions(server, path="/inventado/liberar")


def test_a_source_that_can_only_be_read_says_so() -> None:
    with pytest.raises(SourceLacks, match="of type csv can only be read"):
        open_actions(CsvSource(type="csv", clients=Path("c.csv"), bills=Path("b.csv")))
