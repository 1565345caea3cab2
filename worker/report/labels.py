"""The words and number forms that the teams who read reports know: Brazilian Portuguese. Pure."""

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from worker.core.enums import Answerer, Heard, LineResult, Origination, Result
from worker.core.phone import mask, national_parts
from worker.report.figures import Share

EMPTY = "–"
LINE_RESULT = {
    LineResult.ANSWERED: "Atendida",
    LineResult.BUSY: "Ocupado",
    LineResult.NO_ANSWER: "Não atendeu",
    LineResult.INVALID_NUMBER: "Número inexistente",
    LineResult.REJECTED: "Recusada",
    LineResult.CONGESTION: "Rede congestionada",
    LineResult.UNREACHABLE: "Fora de alcance",
    LineResult.FAILED: "Falhou",
    LineResult.UNKNOWN: "Sem informação",
}
ANSWERER = {
    Answerer.HUMAN: "Pessoa",
    Answerer.MACHINE: "Máquina",
    Answerer.NOT_SURE: "Incerto",
    Answerer.NOBODY: "Ninguém",
}
HEARD = {
    Heard.NOTHING: "Nada",
    Heard.GREETING: "Só o início",
    Heard.PART: "Parte do débito",
    Heard.ALL: "Débito inteiro",
}
RESULT = {
    Result.NONE: "Nenhuma",
    Result.CONFIRMED: "Confirmou ser o titular",
    Result.PROMISE: "Prometeu pagar",
    Result.SAYS_PAID: "Diz que já pagou",
    Result.WANTS_AGENT: "Quer um atendente",
    Result.TRANSFERRED: "Transferida",
    Result.WRONG_PERSON: "Pessoa errada",
    Result.OPT_OUT: "Não quer ligações",
}
ORIGINATION = {Origination.ARI: "ARI", Origination.CALLFILE: "Arquivo de chamada"}
YES_NO = {True: "Sim", False: "Não", None: EMPTY}
WEEKDAYS = ("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo")


def count(value: int) -> str:
    """1234567 -> 1.234.567"""
    return f"{value:,}".replace(",", ".")


def decimal(value: float, places: int = 1) -> str:
    """3.5 -> 3,5"""
    return f"{value:.{places}f}".replace(".", ",")


def money(value: Decimal) -> str:
    """1234.5 -> R$ 1.234,50; the space does not break."""
    cents = value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return "R$\u00a0" + f"{cents:,.2f}".translate(str.maketrans(",.", ".,"))


def percent(share: Share) -> str:
    """Of nothing there is no share."""
    return EMPTY if share.ratio is None else f"{decimal(share.ratio * 100)}%"


def share_of(share: Share, whole: str) -> str:
    """12,5% (1 de 8 tentativas): a rate without its denominator says nothing."""
    return f"{percent(share)} ({count(share.part)} de {count(share.whole)} {whole})"


def duration(seconds: float) -> str:
    """3661.2 -> 1:01:01"""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def day(when: date) -> str:
    return f"{when:%d/%m/%Y}"


def day_and_weekday(when: date) -> str:
    return f"{day(when)}, {WEEKDAYS[when.weekday()]}"


def clock(when: datetime) -> str:
    """Time of day in the zone that `when` is in."""
    return f"{when:%H:%M:%S}"


def number(e164: str, *, full: bool) -> str:
    """(11) 98765-4321, or (11) *****-**21 for who need not know it."""
    if full:
        try:
            ddd, local = national_parts(e164)
        except ValueError:
            return clean(e164)
        return f"({ddd}) {local[:-4]}-{local[-4:]}"
    shown = mask(e164)
    parts = re.fullmatch(r"\+55(\d\d)(\*+)(\*\*\d\d)", shown)
    return f"({parts[1]}) {parts[2]}-{parts[3]}" if parts else clean(shown)


def clean(text: str) -> str:
    """Text from outside on one line, without codes that a terminal or a reader would obey."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text).strip()
