"""The plain AGI scripts, called by AGI() from an administrator's own dialplan on a real PBX."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance import campaign
from tests.acceptance.campaign import PATHS, rows
from tests.lab.lab import Lab
from tests.lab.loudness import LOUD, envelope
from tests.lab.numbers import Ending, national, number
from tests.lab.people import people, write_csv
from tests.lab.site import ROOT, Site, wait_until

DIALPLAN = """
[admin]
exten => _X.,1,Set(CALLERID(num)=${ADMIN_CALLER})
 same => n,AGI(${ADMIN_SCRIPT},${ADMIN_1},${ADMIN_2},${ADMIN_3},${ADMIN_4})
 same => n,Set(CDR(userfield)=${ADMIN_TAG}|${COLLECTOR_STATUS}|${AGISTATUS}|${COLLECTOR_RESULT})
 same => n,Hangup()
"""
CROWD = [Ending.HUMAN_PRESSES_1] * 4 + [Ending.HUMAN_OPTS_OUT, Ending.HUMAN_LISTENS, Ending.HUMAN_LISTENS]
STRANGER = number(Ending.HUMAN_LISTENS, 9999)


class Admin:
    """An administrator's dialplan: calls somebody and runs a script on that channel."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.tags = lab, 0
        custom = lab.pbx.etc / "extensions_custom.conf"
        (lab.pbx.etc / "extensions_admin.conf").write_text(DIALPLAN, encoding="utf-8")
        custom.write_text(
            custom.read_text(encoding="utf-8") + "#include extensions_admin.conf\n", encoding="utf-8"
        )
        lab.pbx.rx("dialplan reload")
        for name in ("message", "outcome", "optout"):  # as from an Asterisk that was started with COLLECTOR_CONFIG
            wrapper = lab.folder / name
            script = ROOT / "agi" / f"collector-{name}"
            wrapper.write_text(
                f'#!/bin/sh\nCOLLECTOR_CONFIG={lab.config_file} exec {script} "$@"\n', encoding="utf-8"
            )
            wrapper.chmod(0o755)

    def run(self, script: str, *args: str, caller: str = "", callee: str = STRANGER) -> tuple[str, str]:
        """(COLLECTOR_STATUS, COLLECTOR_RESULT) of one call; AGISTATUS is SUCCESS or the test fails."""
        self.tags += 1
        tag = f"admin{self.tags}"
        given = {f"ADMIN_{index}": value for index, value in enumerate((*args, "", "", "", "")[:4], start=1)}
        variables = given | {
            "ADMIN_TAG": tag,
            "ADMIN_SCRIPT": str(self.lab.folder / script),
            "ADMIN_CALLER": caller,
        }
        lines = [
            f"Channel: PJSIP/{national(callee)}@carrier",
            "Context: admin",
            f"Extension: {national(callee)}",
            "Priority: 1",
            *(f"Setvar: {name}={value}" for name, value in variables.items()),
        ]
        aside = self.lab.pbx.spool / "collector" / f"{tag}.call"
        aside.parent.mkdir(exist_ok=True)
        aside.write_text("\n".join(lines) + "\n", encoding="utf-8")
        aside.rename(self.lab.pbx.spool / "outgoing" / aside.name)
        wait_until(f"the end of {tag}", lambda: bool(self._ended(tag)), 90, 0.3)
        _, status, agi, result = self._ended(tag)[0].split("|")
        assert "SUCCESS" == agi
        return status, result

    def _ended(self, tag: str) -> list[str]:
        found = rows(self.lab, f"SELECT userfield FROM asteriskcdrdb.cdr WHERE userfield LIKE '{tag}|%'")
        return [str(row["userfield"]) for row in found]


@pytest.fixture(scope="module")
def admin() -> Iterator[Admin]:
    """Seven debtors in the queue of `fibra`; no service and no handler runs."""
    with Lab() as lab:
        campaign.configure(lab)
        crowd = people(CROWD, today=datetime.now(UTC).date(), offset=9500)
        for instance in PATHS.values():
            write_csv(
                crowd if instance == "fibra" else [],
                lab.folder / f"{instance}-clients.csv",
                lab.folder / f"{instance}-bills.csv",
            )
        with Site(lab.config_file, lab.folder) as site:
            site.run("migrate")
            site.run("sync", "--instance", "fibra")
            yield Admin(lab)


def who(ending: Ending, n: int = 0) -> str:
    return number(ending, 9500 + n)


def entry(admin: Admin, client: str) -> dict[str, object]:
    (row,) = rows(admin.lab, f"SELECT * FROM collector.queue_entry WHERE client_id = '{client}'")
    return row


def heard(admin: Admin, callee: str) -> Path:
    return admin.lab.heard(callee)[-1]


def written(admin: Admin) -> list[dict[str, object]]:
    tables = ("agent_result", "do_not_call", "number_block")
    return rows(admin.lab, " UNION ALL ".join(f"SELECT COUNT(*) n FROM collector.{table}" for table in tables))


def test_a_debtor_who_rings_is_told_what_he_owes_by_his_number(admin: Admin) -> None:
    me = who(Ending.HUMAN_PRESSES_1)
    assert ("DONE", "confirmed") == admin.run("message", caller=national(me), callee=me)
    said = sum(level > LOUD for level in envelope(heard(admin, me))) * 0.02
    assert said > 5  # seconds: greeting, question, debt, menu, goodbye
    assert "heard all of it" == entry(admin, "1")["reason"]


def test_he_may_be_named_by_the_dialplan_instead(admin: Admin) -> None:
    other = who(Ending.HUMAN_PRESSES_1, 1)
    assert ("DONE", "confirmed") == admin.run("message", f"0{national(other)}", "fibra", callee=other)


def test_who_presses_nine_is_called_never_again(admin: Admin) -> None:
    me = who(Ending.HUMAN_OPTS_OUT)
    assert ("DONE", "opt_out") == admin.run("message", caller=national(me), callee=me)
    (line,) = rows(admin.lab, f"SELECT * FROM collector.do_not_call WHERE number = '{me}'")
    assert "atendente" == line["source"]
    assert "done" == entry(admin, "5")["state"]


def test_a_stranger_is_told_nothing(admin: Admin) -> None:
    assert ("NOTFOUND", "") == admin.run("message", caller=national(STRANGER))
    assert ("INVALID", "") == admin.run("message", caller="anonymous")
    assert max(envelope(heard(admin, STRANGER)) or [0.0]) < LOUD or not admin.lab.heard(STRANGER)


def test_a_promise_that_an_agent_took_is_kept(admin: Admin) -> None:
    day = datetime.now(UTC).date() + timedelta(days=5)
    assert ("DONE", "") == admin.run("outcome", who(Ending.HUMAN_PRESSES_1, 2), "promise", f"{day:%d/%m/%Y}")
    assert f"promised to pay by {day}" == entry(admin, "3")["reason"]
    (told,) = rows(admin.lab, "SELECT * FROM collector.agent_result WHERE client_id = '3'")
    assert ("promise", day) == (told["result"], told["promise_day"])
    assert told["settled_at"] is not None


def test_the_call_in_which_it_was_told_says_the_same(admin: Admin) -> None:
    lab = admin.lab
    with Site(lab.config_file, lab.folder) as site:
        site.start("handler")
        wait_until("a ready handler", lambda: campaign.ready(site), 20, 0.3)
        site.run("dial", "--instance", "fibra", "--limit", "1")
        lab.wait_quiet(60)
        wait_until("its outcome", lambda: bool(site.json("outcomes")), 20)
        (before,) = site.json("outcomes")
        assert ("DONE", "") == admin.run("outcome", before["attempt"], "says_paid")
        (after,) = site.json("outcomes")
    assert (before["attempt"], "says_paid") == (after["attempt"], after["result"])


def test_a_number_is_put_on_the_list_and_that_is_said(admin: Admin) -> None:
    me = number(Ending.HUMAN_LISTENS, 9700)
    assert ("DONE", "") == admin.run("optout", "", "pediu ao atendente", caller=national(me), callee=me)
    (line,) = rows(admin.lab, f"SELECT * FROM collector.do_not_call WHERE number = '{me}'")
    assert ("ligação recebida", "pediu ao atendente", "") == (line["source"], line["reason"], line["instance"])
    assert sum(level > LOUD for level in envelope(heard(admin, me))) * 0.02 > 1.5


@pytest.mark.parametrize(
    ("script", "args", "status"),
    [
        ("outcome", ("5511987654321", "promise"), "NOTFOUND"),
        ("outcome", (who(Ending.HUMAN_PRESSES_1, 3), "paid"), "INVALID"),
        ("outcome", (who(Ending.HUMAN_PRESSES_1, 3), "promise", "yesterday"), "INVALID"),
        ("outcome", (who(Ending.HUMAN_PRESSES_1, 3), "says_paid", "", "radio"), "NOTFOUND"),
        ("outcome", (who(Ending.HUMAN_PRESSES_1, 3), "says_paid", "", "nobody"), "INVALID"),
        ("outcome", ("0" * 26, "says_paid"), "NOTFOUND"),
        ("outcome", ("$(reboot) `id` ' OR 1=1 -- \" %00 ${CALLERID(num)}", "says_paid"), "INVALID"),
        ("optout", ("../../etc/passwd", '"; DROP TABLE x'), "INVALID"),
        ("optout", ("9" * 900, "x"), "INVALID"),
        ("message", ("x" * 900, "y" * 900), "INVALID"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    admin: Admin, script: str, args: tuple[str, ...], status: str
) -> None:
    before = written(admin)
    assert (status, "") == admin.run(script, *args)
    assert before == written(admin)


def test_each_tells_the_console_in_one_line_without_the_whole_number(admin: Admin) -> None:
    admin.lab.pbx.rx("core set verbose 3")
    me = who(Ending.HUMAN_PRESSES_1, 3)
    admin.run("outcome", me, "confirmed")
    log = admin.lab.pbx.log_end(400)
    assert national(me) not in "\n".join(line for line in log.splitlines() if "Collector outcome" in line)


def test_without_a_database_or_a_configuration_the_call_goes_on_at_once() -> None:
    with Lab(cdr="mysql") as bare:
        campaign.configure(bare)
        alone = Admin(bare)
        document = bare.config_file.read_text(encoding="utf-8")
        socket = str(bare.mariadb.socket)
        assert socket in document
        bare.config_file.write_text(document.replace(socket, f"{socket}-gone"), encoding="utf-8")
        for script, *args in (("message", ""), ("outcome", "confirmed"), ("optout", "")):
            began = time.monotonic()
            assert ("UNAVAILABLE", "") == alone.run(script, who(Ending.HUMAN_PRESSES_1), *args)
            assert time.monotonic() - began < 20
        bare.config_file.unlink()
        assert ("UNAVAILABLE", "") == alone.run("optout", who(Ending.HUMAN_PRESSES_1))
