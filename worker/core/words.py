"""Figures in Brazilian Portuguese words, as they are spoken: a synthesiser is never given digits to guess at."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

LIMIT: Final = 10**15  # numbers must stay below

_UNITS: Final = [
    "zero",
    "um",
    "dois",
    "três",
    "quatro",
    "cinco",
    "seis",
    "sete",
    "oito",
    "nove",
    "dez",
    "onze",
    "doze",
    "treze",
    "catorze",
    "quinze",
    "dezesseis",
    "dezessete",
    "dezoito",
    "dezenove",
]
_TENS: Final = ["-", "-", "vinte", "trinta", "quarenta", "cinquenta", "sessenta", "setenta", "oitenta", "noventa"]
_HUNDREDS: Final = [
    "-",
    "cento",
    "duzentos",
    "trezentos",
    "quatrocentos",
    "quinhentos",
    "seiscentos",
    "setecentos",
    "oitocentos",
    "novecentos",
]
_SCALES: Final = (("", ""), ("mil", "mil"), ("milhão", "milhões"), ("bilhão", "bilhões"), ("trilhão", "trilhões"))
_FEMININE: Final = {"um": "uma", "dois": "duas"}
_MONTHS: Final = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
]
_WEEKDAYS: Final = [
    "na segunda-feira",
    "na terça-feira",
    "na quarta-feira",
    "na quinta-feira",
    "na sexta-feira",
    "no sábado",
    "no domingo",
]
_CENT: Final = Decimal("0.01")


def number(n: int, feminine: bool = False) -> str:
    """Cardinal number from 0 to below LIMIT. ValueError outside."""
    if not 0 <= n < LIMIT:
        raise ValueError(f"{n} cannot be said in words")
    if n == 0:
        return _UNITS[0]
    groups = [(n // 1000**place % 1000, place) for place in range(len(_SCALES) - 1, -1, -1)]
    spoken = [(value, _group(value, place, feminine=feminine)) for value, place in groups if value]
    text = " ".join(words for _, words in spoken[:-1])
    value, last = spoken[-1]
    if not text:
        return last
    # "e" stands before the last group only, when it is below 100 or whole hundreds: mil e cem, mil cento e um.
    joint = " e " if value < 100 or value % 100 == 0 else " "
    return text + joint + last


def money(amount: Decimal) -> str:
    """Reais and centavos, rounded half up to the centavo. ValueError for negative, infinite or no numbers."""
    if not amount.is_finite() or amount < 0 or amount >= LIMIT - 1:
        raise ValueError("only an amount from zero up can be said in words")
    cents = int(amount.quantize(_CENT, ROUND_HALF_UP) * 100)
    reais, centavos = divmod(cents, 100)
    parts = []
    if reais or not centavos:
        of = "de " if reais and reais % 10**6 == 0 else ""  # um milhão de reais
        parts.append(f"{number(reais)} {of}{'real' if reais == 1 else 'reais'}")
    if centavos:
        parts.append(f"{number(centavos)} {'centavo' if centavos == 1 else 'centavos'}")
    return " e ".join(parts)


def day(when: date) -> str:
    """vinte de outubro de dois mil e vinte e seis; the first of a month is primeiro."""
    of_month = "primeiro" if when.day == 1 else number(when.day)
    return f"{of_month} de {_MONTHS[when.month - 1]} de {number(when.year)}"


def on_day(when: date) -> str:
    """na segunda-feira, dia vinte e três de novembro: of a day so near that its year goes without saying."""
    of_month = "primeiro" if when.day == 1 else number(when.day)
    return f"{_WEEKDAYS[when.weekday()]}, dia {of_month} de {_MONTHS[when.month - 1]}"


def bills(n: int) -> str:
    """uma fatura, duas faturas. ValueError below zero."""
    if n == 0:
        return "nenhuma fatura"
    return f"{number(n, feminine=True)} {'fatura' if n == 1 else 'faturas'}"


def _group(value: int, place: int, *, feminine: bool) -> str:
    """Three digits with the name of their place. Milhões and above are masculine whatever is counted."""
    if place == 1 and value == 1:
        return "mil"
    words = _below_thousand(value, feminine=feminine and place <= 1)
    name = _SCALES[place][value > 1]
    return f"{words} {name}".strip()


def _below_thousand(n: int, *, feminine: bool) -> str:
    if n == 100:
        return "cem"
    parts = []
    hundreds, rest = divmod(n, 100)
    if hundreds:
        word = _HUNDREDS[hundreds]
        parts.append(word.replace("tos", "tas") if feminine else word)
    if rest >= 20:
        parts.append(_TENS[rest // 10])
        rest %= 10
    if rest:
        parts.append(_FEMININE.get(_UNITS[rest], _UNITS[rest]) if feminine else _UNITS[rest])
    return " e ".join(parts)
