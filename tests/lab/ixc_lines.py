"""Invents the lines of a provider's clients, written with IXC's codes, and the cities that they are in."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from worker.core.billing import Contract
from worker.core.enums import Access, TrustUnlock

PLANS: Final = ("Fibra 300 Mega", "Fibra 600 Mega", "Rádio 10 Mega", "Combo Fibra & TV", "")
# status_internet, status_velocidade, contrato_suspenso -> what the line is
LINES: Final[dict[tuple[str, str, str], Access]] = {
    ("A", "N", "N"): Access.ACTIVE,
    ("A", "R", "N"): Access.REDUCED,
    ("CM", "N", "N"): Access.BLOCKED_MANUAL,
    ("CA", "N", "N"): Access.BLOCKED_AUTO,
    ("FA", "N", "N"): Access.BLOCKED_OVERDUE,
    ("CE", "N", "N"): Access.BLOCKED_OVERDUE,
    ("D", "N", "N"): Access.DISABLED,
    ("AA", "N", "N"): Access.WAITING,
    ("D", "N", "S"): Access.SUSPENDED,
    ("ZZ", "N", "N"): Access.UNKNOWN,
}
_LINE_WEIGHTS = (60, 5, 4, 12, 6, 2, 4, 3, 3, 1)
# desbloqueio_confianca, _ativo, restricao_auto_desbloqueio -> what the client may ask for
TRUST: Final[dict[tuple[str, str, str], TrustUnlock]] = {
    ("S", "N", "N"): TrustUnlock.OFFERED,
    ("P", "N", "N"): TrustUnlock.OFFERED,
    ("S", "S", "N"): TrustUnlock.IN_USE,
    ("S", "N", "S"): TrustUnlock.DENIED,
    ("N", "N", "N"): TrustUnlock.DENIED,
    ("", "", ""): TrustUnlock.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class InventedCity:
    city_id: int
    name: str
    state_id: int
    state: str  # UF
    state_name: str


CITIES: Final = (
    InventedCity(4376, "São Miguel das Redes", 2, "SP", "São Paulo"),
    InventedCity(1207, "Poço Fundo da Serra", 5, "MG", "Minas Gerais"),
    InventedCity(88, "Barra d'Água", 9, "BA", "Bahia"),
)


@dataclass(frozen=True, slots=True)
class InventedContract:
    contract_id: int
    client_id: int
    status: str = "A"  # as IXC has it: P before it begins, A in force, I ended, N blacklisted, D given up
    line: tuple[str, str, str] = ("A", "N", "N")  # a key of LINES
    trust: tuple[str, str, str] = ("S", "N", "N")  # a key of TRUST
    plan: str = PLANS[0]
    neighbourhood: str = ""  # empty: that of the client
    blocked_since: date | None = None

    def truth(self) -> Contract:
        return Contract(
            contract_id=str(self.contract_id),
            client_id=str(self.client_id),
            access=LINES[self.line],
            access_code=self.line[0],
            trust_unlock=TRUST[self.trust],
            plan=self.plan,
            neighbourhood=self.neighbourhood,
            blocked_since=self.blocked_since,
        )


def contract_of(client_id: int, rng: Random, today: date, neighbourhood: str) -> InventedContract:
    """The one that the client's bills refer to."""
    line = rng.choices(tuple(LINES), _LINE_WEIGHTS)[0]
    since = today - timedelta(days=rng.randint(0, 300))
    return InventedContract(
        contract_id=7000 + client_id,
        client_id=client_id,
        status=rng.choices("AIPND", (88, 6, 2, 2, 2))[0],
        line=line,
        trust=rng.choice(tuple(TRUST)),
        plan=rng.choice(PLANS),
        neighbourhood=neighbourhood if rng.random() < 0.3 else "",
        blocked_since=since if LINES[line].is_blocked else None,
    )
