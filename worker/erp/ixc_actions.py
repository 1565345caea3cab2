"""What IXC can be asked to do. Kept apart from the listings: the same POST lists there and acts here.

Nothing is tried twice. After SourceUnavailable nobody knows whether it was done: look in IXC before asking again.
"""

import json
import re
from base64 import b64decode
from binascii import Error as NotBase64
from binascii import crc_hqx
from collections.abc import Iterator
from datetime import date
from typing import Final

from worker.erp.ixc_answer import not_json, read_action, said_by
from worker.erp.ixc_login import Login
from worker.erp.quoting import decode
from worker.erp.source import clean_text, quoted
from worker.erp.web import Web
from worker.errors import ActionRefused, SourceBroken
from worker.source_settings import IxcSource

NOTE_LIMIT: Final = 1000  # characters of a line in the history
_WRAPPED: Final = 3  # levels of JSON that a PDF is looked for in
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/=]{60}")


class IxcActions:
    """A `worker.ports.ErpActions` over IXC's webservice v1."""

    def __init__(self, source: IxcSource) -> None:
        login = Login(source)
        self._base, self._quote = login.base, login.quote
        self._web = Web(source, login.for_actions(), login.quote)

    def unlock(self, contract_id: str) -> str:
        """IXC checks its own rules (days, how many bills, how often) and has the final word."""
        number = _number(contract_id, "contract")
        doing = f"the unlock on trust of contract {number}"
        answer = read_action(self._post("desbloqueio_confianca", {"id": number}), self._quote, doing)
        return said_by(answer, self._quote) or "success"

    def note(self, client_id: str, contract_id: str | None, text: str, day: date) -> None:
        """At most a thousand characters, on one line."""
        body = {
            "tipo": "Cobrança",
            "data": f"{day:%d/%m/%Y}",  # the spelling of writes
            "historico": clean_text(text, NOTE_LIMIT),
            "id_cliente": _number(client_id, "client"),
        }
        if contract_id is not None:
            body["id_contrato"] = _number(contract_id, "contract")
        answer = self._post("cliente_contrato_historico", body)
        read_action(answer, self._quote, f"a note on client {body['id_cliente']}")

    def pix(self, bill_id: str) -> str:
        """IXC makes the charge at the gateway when the bill has none. SourceBroken unless it can be paid."""
        number = _number(bill_id, "bill")
        answer = read_action(
            self._post("get_pix", {"id_areceber": number}), self._quote, f"a PIX code for bill {number}"
        )
        pix = _part(answer, "pix")
        data, image = _part(pix, "dadosPix"), _part(pix, "qrCode")
        status = data.get("status")
        if status != "ATIVA":
            said = quoted(status) if isinstance(status, str) else "none"
            raise SourceBroken(f"IXC's PIX code for bill {number} has the status {said}, not ATIVA: see it in IXC")
        code = data.get("pixCopiaECola") or image.get("qrcode")
        if not isinstance(code, str) or not pix_closes(code.strip()):
            raise SourceBroken(f"IXC's PIX code for bill {number} fails its checksum: make it again in IXC")
        return code.strip()

    def boleto(self, bill_id: str) -> bytes:
        """Without fine and interest: asked for them, IXC rewrites the charge. ActionRefused for unknown bills."""
        number = _number(bill_id, "bill")
        body = self._post(
            "get_boleto",
            {
                "boletos": number,
                "juro": "N",
                "multa": "N",
                "atualiza_boleto": "N",
                "tipo_boleto": "arquivo",
                "base64": "S",
                "layout_impressao": "",
            },
        )
        text = decode(body).strip()
        if not text:
            raise ActionRefused(f"IXC has no boleto for bill {number}: look the bill up in IXC")
        if pdf := _pdf(text):
            return pdf
        if text[0] not in '{["' and not _ENCODED.match(text):  # what is encoded is not quoted: it may be a bill
            raise not_json(text, self._quote)
        for part in _texts(_json(text), _WRAPPED) if text[0] in '{["' else ():
            if pdf := _pdf(part):
                return pdf
        if text[0] == "{":
            read_action(body, self._quote, f"the boleto of bill {number}")
        raise SourceBroken(f"IXC's boleto for bill {number} is no PDF: see the bill in IXC")

    def _post(self, action: str, body: dict[str, str]) -> bytes:
        """One request on a connection of its own, never one kept open that may be stale, and never a second."""
        with self._web.session() as session:
            return self._web.ask(session, "POST", f"{self._base}/{action}", body=json.dumps(body))


def pix_closes(code: str) -> bool:
    """Whether the code ends in CRC16-CCITT-FALSE over all before it, its field's own head `6304` included."""
    if not re.fullmatch(r"000201[ -~\u00a0-\uffff]{8,500}6304[0-9A-Fa-f]{4}", code):
        return False
    return int(code[-4:], 16) == crc_hqx(code[:-4].encode(), 0xFFFF)


def _number(raw: str, what: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,17}", raw):
        raise SourceBroken(f"{quoted(raw)} is no {what} number of IXC's: sync again and take it from there")
    return raw


def _part(data: dict[str, object], name: str) -> dict[str, object]:
    part = data.get(name)
    return part if isinstance(part, dict) else {}


def _pdf(text: str) -> bytes | None:
    """The PDF that the text is in base64; None when it is none."""
    bare = re.sub(r"\s+", "", text).removeprefix("data:application/pdf;base64,")
    if not bare.startswith("JVBER"):  # "%PDF" in base64; spares decoding what is something else
        return None
    try:
        content = b64decode(bare, validate=True)
    except NotBase64:
        return None
    return content if content.startswith(b"%PDF-") else None


def _json(text: str) -> object:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        raise SourceBroken("IXC's answer breaks off in the middle of its JSON; try again later") from None


def _texts(data: object, levels: int) -> Iterator[str]:
    """The texts in a JSON value, so many levels deep: what the wrapper calls them is not documented."""
    if isinstance(data, str):
        yield data
    elif levels and isinstance(data, dict | list):
        for part in data.values() if isinstance(data, dict) else data:
            yield from _texts(part, levels - 1)
