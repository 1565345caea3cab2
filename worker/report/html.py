"""The report as one page that needs nothing else: for a browser, a mail or paper."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from worker.core.enums import Answerer, Result
from worker.core.records import OutcomeRow
from worker.report import contents, labels
from worker.report.figures import SHORT_CALL_LINE, Figures, Group, Share

KeyT = TypeVar("KeyT")
Bar = tuple[str, int]


def render(
    figures: Figures, outcomes: Sequence[OutcomeRow], *, title: str, day: date, zone: ZoneInfo, full_numbers: bool
) -> str:
    """No script and no address outside; everything from outside is escaped."""
    shown = contents.brief(contents.columns(zone, full_numbers=full_numbers), figures)
    return _template().render(
        title=labels.clean(title),
        subtitle=contents.subtitle(day, zone),
        cards=_cards(figures.total),
        charts=_charts(figures.total),
        short=figures.total.short,
        short_line=SHORT_CALL_LINE,
        warning=contents.warning(figures),
        headings=contents.headings(figures),
        sections=contents.sections(figures),
        notes=contents.notes(figures, len(outcomes)),
        columns=shown,
        rows=[[column.of(row) for column in shown] for row in outcomes],
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = labels.count
    environment.filters["percent"] = labels.percent
    environment.globals["share"] = Share
    return environment.get_template("report.html.j2")


def _cards(total: Group) -> list[tuple[str, str, str]]:
    """(label, figure, what it is a part of)."""
    promises = Share(total.results[Result.PROMISE], total.answered)
    return [
        ("Tentativas", labels.count(total.attempts), f"{labels.duration(total.talk_seconds)} de conversa"),
        ("Atendidas", labels.percent(total.connection), _of(total.connection, "tentativas")),
        (
            "Contato com o titular",
            labels.percent(total.right_party_contact),
            _of(total.right_party_contact, "atendidas"),
        ),
        ("Prometeram pagar", labels.count(total.results[Result.PROMISE]), _of(promises, "atendidas")),
        ("Ligações curtas", labels.percent(total.short), "limite da Anatel: menos de 85%"),
    ]


def _of(share: Share, whole: str) -> str:
    return f"{labels.count(share.part)} de {labels.count(share.whole)} {whole}"


def _charts(total: Group) -> list[tuple[str, list[Bar], int, str]]:
    """(title, bars, the whole that a full bar stands for, its name)."""
    answerers: dict[Answerer, str] = {
        who: text for who, text in labels.ANSWERER.items() if who is not Answerer.NOBODY
    }
    results: dict[Result, str] = {what: text for what, text in labels.RESULT.items() if what is not Result.NONE}
    return [
        ("Resultado na linha", _bars(total.line_results, labels.LINE_RESULT), total.attempts, "tentativas"),
        ("Resposta de quem atendeu", _bars(total.results, results), total.answered, "atendidas"),
        ("Quem atendeu", _bars(total.answerers, answerers), total.answered, "atendidas"),
        ("O que foi ouvido", _bars(total.heard, labels.HEARD), total.attempts, "tentativas"),
    ]


def _bars(counts: Mapping[KeyT, int], names: Mapping[KeyT, str]) -> list[Bar]:
    return [(name, counts[key]) for key, name in names.items()]
