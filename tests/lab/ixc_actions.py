"""What the stand-in IXC does when it is told to, by rules like IXC's own, and the record of it."""

import json
from base64 import b64encode
from binascii import crc_hqx
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus

from tests.lab.ixc_faults import ERROR_PAGE
from tests.lab.ixc_rows import Row
from tests.lab.ixc_tables import Tables

UNLOCK, NOTE, PIX, BOLETO = "desbloqueio_confianca", "cliente_contrato_historico", "get_pix", "get_boleto"
NAMES = frozenset((UNLOCK, NOTE, PIX, BOLETO))
PDF = b"%PDF-1.4\n% boleto inventado\n%%EOF\n"
BLOCKED = ("CM", "CA", "FA", "CE")

Question = dict[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    body: str
    status: HTTPStatus = HTTPStatus.OK


@dataclass(slots=True)
class Actions:
    """`portuguese`: answers say tipo and mensagem, as others saw them. `wrapped`: the boleto comes inside JSON."""

    tables: Tables
    called: list[tuple[str, Question]] = field(default_factory=list)
    notes: list[Question] = field(default_factory=list)
    charges: Counter[str] = field(default_factory=Counter)  # by bill: made at the gateway because of get_pix
    rewritten: Counter[str] = field(default_factory=Counter)  # by bill: reckoned anew because of get_boleto
    portuguese: bool = False
    wrapped: bool = False

    def answer(self, name: str, question: Question) -> Said:
        self.called.append((name, question))
        doing = {UNLOCK: self._unlock, NOTE: self._note, PIX: self._pix, BOLETO: self._boleto}
        with self.tables.lock:
            return doing[name](question)

    def count(self, name: str) -> int:
        return sum(called == name for called, _ in self.called)

    def _unlock(self, question: Question) -> Said:
        row = self._row("cliente_contrato", question.get("id", ""))
        if not row:
            return self._says("error", "Contrato não encontrado!")
        if row["status"] != "A" or row["status_internet"] not in BLOCKED:
            return self._says("error", "O contrato não está bloqueado!")
        if row["desbloqueio_confianca_ativo"] == "S":
            return self._says("error", "Desbloqueio de confiança já utilizado <b>neste mês</b>!")
        if row["desbloqueio_confianca"] not in ("S", "P") or row["restricao_auto_desbloqueio"] == "S":
            return self._says("error", "O contrato não permite desbloqueio de confiança!")
        row |= {"desbloqueio_confianca_ativo": "S", "status_internet": "A"}
        self.tables.changed()
        return self._says("success", "Contrato desbloqueado por 3 dias.")

    def _note(self, question: Question) -> Said:
        if not self._row("cliente", question.get("id_cliente", "")):
            return self._says("error", "Cliente não encontrado!")
        self.notes.append(question)
        return self._says("success", "Registro inserido com sucesso!")

    def _pix(self, question: Question) -> Said:
        row = self._row("fn_areceber", question.get("id_areceber", ""))
        if not row:
            return Said(ERROR_PAGE, HTTPStatus.INTERNAL_SERVER_ERROR)
        if not row.get("pix_txid"):
            row["pix_txid"] = f"TX{row['id']}"
            self.charges[row["id"]] += 1
        code = pix_code(row["pix_txid"], row["valor_aberto"])
        data = {"pixCopiaECola": code, "status": "ATIVA", "valor": {"original": row["valor_aberto"]}}
        pix = {"dadosPix": data, "qrCode": {"qrcode": code}}
        return Said(json.dumps({"type": "success", "gateway": "inventado", "pix": pix}))

    def _boleto(self, question: Question) -> Said:
        row = self._row("fn_areceber", question.get("boletos", ""))
        if not row:
            return Said("")
        if "S" in [question.get(name, "S") for name in ("juro", "multa", "atualiza_boleto")]:
            self.rewritten[row["id"]] += 1
        text = b64encode(PDF).decode()
        return Said(json.dumps({"type": "success", "arquivo": text}) if self.wrapped else text)

    def _row(self, table: str, key: str) -> Row | None:
        return self.tables.rows[table].get(int(key)) if key.isdecimal() else None

    def _says(self, kind: str, message: str) -> Said:
        if self.portuguese:
            words = {"success": "sucesso", "error": "erro"}
            return Said(json.dumps({"tipo": words[kind], "mensagem": message}))
        return Said(json.dumps({"type": kind, "message": message}))


def pix_code(txid: str, amount: str) -> str:
    """A BR Code whose checksum closes."""

    def piece(number: str, value: str) -> str:
        return f"{number}{len(value):02}{value}"

    account = piece("00", "br.gov.bcb.pix") + piece("25", f"pix.exemplo.invalid/{txid}")
    parts = [("00", "01"), ("01", "12"), ("26", account), ("52", "0000"), ("53", "986"), ("54", amount)]
    parts += [("58", "BR"), ("59", "PROVEDOR INVENTADO"), ("60", "SAO PAULO"), ("62", piece("05", "***"))]
    text = "".join(piece(*part) for part in parts) + "6304"
    return f"{text}{crc_hqx(text.encode(), 0xFFFF):04X}"
