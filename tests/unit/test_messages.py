"""What callees hear: polite, in words, and nothing of a debt before they confirmed who they are."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.enums import AttemptState, Origination
from worker.core.model import Attempt
from worker.core.script import BEFORE_CONFIRMATION, Line, Offers
from worker.errors import ConfigError, SpeechError
from worker.settings import ROOT
from worker.speech.messages import Messages
from worker.speech.names import LONGEST, NOBODY, spoken_name
from worker.speech.voice import LONGEST_TEXT

FOLDER = ROOT / "config" / "messages" / "pt_BR"
MESSAGES = Messages(FOLDER)
ATTEMPT = Attempt(
    attempt_id="01KAHB3J9Z0123456789ABCDEF",
    instance="fibra",
    entry_id=1,
    client_id="77",
    client_name="MARIA DA SILVA",
    number="+5511987654321",
    origination=Origination.ARI,
    state=AttemptState.RESERVED,
    total=Decimal("1234.56"),
    bill_count=2,
    oldest_due=date(2026, 10, 1),
    reserved_at=datetime(2026, 11, 21, tzinfo=UTC),
)
DAYS = (date(2026, 11, 22), date(2026, 11, 23), date(2026, 12, 1))
ALL = Offers(2, say_line=True, send=True, promise_days=(1, 2, 10), paid=True, agent=True)
FORBIDDEN = re.compile(
    r"fatura|d[ée]bito|d[íi]vida|valor|pagamento|vencid|cobran[çc]a|\brea(l|is)\b|centavo", re.IGNORECASE
)


def said(attempt: Attempt, company: str = "Fibra Serra", offers: Offers = ALL) -> dict[Line, str]:
    """All that can be said, the last of the promised days said back included."""
    days = DAYS[: len(offers.promise_days)]
    texts = MESSAGES.texts(attempt, company, offers, days)
    return texts | ({Line.PROMISED: MESSAGES.promised(days[-1])} if days else {})


def keys(text: str) -> list[str]:
    return re.findall(r"tecle (\w+)", text)


def test_every_line_has_a_text() -> None:
    assert set(Line) == set(said(ATTEMPT))


def test_the_folder_holds_no_template_that_is_never_said() -> None:
    assert {f"{line}.j2" for line in Line} == {path.name for path in FOLDER.iterdir()}


def test_the_debt_is_told_whole_and_in_words() -> None:
    debt = said(ATTEMPT)[Line.DEBT]
    assert "duas faturas em aberto" in debt
    assert "mil duzentos e trinta e quatro reais e cinquenta e seis centavos" in debt
    assert "primeiro de outubro de dois mil e vinte e seis" in debt


def test_fine_and_interest_are_told_where_they_are_known_and_left_out_where_not() -> None:
    assert "juros" not in said(ATTEMPT)[Line.DEBT]
    dear = replace(ATTEMPT, updated_total=Decimal("1240.00"))
    assert "; com juros e multa, mil duzentos e quarenta reais." in said(dear)[Line.DEBT]


@pytest.mark.parametrize("line", sorted(BEFORE_CONFIRMATION))
def test_nothing_of_a_debt_is_said_before_confirmation(line: Line) -> None:
    text = said(ATTEMPT)[line]
    assert FORBIDDEN.search(text) is None
    assert "mil" not in text.split()
    assert "outubro" not in text


@pytest.mark.parametrize("line", list(Line))
def test_no_line_holds_digits_line_breaks_or_threats(line: Line) -> None:
    text = said(ATTEMPT)[line]
    assert re.search(r"[\d\n]|R\$", text) is None
    assert (
        re.search(r"spc|serasa|negativ|protest|justi[çc]a|advogad|cort(e|ar)|suspens|multa|imediat", text, re.I)
        is None
    )


def test_the_keys_are_named_where_they_count_each_at_the_end_of_its_phrase() -> None:
    texts = said(ATTEMPT)
    assert ["um", "dois", "nove"] == keys(texts[Line.WHO])
    assert ["um", "dois", "três", "quatro", "zero", "nove"] == keys(texts[Line.MENU])
    assert (
        ["um", "dois"] == keys(texts[Line.PAY_MENU]) == keys(texts[Line.PAY_LINE]) == keys(texts[Line.PAY_AGAIN])
    )
    assert ["um", "dois", "três"] == keys(texts[Line.PROMISE])
    assert ["três"] == keys(texts[Line.PROMISED])
    for text in texts.values():
        assert len(keys(text)) == len(re.findall(r", tecle \w+\.", text))


@pytest.mark.parametrize(
    ("offers", "named"),
    [
        (Offers(0, paid=False), ["nove"]),
        (Offers(1, paid=False), ["um", "nove"]),
        (Offers(0, say_line=True, paid=False), ["dois", "nove"]),
        (Offers(0, send=True, paid=False), ["dois", "nove"]),
        (Offers(0, promise_days=(1,), paid=False), ["três", "nove"]),
        (Offers(0), ["quatro", "nove"]),
        (Offers(0, paid=False, agent=True), ["zero", "nove"]),
    ],
)
def test_the_menu_names_what_is_offered_and_nothing_else(offers: Offers, named: list[str]) -> None:
    texts = said(ATTEMPT, offers=offers)
    assert named == keys(texts[Line.MENU])
    assert len(offers.keys) == len(named)
    assert set(offers.lines) == set(texts) - {Line.PROMISED}


def test_days_are_said_with_weekday_and_date() -> None:
    texts = said(ATTEMPT)
    assert (
        "Em que dia você pode pagar? Para pagar no domingo, dia vinte e dois de novembro, tecle um. "
        "Para pagar na segunda-feira, dia vinte e três de novembro, tecle dois. "
        "Para pagar na terça-feira, dia primeiro de dezembro, tecle três."
    ) == texts[Line.PROMISE]
    assert texts[Line.PROMISED].startswith("Combinado: você vai pagar na terça-feira, dia primeiro de dezembro.")


def test_who_calls_is_told_before_anything_else() -> None:
    texts = said(ATTEMPT, "Fibra  Serra")
    assert "Fibra Serra" in texts[Line.GREETING]
    assert "Maria" not in texts[Line.GREETING] + texts[Line.MACHINE_MESSAGE]  # whoever hears it need not know
    who = texts[Line.WHO]
    assert who.index("Fibra Serra") < who.index("Maria Silva") < who.index("tecle")


def test_the_greeting_is_short() -> None:
    assert len(said(ATTEMPT)[Line.GREETING].split()) <= 7


def test_the_longest_values_still_fit_into_a_sound() -> None:
    longest = replace(
        ATTEMPT,
        client_name="A" * 90 + " " + "B" * 90,
        total=Decimal("999999.99"),
        bill_count=177,
        oldest_due=date(2026, 12, 31),
    )
    assert all(len(text) <= LONGEST_TEXT for text in said(longest, "C" * 60).values())


def test_figures_that_have_no_words_are_a_speech_error() -> None:
    with pytest.raises(SpeechError, match="client 77"):
        said(replace(ATTEMPT, total=Decimal("-1")))


def problems(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        Messages(folder)
    return "\n".join(caught.value.problems)


def copied(folder: Path, **changed: str) -> Path:
    for path in FOLDER.iterdir():
        (folder / path.name).write_text(changed.get(path.stem, path.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


def test_all_missing_templates_are_named_at_once(tmp_path: Path) -> None:
    copied(tmp_path)
    (tmp_path / "who.j2").unlink()
    (tmp_path / "debt.j2").unlink()
    assert "lacks who.j2, debt.j2" in problems(tmp_path)


@pytest.mark.parametrize(
    ("line", "text", "fault"),
    [
        ("debt", "{{ totel }}", "'totel' is undefined"),
        ("debt", "{% if %}", "cannot be read"),
        ("menu", "  \n", "is empty"),
        ("menu", "{{ 1 // 0 }}", "ZeroDivisionError"),
        ("who", "Sobre {{ total }}", "'total' is undefined"),  # the figures are not even given
        ("who", "Sobre a sua dívida", "'dívida'"),
        ("goodbye_no_key", "Pague a fatura", "before the callee confirmed"),
        ("menu", "São {{ total }}", "'total' is undefined"),  # the menu knows what is offered, no more
        ("goodbye", "{% if pay %}Pague{% endif %}", "'pay' is undefined"),
        ("menu", "{% if pay %}Pague{% endif %}", "is empty"),  # of an instance that offers nothing
        ("invalid", "Opção inválida para a sua fatura", "'fatura'"),
        ("machine_message", "Sobre a sua cobrança", "before the callee"),
        ("debt", "{{ name.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_a_wrong_template_is_refused_when_loaded(tmp_path: Path, line: str, text: str, fault: str) -> None:
    found = problems(copied(tmp_path, **{line: text}))
    assert f"{line}.j2" in found
    assert fault in found


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("MARIA DA SILVA", "Maria Silva"),
        ("joão", "João"),
        ("Sebastião Sant'anna", "Sebastião Sant'Anna"),
        ("Ana-Maria Braga", "Ana-Maria Braga"),
        ("JOSE D´AVILA", "Jose D'Avila"),
        ("Luiz Pagani", "Luiz Pagani"),  # a surname that begins like a word of debts
        ("1234 - MARIA SOUZA", "Maria Souza"),  # the client's number first
        ("MARIA SOUZA - INADIMPLENTE", "Maria Souza"),  # an office's remark
        ("PEDRO LIMA (CANCELADO)", "Pedro Lima"),
        ("PEDRO LIMA CANCELADO", "Pedro Lima"),
        ("PEDRO LIMA/BLOQUEADO 3", "Pedro Lima"),
        ("Jose Vila Real", "Jose Vila"),  # would sound like an amount
        ("Carlos de", "Carlos"),
        ("J. SILVA", "J Silva"),
        ("Ana\nAction: Originate", "Ana Action"),
        ("{{ 7*7 }}", NOBODY),
        ("[[h@l'oU]]", "H"),
        ("", NOBODY),
        ("-", NOBODY),
        ("12345", NOBODY),
        ("مريم", NOBODY),  # espeak-ng's Brazilian voice cannot read it
    ],
)
def test_a_name_is_cleaned_for_speech(stored: str, said: str) -> None:
    assert said == spoken_name(stored)


@given(st.text(max_size=200))
def test_any_text_gives_a_name_that_can_be_said(stored: str) -> None:
    name = spoken_name(stored)
    assert 0 < len(name) <= LONGEST
    assert all(char.isalpha() or char in " '-" for char in name)
    assert FORBIDDEN.search(said(replace(ATTEMPT, client_name=stored))[Line.WHO]) is None


def test_who_is_recorded_is_told_at_once_and_nobody_else() -> None:
    told = MESSAGES.texts(ATTEMPT, "Fibra Serra", ALL, DAYS, recorded=True)
    plain = MESSAGES.texts(ATTEMPT, "Fibra Serra", ALL, DAYS)
    assert "Esta ligação pode ser gravada." in told[Line.GREETING]
    assert [Line.GREETING] == [line for line in plain if told[line] != plain[line]]
    assert "gravada" not in plain[Line.GREETING]
