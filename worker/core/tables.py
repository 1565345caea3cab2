"""Where a Brazilian number lives: area code (DDD) to state (UF), state to time zone."""

from typing import Final
from zoneinfo import ZoneInfo

# State -> its area codes. Anatel's 67 codes; 61 serves DF and the Goiás towns around it, both in one zone.
_DDDS_OF: Final = {
    "AC": "68",
    "AL": "82",
    "AM": "92 97",
    "AP": "96",
    "BA": "71 73 74 75 77",
    "CE": "85 88",
    "DF": "61",
    "ES": "27 28",
    "GO": "62 64",
    "MA": "98 99",
    "MG": "31 32 33 34 35 37 38",
    "MS": "67",
    "MT": "65 66",
    "PA": "91 93 94",
    "PB": "83",
    "PE": "81 87",
    "PI": "86 89",
    "PR": "41 42 43 44 45 46",
    "RJ": "21 22 24",
    "RN": "84",
    "RO": "69",
    "RR": "95",
    "RS": "51 53 54 55",
    "SC": "47 48 49",
    "SE": "79",
    "SP": "11 12 13 14 15 16 17 18 19",
    "TO": "63",
}

DDD_TO_UF: Final[dict[str, str]] = {ddd: uf for uf, ddds in _DDDS_OF.items() for ddd in ddds.split()}

# IANA zones (tzdata zone1970.tab). Left out: Fernando de Noronha (-02, shares 81 with Recife) and the west of
# Amazonas (-05, shares 97); both are one hour away from their state's zone, which the number does not tell.
UF_ZONE: Final[dict[str, str]] = {
    "AC": "America/Rio_Branco",
    "AL": "America/Maceio",
    "AM": "America/Manaus",
    "AP": "America/Belem",
    "BA": "America/Bahia",
    "CE": "America/Fortaleza",
    "DF": "America/Sao_Paulo",
    "ES": "America/Sao_Paulo",
    "GO": "America/Sao_Paulo",
    "MA": "America/Fortaleza",
    "MG": "America/Sao_Paulo",
    "MS": "America/Campo_Grande",
    "MT": "America/Cuiaba",
    "PA": "America/Belem",
    "PB": "America/Fortaleza",
    "PE": "America/Recife",
    "PI": "America/Fortaleza",
    "PR": "America/Sao_Paulo",
    "RJ": "America/Sao_Paulo",
    "RN": "America/Fortaleza",
    "RO": "America/Porto_Velho",
    "RR": "America/Boa_Vista",
    "RS": "America/Sao_Paulo",
    "SC": "America/Sao_Paulo",
    "SE": "America/Maceio",
    "SP": "America/Sao_Paulo",
    "TO": "America/Araguaina",
}


STATES: Final = frozenset(UF_ZONE)


def state_of(number: str) -> str:
    """The UF of an E.164 number. ValueError when it is not +55 and a known area code."""
    uf = DDD_TO_UF.get(number[3:5]) if number.startswith("+55") else None
    if uf is None:
        raise ValueError("not a Brazilian number with a known area code")
    return uf


def zone_of(number: str) -> ZoneInfo:
    """The time zone of an E.164 number. ValueError as `state_of`."""
    return ZoneInfo(UF_ZONE[state_of(number)])
