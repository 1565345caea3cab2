"""Several PBXs: what the settings say of them, and what commands, doctor, watch and handler make of it."""

from datetime import datetime, timedelta

import pytest
import typer.testing
from pydantic import BaseModel
from structlog.testing import capture_logs

from agi.plan import ConversationPlan
from agi.switchboard import InstanceLine, Switchboard
from tests.unit.house import ID, NOW, RULES, House
from tests.unit.scripted import ScriptedCall
from tests.unit.test_configfile import ENV
from tests.unit.test_jobs_brakes import Bed
from tests.unit.world import NOON, ZONE
from worker import configfile, convert, doctor_pbx, service
from worker.app import App
from worker.commands import base, calls, explain, plan
from worker.commands.base import app
from worker.core import brakes
from worker.core.script import AGENT_GRACE_SECONDS, TRANSFERS_AT_MOST
from worker.dial_settings import Dialling
from worker.errors import ConfigError, UsageError
from worker.jobs.brakes import Watch, Watched
from worker.jobs.reconcile import ANY_CALL
from worker.report import metrics
from worker.settings import Settings
from worker.store.memory import memory_store
from worker.store_ports import Store
from worker.talk_settings import Agent

CONFIG = """
database: {user: collector, password: {env: DB}}
pbx: {name: norte}
instances:
  - &one
    id: fibra
    pbx: norte
    company: Fibra Serra
    caller_id: "+551133330000"
    source: {type: csv, clients: /c.csv, bills: /b.csv}
    trunk: {endpoint: "PJSIP/{number}@t", channels: 9, name: main}
    dialling: {origination: callfile}
  - {<<: *one, id: radio, pbx: sul, dialling: {origination: ari}}
  - {<<: *one, id: todos, pbx: ""}
  - {<<: *one, id: shut, enabled: false}
"""


class Running(App):
    """An `App` whose database is in memory."""

    memory = memory_store()

    @property
    def store(self) -> Store:
        return self.memory


@pytest.fixture
def running() -> Running:
    made = Running(settings())
    made.memory = memory_store()
    return made


def settings(text: str = CONFIG) -> Settings:
    return configfile.parse(text, ENV, name="f.yaml")


# --- settings ----------------------------------------------------------------------------------------


def test_an_instance_of_another_pbx_is_fine_and_may_dial_as_only_that_one_can() -> None:
    found = settings()  # radio dials over ARI, which this PBX has not
    assert ["fibra", "todos", "shut"] == [one.id for one in found.instances if found.is_here(one)]


def test_a_file_in_which_nobody_is_for_this_pbx_gets_one_sentence() -> None:
    with pytest.raises(ConfigError) as caught:
        settings(CONFIG.replace("name: norte", "name: nrote").replace('pbx: ""', "pbx: sul"))
    (problem,) = caught.value.problems
    assert problem.endswith(
        "no instance is for this PBX, which is called nrote: they are for norte, sul; "
        "correct pbx.name, or the pbx of an instance"
    )


def test_the_longest_call_of_any_pbx_is_the_longest_that_settings_allow() -> None:
    def limit(model: type[BaseModel], name: str) -> int:
        (most,) = [one.le for one in model.model_fields[name].metadata if hasattr(one, "le")]
        return int(most)

    most = limit(Dialling, "ring_seconds") + limit(Dialling, "max_call_seconds")
    most += TRANSFERS_AT_MOST * (limit(Agent, "ring_seconds") + AGENT_GRACE_SECONDS) + limit(Agent, "max_seconds")
    assert timedelta(seconds=most) == ANY_CALL


def test_the_longest_call_counts_with_an_agent_s_talk() -> None:
    assert timedelta(seconds=270) == convert.longest_call(settings())
    agent = "    pbx: norte\n    conversation: {agent: {extension: '200', ring_seconds: 20, max_seconds: 1800}}\n"
    changed = settings(CONFIG.replace("    pbx: norte\n", agent, 1))
    assert timedelta(seconds=270 + 2 * 25 + 1800) == convert.longest_call(changed)


# --- commands ----------------------------------------------------------------------------------------


def test_only_what_this_pbx_dials_is_dialled(running: Running) -> None:
    assert ["fibra", "todos"] == [one.id for one in running.dialled_here()]
    assert ["fibra", "todos"] == [one.id for one in base.dialled_here(running, None)]
    assert ["fibra"] == [one.id for one in base.dialled_here(running, "fibra")]
    with pytest.raises(UsageError, match="PBX sul dials radio, and this one is norte: run it there, or correct"):
        base.dialled_here(running, "radio")


@pytest.mark.parametrize("words", [["dial"], ["dial", "--once"], ["dial", "--dry-run"], ["run", "dialer"]])
def test_every_way_to_dial_refuses_an_instance_of_another_pbx(
    monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr(calls, "settings_of", lambda _: settings())
    done = typer.testing.CliRunner().invoke(app, [*words, "--instance", "radio"])
    assert isinstance(done.exception, UsageError)
    assert str(done.exception).startswith("PBX sul dials radio, and this one is norte")


def test_what_stands_against_calls_of_another_pbx_is_what_the_database_knows(running: Running) -> None:
    radio = running.settings.instance("radio")
    handler, pbx, lists = explain.obstacles(running, radio, NOON)
    assert (False, "no handler of PBX sul has been seen yet; start `collector handler`") == (
        handler.allowed,
        handler.detail,
    )
    assert (True, True) == (pbx.allowed, lists.allowed)
    running.store.presence.beat("handler", "sul", 1, "", NOON)
    assert explain.obstacles(running, radio, NOON)[0].allowed


def test_a_trunk_is_shared_with_those_who_may_dial_from_the_same_pbx() -> None:
    found = settings()
    # fibra with todos, radio with todos, todos with both; `shut` counts nowhere
    assert {"fibra": 4, "radio": 4, "todos": 3} == {
        name: plan.channels_of(found, found.instance(name)) for name in ("fibra", "radio", "todos")
    }


# --- presence ----------------------------------------------------------------------------------------


def test_a_handler_of_another_pbx_is_no_handler_of_this_one(running: Running) -> None:
    running.store.presence.beat("handler", "sul", 1, "", NOON)
    assert "no handler has been seen yet; start `collector handler`" == running.handler_alive(NOON)
    running.store.presence.beat("handler", "norte", 1, "", NOON)
    assert "" == running.handler_alive(NOON)


@pytest.mark.parametrize(
    ("leader", "expected"),
    [
        ("here:7", "another worker is the leader of PBX norte"),
        ("", "another worker is the leader of PBX norte"),  # it has not beaten yet
        ("there:7", f"another worker is the leader of PBX norte {service.OTHER_PBX}"),
    ],
)
def test_two_machines_under_one_name_are_told_apart(leader: str, expected: str) -> None:
    assert expected == service.who_leads("norte", leader, "here:8")


def test_doctor_says_which_pbx_this_is_and_whose_each_instance_is(running: Running) -> None:
    said = {what: (ok, detail) for what, ok, detail in doctor_pbx.whose(running, NOON)}
    nobody = "no handler of PBX sul has been seen yet; start `collector handler`"
    assert {
        "this PBX": (True, "norte (pbx.name); dials fibra, todos"),
        "fibra: PBX": (True, "dialled from here alone"),
        "radio: PBX": (None, f"dialled by PBX sul, not from here; {nobody}"),
        "todos: PBX": (True, "dialled from here, and by every other PBX whose settings hold it"),
    } == said
    running.store.presence.beat("handler", "sul", 1, "", NOON)
    told = {what: detail for what, _, detail in doctor_pbx.whose(running, NOON)}
    assert "dialled by PBX sul, not from here" == told["radio: PBX"]


def test_doctor_notes_a_pbx_that_dials_nobody() -> None:
    text = CONFIG.replace('pbx: ""', "pbx: sul").replace("pbx: norte\n", "pbx: sul\n")
    none = Running(settings(text.replace("enabled: false", "enabled: false, pbx: norte")))
    (what, ok, detail), *_ = doctor_pbx.whose(none, NOON)
    assert ("this PBX", None) == (what, ok)
    assert "dials nobody" in detail


# --- the watch ---------------------------------------------------------------------------------------


def test_one_pbx_takes_back_no_alarm_of_another() -> None:
    """Of an instance that two may dial: one has no handler, the other begins to watch and is well."""
    bed = Bed()

    def watched(pbx: str, alive: str) -> Watched:
        def handler(_: datetime) -> str:
            return alive

        return Watched("todos", bed.rules, handler, str, pbx=pbx)

    def watching(one: Watched) -> Watch:
        return Watch(bed.store, [one], bed.clock, ZONE)

    ill, well = watching(watched("norte", "no handler")), watching(watched("sul", ""))
    ill.look()
    bed.clock.move(seconds=60)
    for watch in (ill, well, ill):
        watch.look()
    assert {("todos", "handler@norte"): "nobody is dialled by PBX norte: no handler"} == bed.alarms
    watching(watched("norte", "")).look()
    assert {} == bed.alarms


@pytest.mark.parametrize(
    ("kind", "pbx", "stored"),
    [
        (brakes.HANDLER, "", "handler"),
        (brakes.PBX, "sul", "pbx@sul"),
        (brakes.BrakeKind.CONGESTION.value, "sul", "congestion"),  # counted for all PBXs together
        (brakes.READ_ONLY, "sul", "read_only"),
    ],
)
def test_the_alarm_of_an_obstacle_names_its_pbx_and_metrics_find_it(kind: str, pbx: str, stored: str) -> None:
    assert stored == brakes.alarm_kind(kind, pbx)
    assert kind == brakes.kind_of_alarm(stored)
    store = memory_store()
    store.alarms.raise_alarm("todos", stored, "why", NOON)
    text = metrics.exposition([metrics.Facts("todos", alarms=store.alarms.listing(), runs={})], NOON)
    assert f'collector_alarms_open{{instance="todos",kind="{kind}"}} 1.0' in text


# --- the handler -------------------------------------------------------------------------------------


def test_a_call_of_an_instance_that_is_not_of_this_pbx_hears_not_a_word_and_is_recorded() -> None:
    house = House()
    line = InstanceLine("demo", ConversationPlan(), house.script, RULES, here=False)
    house.board = Switchboard(house.store, {"demo": line}, lambda: NOW, patience=0.2)
    call = ScriptedCall(["1"])
    with capture_logs() as logs:
        house.board.talk(call, ID)
    assert (True, []) == (call.ended, call.said)
    assert ["answered, but no instance of this PBX: not a word"] == [one["event"] for one in logs]
    assert house.ends()
    assert "ended" == house.state
