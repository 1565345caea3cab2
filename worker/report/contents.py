"""What a report shows, in order, as text: shared by every format that people read. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from worker.core.enums import Answerer, Heard, LineResult, Result
from worker.core.records import OutcomeRow
from worker.report import labels
from worker.report.figures import SHORT_CALL_LINE, SHORT_CALL_VOLUME, Figures, Group

Cell = Callable[[Group], str]


@dataclass(frozen=True, slots=True)
class Section:
    """Some figures that belong together: (label, one value per group)."""

    title: str
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One fact of an outcome. `brief`: also where there is little room. `right`: a number."""

    label: str
    of: Callable[[OutcomeRow], str]
    brief: bool = False
    right: bool = False


def groups(figures: Figures) -> tuple[Group, ...]:
    """What gets a column: each instance, and the total when it says more than the only instance."""
    return figures.instances if len(figures.instances) == 1 else (*figures.instances, figures.total)


def headings(figures: Figures) -> tuple[str, ...]:
    return tuple(labels.clean(group.instance) or "Total" for group in groups(figures))


def sections(figures: Figures) -> tuple[Section, ...]:
    shown = groups(figures)
    return (
        _section("Ligações", _CALLS, shown),
        _section("Indicadores", _RATES, shown),
        _section("Resultado na linha", [(text, _line(key)) for key, text in labels.LINE_RESULT.items()], shown),
        _section("Quem atendeu", [(text, _answerer(key)) for key, text in labels.ANSWERER.items()], shown),
        _section("O que foi ouvido", [(text, _heard(key)) for key, text in labels.HEARD.items()], shown),
        _section("Resposta de quem atendeu", [(text, _result(key)) for key, text in labels.RESULT.items()], shown),
    )


def subtitle(day: date, zone: ZoneInfo) -> str:
    return f"{labels.day_and_weekday(day)} · horários de {zone.key}"


def warning(figures: Figures) -> str:
    """Empty when no group is near Anatel's limit."""
    over = [group for group in groups(figures) if group.over_short_line]
    if not over:
        return ""
    who = "; ".join(f"{labels.clean(group.instance) or 'total'} {labels.percent(group.short)}" for group in over)
    return (
        f"Atenção, ligações curtas: {who} das tentativas. A partir de {SHORT_CALL_LINE * 100:.0f}%, com "
        f"{labels.count(SHORT_CALL_VOLUME)} ligações ou mais no dia, a Anatel manda bloquear por 15 dias."
    )


def notes(figures: Figures, listed: int) -> tuple[str, ...]:
    """Sentences to stand below the figures."""
    total = figures.total
    said: list[str] = []
    if not total.attempts:
        said.append("Nenhuma ligação neste dia.")
    if missing := total.attempts - total.cdr_found:
        said.append(
            f"{labels.count(missing)} de {labels.count(total.attempts)} tentativas ainda sem registro no CDR."
        )
    if listed < total.attempts:
        said.append(
            f"A lista mostra as {labels.count(listed)} mais recentes de {labels.count(total.attempts)} tentativas."
        )
    said.append("Ligação curta: não completada, ou atendida por caixa postal, ou de até 6 segundos.")
    return tuple(said)


def columns(zone: ZoneInfo, *, full_numbers: bool) -> tuple[Column, ...]:
    """Every fact of an outcome, as text."""
    return (
        Column("Data", lambda row: labels.day(row.outcome.ended_at.astimezone(zone))),
        Column("Hora", lambda row: labels.clock(row.outcome.ended_at.astimezone(zone)), brief=True),
        Column("Instância", lambda row: labels.clean(row.outcome.instance)),
        Column("Cliente", lambda row: labels.clean(row.client_name), brief=True),
        Column("Código do cliente", lambda row: labels.clean(row.outcome.client_id)),
        Column("Telefone", lambda row: labels.number(row.outcome.number, full=full_numbers), brief=True),
        Column("Valor", lambda row: labels.money(row.total), brief=True, right=True),
        Column("Linha", lambda row: labels.LINE_RESULT[row.outcome.line_result], brief=True),
        Column("Atendeu", lambda row: labels.ANSWERER[row.outcome.answerer], brief=True),
        Column("Ouviu", lambda row: labels.HEARD[row.outcome.talk.heard], brief=True),
        Column("Resposta", lambda row: labels.RESULT[row.outcome.talk.result], brief=True),
        Column("Promessa", _promise),
        Column("Teclas", lambda row: labels.clean(row.outcome.talk.keys)),
        Column("Segundos ouvidos", lambda row: labels.decimal(row.outcome.talk.heard_seconds), right=True),
        Column("Toque (s)", lambda row: labels.decimal(row.outcome.ring_seconds), right=True),
        Column("Conversa (s)", lambda row: labels.decimal(row.outcome.talk_seconds), brief=True, right=True),
        Column("Curta", lambda row: labels.YES_NO[row.outcome.short_call]),
        Column("CDR", lambda row: labels.YES_NO[row.cdr_found]),
        Column("Via", lambda row: labels.ORIGINATION[row.origination]),
        Column("Causa Q.850", lambda row: "" if row.outcome.cause is None else str(row.outcome.cause), right=True),
        Column("Texto da operadora", lambda row: labels.clean(row.outcome.tech_text)),
        Column("AMD", _amd),
        Column("Tentativa", lambda row: labels.clean(row.outcome.attempt_id)),
    )


def brief(all_columns: Sequence[Column], figures: Figures) -> list[Column]:
    """Those for paper and terminals; the instance only where there is more than one."""
    many = len(figures.instances) > 1
    return [column for column in all_columns if column.brief or (many and column.label == "Instância")]


def _section(title: str, rows: Sequence[tuple[str, Cell]], shown: Sequence[Group]) -> Section:
    return Section(title, tuple((label, tuple(cell(group) for group in shown)) for label, cell in rows))


_CALLS: list[tuple[str, Cell]] = [
    ("Tentativas", lambda group: labels.count(group.attempts)),
    ("Atendidas", lambda group: labels.count(group.answered)),
    ("Ouviram o débito (todo ou em parte)", lambda group: labels.count(group.debt_heard)),
    ("Falamos com o titular", lambda group: labels.count(group.right_party)),
    ("Tempo de conversa", lambda group: labels.duration(group.talk_seconds)),
]
_RATES: list[tuple[str, Cell]] = [
    ("Taxa de atendimento", lambda group: labels.share_of(group.connection, "tentativas")),
    ("Contato com o titular", lambda group: labels.share_of(group.right_party_contact, "atendidas")),
    ("Ligações curtas (Anatel: menos de 85%)", lambda group: labels.share_of(group.short, "tentativas")),
    ("Encontradas no CDR", lambda group: labels.share_of(group.with_cdr, "tentativas")),
]


def _line(key: LineResult) -> Cell:
    return lambda group: labels.count(group.line_results[key])


def _answerer(key: Answerer) -> Cell:
    return lambda group: labels.count(group.answerers[key])


def _heard(key: Heard) -> Cell:
    return lambda group: labels.count(group.heard[key])


def _result(key: Result) -> Cell:
    return lambda group: labels.count(group.results[key])


def _promise(row: OutcomeRow) -> str:
    promised = row.outcome.talk.promise_day
    return labels.day(promised) if promised else ""


def _amd(row: OutcomeRow) -> str:
    return labels.clean(f"{row.outcome.amd_status} {row.outcome.amd_cause}".strip())
