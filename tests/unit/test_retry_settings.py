"""The table of calling again as YAML: what may be changed, and what never."""

from datetime import timedelta

import pytest
import yaml
from pydantic import ValidationError

from tests.unit.test_configfile import ENV, GOOD
from worker import configfile, convert
from worker.core.enums import CallEnding
from worker.core.retry_table import DEFAULTS, RetryRule, RetryTable, Which
from worker.errors import ConfigError
from worker.retry_settings import Retry
from worker.settings import Instance


def instance(retry: str = "") -> Instance:
    text = GOOD + (f"    rules: {{retry: {retry}}}\n" if retry else "")
    return configfile.parse(text, ENV).instances[0]


def test_without_a_word_the_usual_table_holds() -> None:
    assert RetryTable(dict(DEFAULTS)) == convert.retry_table(instance())


def test_every_ending_has_its_key() -> None:
    assert {str(one) for one in CallEnding} == set(Retry.model_fields)


def test_a_rule_changes_only_what_it_names() -> None:
    table = convert.retry_table(instance("{no_answer: {in_a_row: 5}, busy: {after_hours: 6.5, number: next}}"))
    assert RetryRule(timedelta(0), Which.NEXT, 5, timedelta(days=3)) == table.rule(CallEnding.NO_ANSWER)
    assert RetryRule(timedelta(hours=6.5), Which.NEXT, 9, timedelta(days=3)) == table.rule(CallEnding.BUSY)
    assert DEFAULTS[CallEnding.MACHINE] == table.rule(CallEnding.MACHINE)


def test_promises_payments_and_useless_numbers_have_keys_of_their_own() -> None:
    table = convert.retry_table(
        instance("{promise: {days_after: 3}, says_paid: {after_sync: false}, wrong_person: {after_hours: 48}}")
    )
    assert RetryRule(timedelta(days=2)) == table.rule(CallEnding.PROMISE)
    assert RetryRule(timedelta(hours=24)) == table.rule(CallEnding.SAYS_PAID)
    assert RetryRule(timedelta(hours=48), Which.NEXT) == table.rule(CallEnding.WRONG_PERSON)


@pytest.mark.parametrize(
    ("retry", "told"),
    [
        ("{opt_out: {after_hours: 24}}", "who asked never to be called again is not called again"),
        ("{opt_out: null}", "who asked never to be called again is not called again"),
        ("{wrong_person: {number: same}}", "this number is never called again for this debtor"),
        ("{wrong_person: {in_a_row: 2}}", "this number is never called again for this debtor"),
        ("{invalid_number: {number: same}}", "this number is never called again for this debtor"),
        ("{busy: {number: other}}", "'same' or 'next'"),
        ("{busy: {after_hours: -1}}", "greater than or equal to 0"),
        ("{promise: {days_after: 0}}", "greater than or equal to 1"),
        ("{bussy: {after_hours: 1}}", "did you mean busy?"),
        ("{busy: {afer_hours: 1}}", "did you mean after_hours?"),
        ("{busy: 4}", "busy"),
        ("[busy]", "retry"),
    ],
)
def test_what_may_not_be_set_is_refused_in_one_sentence(retry: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        instance(retry)
    (problem,) = caught.value.problems
    assert told in problem
    assert "\n" not in problem


def test_what_the_model_shows_can_be_read_again() -> None:
    shown = yaml.safe_load(yaml.safe_dump(Retry().model_dump()))
    assert Retry() == Retry.model_validate(shown)


def test_a_table_that_is_no_table_is_refused() -> None:
    with pytest.raises(ValidationError):
        Retry.model_validate("never")
