"""What an agent is told of the callee handed over to him: channel variables that the agent's channels inherit."""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from worker.core.model import Attempt
from worker.pbx import variables

AGENT_SECONDS = 4000.0  # settings allow an agent to be rung for two minutes and to talk for an hour
NO_CARD: Mapping[str, str] = MappingProxyType({})
LONGEST_NAME = 40
LONGEST_ID = 20


def card(attempt: Attempt) -> dict[str, str]:
    """In alphabets that mean nothing to a dialplan: an ERP's text may hold anything."""
    plain = unicodedata.normalize("NFKD", attempt.client_name).encode("ascii", "ignore").decode()
    name = " ".join(re.sub(r"[^A-Za-z .-]", " ", plain).split())
    values = {
        variables.NUMBER: attempt.number,
        variables.CLIENT: re.sub(r"[^A-Za-z0-9._-]", "", attempt.client_id)[:LONGEST_ID],
        variables.NAME: name[:LONGEST_NAME].rstrip(),
        variables.TOTAL: f"{attempt.total:.2f}",
    }
    return {f"__{variable}": value for variable, value in values.items()}
