"""What an agent is told of a callee means nothing to a dialplan, whatever the ERP holds."""

import re
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from agi.agent_card import card
from tests.unit.test_messages import ATTEMPT


def test_an_agent_is_told_who_it_is_and_what_is_owed() -> None:
    assert {
        "__COLLECTOR_NUMBER": "+5511987654321",
        "__COLLECTOR_CLIENT": "77",
        "__COLLECTOR_NAME": "JOSE D AVILA CONCEICAO",
        "__COLLECTOR_TOTAL": "1234.50",
    } == card(replace(ATTEMPT, client_name="JOSÉ D'ÁVILA  CONCEIÇÃO", total=Decimal("1234.5")))


@given(st.text(max_size=90), st.text(max_size=50))
def test_no_text_of_an_erp_means_anything_to_a_dialplan(name: str, client: str) -> None:
    told = card(replace(ATTEMPT, client_name=name, client_id=client))
    assert all(re.fullmatch(r"[A-Za-z0-9 .+_-]*", value) for value in told.values())
    assert max(map(len, told.values())) <= 40
