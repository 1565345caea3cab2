"""CPF and CNPJ as an ERP holds them: read as strictly as everywhere, refused in words for who keeps the ERP."""

from worker.core import document
from worker.erp.source import BadValue


def read_document(raw: str) -> str | None:
    """`core.document.read_document`, with BadValue for what is no document."""
    try:
        return document.read_document(raw)
    except document.WrongCheckDigits as why:
        raise BadValue(f"{why}; correct it in the ERP") from None
    except document.NoDocument as why:
        raise BadValue(str(why)) from None


def is_cnpj(document_read: str) -> bool:
    """Whether a document as `read_document` gives it is a company's."""
    return len(document_read) == document.CNPJ_LENGTH
