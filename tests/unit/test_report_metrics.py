"""The figures of `collector metrics`: what Prometheus reads is what is known; what is not known is not there."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.unit.world import NOON
from worker.core import brakes
from worker.core.brakes import Brake, BrakeKind, CallCount
from worker.core.enums import Access, Stage
from worker.core.records import AlarmRow, Answer, JobRun
from worker.core.standing import StageSum
from worker.report import metrics
from worker.report.metrics import Facts

ALARM = AlarmRow(7, "fibra", "bills", "bills went from 10 to 5", NOON, NOON, 2, None, None, "")
DONE = JobRun(
    1,
    "bills",
    "fibra",
    NOON,
    NOON + timedelta(seconds=4),
    "done",
    9,
    9,
    0,
    "",
    '{"rejected": 5, "rejected_bill": 5}',
)
FAILED = replace(DONE, run_id=2, status="failed", error="no", detail="{}")
ALARMED = replace(FAILED, run_id=3, status="alarm")
DRY = replace(DONE, run_id=5, status="dry_run")
RUNNING = replace(DONE, run_id=4, status="running", finished_at=None, detail="{}")
FACTS = Facts(
    "fibra",
    alarms=[ALARM, replace(ALARM, alarm_id=8, over_at=NOON), replace(ALARM, alarm_id=9, kind="clients")],
    answers={
        "bills": Answer(NOON, 10, applying=True),
        "clients": Answer(NOON - timedelta(hours=1), 4, applying=False),
    },
    stages={Stage.FORCE: StageSum(3, Decimal("1234.56")), Stage.DUE_SOON: StageSum()},
    blocked={Access.BLOCKED_AUTO: 2, Access.BLOCKED_MANUAL: 0},
    runs={"bills": [RUNNING, FAILED, DONE], "queue": []},
)
Samples = dict[tuple[str, ...], float]  # name and values of the labels, by their names


def read(text: str) -> Samples:
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def shown(*facts: Facts, seconds: int = 90) -> Samples:
    return read(metrics.exposition(facts, NOON + timedelta(seconds=seconds)))


def test_every_figure_stands_under_its_name_and_labels() -> None:
    expected: Samples = {
        ("collector_alarms_open", "fibra", "clients"): 1,
        ("collector_alarms_open", "fibra", "contracts"): 0,
        ("collector_alarms_open", "fibra", "bills"): 2,
        ("collector_answer_age_seconds", "fibra", "bills"): 90,
        ("collector_answer_age_seconds", "fibra", "clients"): 3690,
        ("collector_answer_rows", "fibra", "bills"): 10,
        ("collector_answer_rows", "fibra", "clients"): 4,
        ("collector_answer_applying", "fibra", "bills"): 1,
        ("collector_answer_applying", "fibra", "clients"): 0,
        ("collector_bills", "fibra", "force_debt_collection"): 3,
        ("collector_bills", "fibra", "due_soon"): 0,
        ("collector_bills_total_reais", "fibra", "force_debt_collection"): 1234.56,
        ("collector_bills_total_reais", "fibra", "due_soon"): 0,
        ("collector_contracts_blocked", "blocked_auto", "fibra"): 2,
        ("collector_contracts_blocked", "blocked_manual", "fibra"): 0,
        ("collector_job_failed", "fibra", "bills"): 1,
        ("collector_job_last_success_timestamp", "fibra", "bills"): NOON.timestamp() + 4,
        ("collector_rejected_rows", "fibra", "bills", "bill"): 5,
        **{("collector_alarms_open", "fibra", kind): 0 for kind in brakes.ALARMS},
        **{("collector_paused", "fibra", kind.value): 0 for kind in BrakeKind},
    }
    assert expected == shown(FACTS)


def test_the_list_for_programs_holds_the_same_samples() -> None:
    facts, now = [FACTS, replace(FACTS, instance="radio")], NOON + timedelta(seconds=90)
    listed: Samples = {
        (one["name"], *(one["labels"][name] for name in sorted(one["labels"]))): one["value"]
        for one in json.loads(metrics.listing(facts, now))
    }
    assert read(metrics.exposition(facts, now)) == listed
    assert 2 * len(shown(FACTS)) == len(listed)


def test_an_instance_never_synced_has_no_figures_that_could_be_taken_for_zero() -> None:
    assert {"collector_alarms_open", "collector_paused"} == {
        name for name, *_ in shown(Facts("fibra", runs={"bills": []}))
    }


@pytest.mark.parametrize(
    ("runs", "failed"),
    [
        ([DONE, FAILED], 0),  # it has recovered
        ([RUNNING, DONE], 0),  # under way: what is known is of the one before
        ([ALARMED, DONE], 1),
        ([FAILED], 1),
        ([DRY, FAILED, DONE], 1),  # a rehearsal proves nothing
    ],
)
def test_a_job_is_judged_by_its_last_run_that_ended(runs: list[JobRun], failed: int) -> None:
    found = shown(Facts("fibra", runs={"bills": runs}))
    assert failed == found["collector_job_failed", "fibra", "bills"]
    assert (DONE in runs) == (("collector_job_last_success_timestamp", "fibra", "bills") in found)


def test_what_stands_in_a_label_cannot_break_out_of_it() -> None:
    odd = 'a"} 1\ncollector_bills{instance="x\\'
    found = shown(Facts("fibra", runs={"bills": [replace(DONE, detail=json.dumps({f"rejected_{odd}": 3}))]}))
    assert 3 == found["collector_rejected_rows", "fibra", "bills", odd]
    assert not any(name == "collector_bills" for name, *_ in found)


def test_a_clock_that_was_set_back_makes_no_age_below_zero() -> None:
    assert 0 == shown(FACTS, seconds=-60)["collector_answer_age_seconds", "fibra", "bills"]


def test_every_sample_has_its_explanation() -> None:
    text = metrics.exposition([FACTS], NOON)
    for family in metrics.FAMILIES:
        assert f"# HELP {family.name} {family.says}\n# TYPE {family.name} gauge\n" in text


def test_a_pause_and_its_alarm_stand_under_their_kind() -> None:
    held = Brake("fibra", BrakeKind.CONGESTION, "so", NOON)
    found = shown(Facts("fibra", alarms=[replace(ALARM, kind="congestion")], brakes=[held]))
    paused = {kind for (name, *_, kind), value in found.items() if name == "collector_paused" and value}
    assert ({"congestion"}, 1) == (paused, found["collector_alarms_open", "fibra", "congestion"])


def test_calls_are_told_by_trunk_and_caller_id_of_the_day_and_of_the_month() -> None:
    today, ours, other = NOON.date(), "+551133330000", "+551133330001"
    rows = [
        CallCount(today - timedelta(days=1), "fibra", "local/OUT_1", ours, 5, 4, 1),
        CallCount(today, "fibra", "local/OUT_1", ours, 7, 3, 4),
        CallCount(today - timedelta(days=1), "fibra", "local/OUT_1", other, 2, 2, 0),
    ]
    found = shown(Facts("fibra", counts=rows, today=today))
    told = {(name, labels[0]): value for (name, *labels), value in found.items() if "_calls_" in name}
    assert {
        ("collector_calls_today", ours): 7,
        ("collector_short_calls_today", ours): 3,
        ("collector_calls_month", ours): 12,
        ("collector_calls_today", other): 0,
        ("collector_short_calls_today", other): 0,
        ("collector_calls_month", other): 2,
    } == told
    assert not any("_calls_" in name for name, *_ in shown(Facts("fibra", counts=rows)))
