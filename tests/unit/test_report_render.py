"""Reports as people and programs get them: Brazilian forms, numbers masked, nothing from outside obeyed."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from worker.core.enums import Answerer, Heard, LineResult, Origination, Result
from worker.core.model import Outcome, TalkFacts
from worker.core.records import OutcomeRow, TallyRow
from worker.report.csvout import safe
from worker.report.figures import figures
from worker.report.render import Format, render

ZONE = ZoneInfo("America/Sao_Paulo")
DAY = date(2026, 11, 20)
OUTCOME = Outcome(
    attempt_id="01KAHB3J9Z0123456789ABCDEF",
    instance="fibra",
    client_id="77",
    number="+5511987654321",
    ended_at=datetime(2026, 11, 21, 1, 30, 5, tzinfo=UTC),  # still the 20th in São Paulo
    line_result=LineResult.ANSWERED,
    answerer=Answerer.HUMAN,
    talk=TalkFacts(Heard.ALL, 21.5, Result.PROMISE, "13", date(2026, 11, 25)),
    cause=16,
    tech_text="SIP 200 OK",
    ring_seconds=7.25,
    talk_seconds=61.0,
    short_call=False,
)
ROW = OutcomeRow(OUTCOME, "Maria da Silva", Origination.ARI, Decimal("1234.5"), cdr_found=True)


def tallied(line: LineResult, who: Answerer, heard: Heard, result: Result, count: int, short: int) -> TallyRow:
    return TallyRow("fibra", Origination.ARI, line, who, heard, result, count, short, 61.0 * count, count - 1)


TALLY = [
    tallied(LineResult.ANSWERED, Answerer.HUMAN, Heard.ALL, Result.PROMISE, 300, 0),
    tallied(LineResult.ANSWERED, Answerer.MACHINE, Heard.GREETING, Result.NONE, 200, 200),
    tallied(LineResult.NO_ANSWER, Answerer.NOBODY, Heard.NOTHING, Result.NONE, 1500, 1500),
]
MANY = [*TALLY, replace(TALLY[0], instance="vale")]
FORMATS = get_args(Format)


def shown(
    fmt: Format,
    rows: list[OutcomeRow] | None = None,
    tally: list[TallyRow] | None = None,
    *,
    full_numbers: bool = False,
    title: str = "Ligações de cobrança",
    width: int | None = 200,
) -> str:
    return render(
        figures(TALLY if tally is None else tally),
        [ROW] if rows is None else rows,
        title=title,
        day=DAY,
        zone=ZONE,
        fmt=fmt,
        full_numbers=full_numbers,
        width=width,
    )


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


# --- every format ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fmt", FORMATS)
def test_no_format_shows_a_whole_number_unless_asked(fmt: Format) -> None:
    digits = re.compile(r"98765-?4321")
    assert digits.search(shown(fmt)) is None
    assert digits.search(shown(fmt, full_numbers=True)) is not None


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_empty_day_is_a_report_too(fmt: Format) -> None:
    text = shown(fmt, [], [])
    assert text.endswith("\n")
    if fmt in ("table", "md", "html"):
        assert "Nenhuma ligação neste dia." in text


@pytest.mark.parametrize("fmt", ["table", "md", "html"])
def test_people_read_rates_with_their_denominators_in_portuguese(fmt: Format) -> None:
    text = shown(fmt)
    for words in (
        "25,0% (500 de 2.000 tentativas)",
        "60,0% (300 de 500 atendidas)",
        "85,0% (1.700 de 2.000 tentativas)",
        "Prometeu pagar",
        "20/11/2026, sexta-feira",
        "22:30:05",  # 01:30:05 UTC
        "Maria da Silva",
    ):
        assert words in text
    assert "1.234,50" in text


@pytest.mark.parametrize("fmt", ["table", "md", "html"])
def test_the_line_that_anatel_draws_is_warned_of_only_when_reached(fmt: Format) -> None:
    below = [*TALLY, tallied(LineResult.BUSY, Answerer.NOBODY, Heard.NOTHING, Result.NONE, 1, 0)]
    assert "Atenção" in re.sub(r"\s+", " ", shown(fmt))
    assert "Atenção" not in shown(fmt, tally=below)


@pytest.mark.parametrize("fmt", ["table", "md", "html"])
def test_a_total_stands_beside_several_instances_and_not_beside_one(fmt: Format) -> None:
    many = shown(fmt, tally=MANY)
    assert "vale" in many
    assert "Total" in many
    assert "Instância" in many
    assert "Total" not in shown(fmt)


@pytest.mark.parametrize("fmt", FORMATS)
def test_text_from_outside_is_one_cell_and_sends_no_codes(fmt: Format) -> None:
    evil = replace(ROW, client_name='<script>alert(1)</script>|[red]x[/nope]\n\x1b[2J"; DROP', outcome=OUTCOME)
    text = shown(fmt, [evil], title="<b>|\n# y")
    assert "\x1b" not in text
    if fmt == "html":
        assert "<script" not in text
        assert "<b>" not in text
    if fmt == "md":
        assert r"\<script\>" in text
        assert 1 == len([line for line in text.splitlines() if line.startswith("# ")])
        assert {len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if "script" in line} == {
            len(re.findall(r"\|", line)) for line in text.splitlines() if line.startswith("| Hora")
        }
    if fmt == "table":
        assert "[/nope]" in text


# --- table -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_table_is_never_wider_than_its_terminal(width: int) -> None:
    assert max(len(line) for line in shown("table", tally=MANY, width=width).splitlines()) <= width


def test_a_narrow_table_leaves_columns_out_rather_than_cutting_words() -> None:
    narrow, wide = shown("table", width=80), shown("table", width=130)
    assert "R$\u00a01.234,50" not in narrow
    assert "R$\u00a01.234,50" in wide
    assert "…" not in narrow + wide


def test_a_table_without_a_terminal_has_some_width() -> None:
    assert "Tentativas" in shown("table", width=None)


# --- csv ---------------------------------------------------------------------------------------------


def test_csv_opens_in_a_brazilian_spreadsheet() -> None:
    text = shown("csv")
    assert text.startswith("\ufeffData;Hora;")
    assert text.endswith("\r\n")
    [row] = csv_rows(text)
    assert ("20/11/2026", "22:30:05", "R$ 1.234,50", "61,0") == (
        row["Data"], row["Hora"], row["Valor"], row["Conversa (s)"],
    )  # fmt: skip
    assert ("Atendida", "Pessoa", "Débito inteiro", "Prometeu pagar", "25/11/2026", "Sim") == (
        row["Linha"], row["Atendeu"], row["Ouviu"], row["Resposta"], row["Promessa"], row["CDR"],
    )  # fmt: skip


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", '=HYPERLINK("http://x")']
)
def test_csv_cells_are_never_formulas(cell: str) -> None:
    assert safe(cell).startswith("'")
    [row] = csv_rows(shown("csv", [replace(ROW, client_name=cell)]))
    assert row["Cliente"][0] == "'"


def test_csv_leaves_usual_cells_alone() -> None:
    assert (
        'Maria; da "Silva"'
        == csv_rows(shown("csv", [replace(ROW, client_name='Maria; da "Silva"')]))[0]["Cliente"]
    )


# --- json --------------------------------------------------------------------------------------------


def test_json_keeps_the_models_words_and_exact_amounts() -> None:
    report = json.loads(shown("json", tally=MANY))
    assert ["fibra", "vale"] == [group["instance"] for group in report["instances"]]
    assert {"part": 800, "whole": 2300, "of": "attempts", "ratio": 800 / 2300} == report["total"]["rates"][
        "connection"
    ]
    assert 600 == report["total"]["results"]["promise"]
    [outcome] = report["outcomes"]
    assert ("1234.5", "answered", "promise", "2026-11-20T22:30:05-03:00", "+5511*******21", True) == (
        outcome["total"], outcome["line_result"], outcome["result"], outcome["ended_at"],
        outcome["number"], outcome["cdr_found"],
    )  # fmt: skip


# --- html --------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would fetch, and whether tags are balanced."""

    VOID = ("meta", "rect", "line")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []
        self.heads_without_scope = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.outside += [name for name, _ in attrs if name in ("src", "href", "action", "xlink:href")]
        self.outside += [tag] if tag in ("script", "link", "img", "iframe", "object") else []
        self.heads_without_scope += tag == "th" and "scope" not in dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert tag == self.open.pop()


def test_html_is_one_whole_page_that_fetches_nothing() -> None:
    text = shown("html", tally=MANY)
    page = Page(text)
    assert [] == page.open
    assert [] == page.outside
    assert 0 == page.heads_without_scope
    assert "url(" not in text
    assert "http://" not in text
    assert "https://" not in text


def test_html_bars_are_as_long_as_their_share() -> None:
    assert '<rect class="fill" width="75.00"' in shown("html")  # 1500 of 2000 not answered
    assert 'x1="85.00"' in shown("html")
