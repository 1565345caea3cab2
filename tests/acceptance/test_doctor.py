"""`collector doctor` on a sound lab, and with one thing broken after the other: each named, with its remedy."""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance import campaign
from tests.lab import lab_settings
from tests.lab.invented import invent
from tests.lab.lab import Lab
from tests.lab.numbers import Ending
from tests.lab.people import people, write_csv
from tests.lab.rbx_server import KEY, RbxServer
from tests.lab.site import Program, Site, wait_until


@dataclass(frozen=True, slots=True)
class Healthy:
    lab: Lab
    site: Site
    handler: Program

    def findings(self, config: Path | None = None) -> tuple[int, dict[str, str]]:
        """Exit code, and what is bad with its sentence."""
        code, found = self.examined(config)
        return code, {what: detail for what, (ok, detail) in found.items() if ok is False}

    def examined(self, config: Path | None = None) -> tuple[int, dict[str, tuple[bool | None, str]]]:
        """Exit code, and all that was tried: good, bad or a note, with its sentence."""
        site = self.site if config is None else Site(config, self.lab.folder)
        done = site.run("doctor", "--json", check=False)
        assert "Traceback" not in done.stderr, done.stderr
        assert done.stdout, done.stderr  # a refused configuration is told on stderr
        return done.returncode, {one["what"]: (one["ok"], one["detail"]) for one in json.loads(done.stdout)}

    def changed(self, change: Callable[[dict[str, Any]], None]) -> Path:
        """The same configuration with one thing changed, as a file of its own."""
        document = copy.deepcopy(yaml.safe_load(self.lab.config_file.read_text(encoding="utf-8")))
        change(document)
        file = self.lab.folder / "changed.yaml"
        lab_settings.write_private(file, yaml.safe_dump(document, allow_unicode=True))
        return file


@pytest.fixture(scope="module")
def healthy(lab: Lab) -> Iterator[Healthy]:
    campaign.configure(lab)
    for position, name in enumerate(campaign.PATHS.values()):
        crowd = people([Ending.BUSY], today=datetime.now(UTC).date(), offset=8000 + position)
        write_csv(crowd, lab.folder / f"{name}-clients.csv", lab.folder / f"{name}-bills.csv")
    with Site(lab.config_file, lab.folder) as site:
        site.run("migrate")
        site.run("sync", "--accept-shrink")
        handler = site.start("handler")
        wait_until("a ready handler", lambda: campaign.ready(site), 20, 0.3)
        yield Healthy(lab, site, handler)


def test_a_sound_installation_is_ready_to_call(healthy: Healthy) -> None:
    done = healthy.site.run("doctor")
    assert "ready to call" in done.stdout
    assert "BAD" not in done.stdout
    assert (0, {}) == healthy.findings()


def _ari_password(document: dict[str, Any], lab: Lab) -> None:
    document["pbx"]["ari"]["password"] = lab.secret("wrong", "not-the-password")


def _ari_address(document: dict[str, Any], lab: Lab) -> None:
    document["pbx"]["ari"]["url"] = f"http://127.0.0.1:{lab.ports.source}"


def _agi_port(document: dict[str, Any], lab: Lab) -> None:
    document["pbx"]["agi"]["port"] = lab.ports.source


def _no_spool(document: dict[str, Any], lab: Lab) -> None:
    document["pbx"]["spool"] = str(lab.folder / "nowhere")


def _no_aside(document: dict[str, Any], lab: Lab) -> None:
    document["pbx"]["spool_aside"] = str(lab.folder / "nowhere")


def _other_filesystem(document: dict[str, Any], _: Lab) -> None:
    document["pbx"]["spool_aside"] = "/dev/shm"  # noqa: S108  any folder on another filesystem


def _no_sounds(document: dict[str, Any], lab: Lab) -> None:
    document["pbx"]["sounds"] = str(lab.config_file)


def _database_password(document: dict[str, Any], lab: Lab) -> None:
    document["database"]["password"] = lab.secret("wrong", "not-the-password")


def _no_database(document: dict[str, Any], lab: Lab) -> None:
    document["database"]["socket"] = str(lab.folder / "nowhere.sock")


def _other_schema(document: dict[str, Any], _: Lab) -> None:
    document["database"]["schema"] = "elsewhere"


def _other_amd(document: dict[str, Any], _: Lab) -> None:
    document["instances"][0]["conversation"] = {"amd": {"greeting": 1234}}


def _no_csv(document: dict[str, Any], lab: Lab) -> None:
    document["instances"][1]["source"]["clients"] = str(lab.folder / "nowhere.csv")


def _no_hook(document: dict[str, Any], lab: Lab) -> None:
    document["instances"][0]["payment_hook"] = {"command": [str(lab.folder / "nowhere")]}


def _deaf_hook(document: dict[str, Any], lab: Lab) -> None:
    document["instances"][0]["payment_hook"] = {"url": f"http://127.0.0.1:{lab.ports.source}/payments"}


BREAKS: dict[str, tuple[Callable[[dict[str, Any], Lab], None], str, str]] = {
    "a wrong ARI password": (_ari_password, "ARI", "ari"),
    "a PBX without HTTP": (_ari_address, "ARI", "http"),
    "nobody on the FastAGI port": (_agi_port, "FastAGI", "start `collector handler`"),
    "no spool": (_no_spool, "spool", "or correct pbx.spool"),
    "no folder beside the spool": (_no_aside, "spool_aside", "or correct pbx.spool_aside"),
    "a folder on another filesystem": (
        _other_filesystem,
        "spool filesystem",
        "must be on the filesystem of the spool",
    ),
    "no folder for sounds": (_no_sounds, "sounds", "or correct pbx.sounds"),
    "a wrong database password": (_database_password, "database connection", "see `database:`"),
    "a database that is down": (_no_database, "database connection", "is MariaDB running?"),
    "a schema that is not there": (_other_schema, "database schema", "run `collector migrate`"),
    "a dialplan of other settings": (_other_amd, "dialplan", "run `collector dialplan --write`"),
    "no program that sends payments": (_no_hook, "fibra: payment hook", "correct payment_hook.command"),
    "nobody who takes payments": (_deaf_hook, "fibra: payment hook", "check that it runs, and payment_hook.url"),
    "a file of the ERP that is gone": (_no_csv, "radio: ERP", "nowhere.csv"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_thing_is_named_with_its_remedy(healthy: Healthy, name: str) -> None:
    breaks, what, remedy = BREAKS[name]
    code, bad = healthy.findings(healthy.changed(lambda document: breaks(document, healthy.lab)))
    assert 1 == code
    found = [text for key, text in bad.items() if key.startswith(what)]
    assert found, bad
    assert any(remedy.lower() in text.lower() for text in found), bad


@contextmanager
def edited(lab: Lab, file: Path, old: str, new: str, reload: str) -> Iterator[None]:
    """A file of the PBX changed and loaded, and set right afterwards."""
    before = file.read_text(encoding="utf-8")
    assert old in before
    file.write_text(before.replace(old, new), encoding="utf-8")
    lab.pbx.rx(reload)
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")
        lab.pbx.rx(reload)


def test_unanswered_calls_without_record_are_named(healthy: Healthy) -> None:
    etc = healthy.lab.pbx.etc
    with edited(healthy.lab, etc / "cdr.conf", "unanswered = yes", "unanswered = no", "module reload cdr"):
        code, bad = healthy.findings()
    assert (1, ["PBX: cdr show status"]) == (code, list(bad))
    assert "set unanswered=yes in cdr.conf" in bad["PBX: cdr show status"]


def test_a_dialplan_that_is_not_loaded_is_named(healthy: Healthy) -> None:
    custom = healthy.lab.pbx.etc / "extensions_custom.conf"
    include = "#include extensions_collector.conf"
    with edited(healthy.lab, custom, include, ";", "dialplan reload"):
        code, bad = healthy.findings()
    assert (1, ["PBX: dialplan show collector-hangup"]) == (code, list(bad))
    assert "include extensions_collector.conf" in bad["PBX: dialplan show collector-hangup"]


def test_a_dialplan_file_that_is_missing_is_named(healthy: Healthy) -> None:
    file = healthy.lab.pbx.etc / "extensions_collector.conf"
    aside = file.rename(file.with_suffix(".aside"))
    try:
        code, bad = healthy.findings()
    finally:
        aside.rename(file)
    assert (1, ["dialplan"]) == (code, list(bad))
    assert "run `collector dialplan --write`" in bad["dialplan"]


def test_what_is_stored_is_told_with_its_age(healthy: Healthy) -> None:
    _, found = healthy.examined()
    for kind in ("clients", "bills"):
        ok, detail = found[f"fibra: stored {kind}"]
        assert ok
        assert detail.startswith("1 rows, complete ")
    assert "fibra: stored contracts" not in found  # files have none


def test_an_alarm_is_named_until_it_is_acknowledged(healthy: Healthy) -> None:
    bills = healthy.lab.folder / "fibra-bills.csv"
    full = bills.read_text(encoding="utf-8")
    bills.write_text(full.splitlines(keepends=True)[0], encoding="utf-8")
    try:
        assert 1 == healthy.site.run("sync", "bills", "--instance", "fibra", check=False).returncode
    finally:
        bills.write_text(full, encoding="utf-8")
    (alarm,) = healthy.site.json("alarms")
    number = f"{alarm['id']}"
    code, bad = healthy.findings()
    assert (1, {f"fibra: alarm {number}", "fibra: bills"}) == (code, set(bad))
    assert alarm["reason"] in bad[f"fibra: alarm {number}"]
    assert bad[f"fibra: alarm {number}"].endswith(f"run `collector alarms --acknowledge {number}`")
    healthy.site.run("sync", "bills", "--instance", "fibra")
    assert {f"fibra: alarm {number}"} == set(healthy.findings()[1])
    healthy.site.run("alarms", "--acknowledge", number)
    assert (0, {}) == healthy.findings()


def test_a_sync_that_died_while_storing_is_named_and_the_next_one_mends_it(healthy: Healthy) -> None:
    with healthy.lab.mariadb.connect() as connection, connection.cursor() as cursor:  # what kill -9 leaves behind
        cursor.execute("UPDATE collector.answer SET applying = 1 WHERE instance = 'radio' AND kind = 'bills'")
        cursor.execute(
            "INSERT INTO collector.job_run (job, instance, started_at, status, error, detail) "
            "VALUES ('bills', 'radio', UTC_TIMESTAMP(6), 'running', '', '{}')"
        )
        connection.commit()
    code, bad = healthy.findings()
    assert (1, {"radio: stored bills", "radio: bills"}) == (code, set(bad))
    assert all("died" in text and "run `collector sync`" in text for text in bad.values())
    healthy.site.run("sync", "bills", "--instance", "radio")
    assert (0, {}) == healthy.findings()


def test_of_rbx_it_says_that_homologation_looks_alike_and_that_contracts_were_never_read(healthy: Healthy) -> None:
    today = datetime.now(UTC).date()
    with RbxServer(invent(30, today=today), today=today) as server:

        def over_rbx(document: dict[str, Any]) -> None:
            key = healthy.lab.secret("rbx", KEY)
            document["instances"][1]["source"] = {"type": "rbx", "url": server.url, "key": key, "retries": 0}
            del document["instances"][1]["conversation"]["pay"]["say_line"]  # it tells no digitable line

        code, found = healthy.examined(healthy.changed(over_rbx))
    ok, answer = found["radio: ERP"]
    assert ok
    assert "check that the key is of production, not homologation" in answer
    assert (False, 1) == (found["radio: stored contracts"][0], code)
    assert "run `collector sync contracts`" in found["radio: stored contracts"][1]


def test_a_handler_that_stopped_is_named_last(healthy: Healthy) -> None:
    """Last of this file: it ends the handler."""
    assert 0 == healthy.handler.stop()
    code, bad = healthy.findings()
    assert (1, {"handler", "ARI", "FastAGI"}) == (code, set(bad))
    assert all("start `collector handler`" in text for text in bad.values())
