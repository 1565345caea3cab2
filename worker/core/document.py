"""CPF and CNPJ, read strictly: right length, right check digits, letters only where a CNPJ may have them."""

import re
from typing import Final

from validate_docbr import CNPJ, CPF

CPF_LENGTH: Final = 11
CNPJ_LENGTH: Final = 14

_MASK: Final = re.compile(r"[\s./-]+")
_CPF: Final = CPF()
_CNPJ: Final = CNPJ()


class NoDocument(ValueError):
    """`str()` says why, and tells no more of the text than its last two characters."""


class WrongCheckDigits(NoDocument):
    """As long as a document is, and mistyped."""


def read_document(raw: str) -> str | None:
    """CPF (11 digits) or CNPJ (12 letters or digits, 2 digits) without mask, letters upper case.

    None when the field holds nothing, nothing but a mask, or zeros only, as ERPs fill it for "none". NoDocument
    otherwise. CNPJs may hold letters since July 2026 (IN RFB 2.229/2024), and nothing is padded with zeros: what
    is too short is refused.
    """
    bare = _MASK.sub("", raw)
    if not bare.strip("0"):
        return None
    if not (bare.isascii() and bare.isalnum()):  # before upper(), which makes ASCII of some foreign letters
        raise NoDocument("the document holds something besides digits, unaccented letters and . - /")
    document = bare.upper()
    if len(document) == CPF_LENGTH:
        _check_cpf(document)
    elif len(document) == CNPJ_LENGTH:
        _check_cnpj(document)
    else:
        lost = "; zeros in front may be lost" if 6 < len(document) < CNPJ_LENGTH else ""
        raise NoDocument(f"a document of {len(document)} characters is neither a CPF (11) nor a CNPJ (14){lost}")
    return document


def _check_cpf(document: str) -> None:
    if not document.isdigit():
        raise NoDocument("a document of 11 characters is a CPF, and a CPF holds digits only")
    _check_repetition(document)
    if not _CPF.validate(document):
        raise WrongCheckDigits(f"the CPF ending in {document[-2:]} has wrong check digits")


def _check_cnpj(document: str) -> None:
    if not document[-2:].isdigit():
        raise NoDocument("a document of 14 characters is a CNPJ, and the last two of a CNPJ are digits")
    _check_repetition(document)
    if not _CNPJ.validate(document):
        raise WrongCheckDigits(f"the CNPJ ending in {document[-2:]} has wrong check digits")


def _check_repetition(document: str) -> None:
    """The check digits of 111.111.111-11 are right, and yet it is nobody's."""
    if len(set(document)) == 1:
        raise NoDocument("the same digit throughout is a filler, not a document")
