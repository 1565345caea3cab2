"""What commands say of what was fetched: dry runs, alarms, stages, blocked lines, odd rows; who is left out."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.acceptance import campaign, providers
from tests.acceptance.providers import MAXIMUM_DAYS, MINIMUM_DAYS, PRAIA, Providers
from tests.lab.invented import TYPES
from tests.lab.ixc_faults import Fault, Kind
from tests.lab.lab import Lab
from worker.core import phone

TABLES = "collector.client, collector.client_phone, collector.bill, collector.contract, collector.queue_entry"
DUE_SOON_DAYS = 5  # the settings' default
ONLY = ("--instance", PRAIA)


@pytest.fixture(scope="module")
def world(lab: Lab) -> Iterator[Providers]:
    with providers.opened(lab) as made:
        yield made


@pytest.fixture
def changing(world: Providers) -> Iterator[Providers]:
    """For a test that changes something: rows and configuration are afterwards as they were, and synced."""
    tables = world.praia.server.tables
    with tables.lock:
        kept = {table: {key: dict(row) for key, row in rows.items()} for table, rows in tables.rows.items()}
    yield world
    with tables.lock:
        tables.rows.update(kept)
        tables.changed()
    world.praia.server.fault = None
    world.configure()
    world.site.run("sync", *ONLY, "--accept-shrink")


def today() -> date:
    return datetime.now(UTC).date()


def plain(table: str) -> str:
    """Without frames and line breaks."""
    return " ".join(table.replace("│", " ").split())


# --- what a sync would do ------------------------------------------------------------------------------


def test_a_dry_run_names_each_step_with_its_fate_and_changes_nothing(changing: Providers) -> None:
    server = changing.praia.server
    paid, cancelled, removed, changed = [changing.praia.owed_by(one)[0] for one in changing.queued(PRAIA)[:4]]
    server.pay(paid)
    server.edit("fn_areceber", cancelled, status="C", valor_aberto="0.00")
    server.remove("fn_areceber", removed)
    server.edit("fn_areceber", changed, valor_aberto="1.23")
    before = changing.rows(f"CHECKSUM TABLE {TABLES}")
    reports = {row["job"]: row for row in changing.site.json("sync", "--dry-run", *ONLY)}
    assert {"clients", "contracts", "bills"} == set(reports)
    assert {"dry_run"} == {row["status"] for row in reports.values()}
    expected = {
        ("refresh", changed, None),
        ("close", paid, "paid"),
        ("close", cancelled, "cancelled"),
        ("close", removed, "left_source"),
    }
    assert expected == {(step["verb"], step["id"], step["fate"]) for step in reports["bills"]["steps"]}
    assert (0, 1, 3) == tuple(reports["bills"][name] for name in ("added", "updated", "removed"))
    said = changing.site.run("sync", "bills", "--dry-run", *ONLY).stdout
    assert f"would refresh: {PRAIA} bills {changed}\n" in said
    for bill_id, fate in ((paid, "paid"), (cancelled, "cancelled"), (removed, "left_source")):
        assert f"would close: {PRAIA} bills {bill_id} ({fate})\n" in said
    assert before == changing.rows(f"CHECKSUM TABLE {TABLES}")


# --- what is known -------------------------------------------------------------------------------------


def test_an_alarm_is_shown_until_somebody_has_seen_it(changing: Providers) -> None:
    for one in changing.site.json("alarms"):  # those that other tests left on the same lab
        changing.site.run("alarms", "--acknowledge", str(one["id"]))
    assert "no alarm" == changing.site.run("alarms").stdout.strip()
    assert [] == changing.site.json("alarms")
    changing.praia.server.fault = Fault(Kind.EMPTY, table="fn_areceber")
    for _ in range(2):
        assert 1 == changing.site.run("sync", "bills", *ONLY, check=False).returncode
    (alarm,) = changing.site.json("alarms")
    assert (PRAIA, "bills", 2, None) == tuple(alarm[name] for name in ("instance", "kind", "times", "over_at"))
    assert "the source has no bills any more" in alarm["reason"]
    assert alarm["reason"] in campaign.last_cells(changing.site.run("alarms").stdout)
    changing.praia.server.fault = None
    changing.site.run("sync", "bills", *ONLY)
    assert changing.site.json("alarms")[0]["over_at"]
    number = str(alarm["id"])
    assert "no alarm" == changing.site.run("alarms", "--acknowledge", number).stdout.strip()
    (seen,) = [one for one in changing.site.json("alarms", "--all") if str(one["id"]) == number]
    assert seen["acknowledged_at"]
    assert seen["acknowledged_by"]
    again = changing.site.run("alarms", "--acknowledge", number, check=False)
    assert (2, "") == (again.returncode, again.stdout)
    assert f"there is no alarm {number} left to acknowledge" in again.stderr


def test_bills_are_summed_up_by_where_they_stand(world: Providers) -> None:
    charged = {str(one.client_id) for one in world.praia.world.chargeable()}
    owed = world.praia.world.owed(today() - timedelta(days=MAXIMUM_DAYS), today() + timedelta(days=DUE_SOON_DAYS))
    expected: defaultdict[str, list[Decimal]] = defaultdict(list)
    for one in owed:
        if one.client_id in charged:
            days = (today() - one.due_date).days
            stage = "due_soon" if days <= 0 else "pre_force_debt_collection" if days <= MINIMUM_DAYS else ""
            expected[stage or "force_debt_collection"].append(one.open_amount)
    shown = {row["stage"]: (row["bills"], Decimal(row["total"])) for row in world.site.json("bills", *ONLY)}
    assert expected["force_debt_collection"]
    assert {stage: (len(sums), sum(sums)) for stage, sums in expected.items()} == {
        stage: sums for stage, sums in shown.items() if sums[0]
    }
    table = plain(world.site.run("bills", *ONLY).stdout)
    for stage, (count, total) in shown.items():
        assert f"{PRAIA} {stage} {count} {total}" in table


def test_one_clients_bills_are_shown_each_with_its_days_and_stage(world: Providers) -> None:
    owed = world.praia.world.owed(today() - timedelta(MAXIMUM_DAYS), today())
    client_id = owed[0].client_id
    mine = sorted((one.due_date, one.bill_id) for one in owed if one.client_id == client_id)
    (shown,) = world.site.json("bills", "--client", client_id, *ONLY)
    assert [bill_id for _, bill_id in mine] == [row["bill"] for row in shown["bills"]]
    assert [(today() - due).days for due, _ in mine] == [row["days_overdue"] for row in shown["bills"]]
    assert (len(mine), mine[0][0].isoformat()) == (shown["count"], shown["oldest_due"])
    assert "in all, the oldest due" in world.site.run("bills", "--client", client_id, *ONLY).stdout
    assert "nothing is owed" in world.site.run("bills", "--client", "nobody", *ONLY).stdout


def test_a_person_can_have_the_erp_do_something(changing: Providers, tmp_path: Path) -> None:
    blocked = {row["contract"]: row for row in changing.site.json("blocked", *ONLY)}
    contract = next(key for key, row in blocked.items() if row["trust_unlock"] == "offered")
    assert "desbloqueado" in changing.site.run("erp", "unlock", contract, *ONLY).stdout
    again = changing.site.run("erp", "unlock", contract, *ONLY, check=False)
    assert (1, True) == (again.returncode, "refused the unlock on trust" in again.stderr)
    client = blocked[contract]["client"]
    assert "noted" in changing.site.run("erp", "note", client, "ligou, promete pagar", *ONLY).stdout
    assert ["ligou, promete pagar"] == [one["historico"] for one in changing.praia.server.actions.notes]
    bill = changing.praia.world.owed(date.min, today())[0].bill_id
    assert changing.site.run("erp", "pix", bill, *ONLY).stdout.startswith("000201")
    pdf = tmp_path / "boleto.pdf"
    changing.site.run("erp", "boleto", bill, "--to", str(pdf), *ONLY)
    assert pdf.read_bytes().startswith(b"%PDF-")
    kept = changing.site.run("erp", "boleto", bill, "--to", str(pdf), *ONLY, check=False)
    assert (2, True) == (kept.returncode, "name a new file" in kept.stderr)


def test_blocked_lines_are_listed_with_their_clients(world: Providers) -> None:
    charged = {str(one.client_id) for one in world.praia.world.chargeable()}
    expected = {
        one.contract_id: (one.access.value, one.client_id, str(one.blocked_since or ""))
        for one in world.praia.world.in_force()
        if one.access.is_blocked and one.client_id in charged
    }
    assert expected
    shown = world.site.json("blocked", *ONLY)
    assert expected == {
        row["contract"]: (row["access"], row["client"], str(row["blocked_since"] or "")) for row in shown
    }
    oldest = {row["client"]: row["oldest_due"] for row in shown}
    for client_id, due in oldest.items():
        bills = [one for one in world.praia.world.owed(date.min, today()) if one.client_id == client_id]
        overdue = [one.due_date for one in bills if today() - timedelta(MAXIMUM_DAYS) <= one.due_date < today()]
        assert (min(overdue).isoformat() if overdue else None) == due
    table = plain(world.site.run("blocked", *ONLY).stdout)
    assert all(contract_id in table for contract_id in expected)


def test_what_could_not_be_used_is_listed_with_the_reason(changing: Providers) -> None:
    client_id = changing.queued(PRAIA)[0]
    changing.praia.server.edit("fn_areceber", changing.praia.owed_by(client_id)[0], data_vencimento="2026-02-30")
    changing.praia.server.edit("cliente", client_id, fone="12")
    changing.site.run("sync", *ONLY)
    shown = changing.site.json("rejected", *ONLY)
    assert {("clients", "phone", client_id)} <= {(row["job"], row["kind"], row["id"]) for row in shown}
    assert all(row["reason"] for row in shown)
    assert f"{PRAIA} clients phone {client_id}" in plain(changing.site.run("rejected", *ONLY).stdout)


def test_numbers_shared_or_repaired_are_listed(world: Providers) -> None:
    owners: defaultdict[str, set[str]] = defaultdict(set)
    repaired: set[str] = set()
    for client in world.praia.world.chargeable():
        for one in client.phones:
            if one.number:
                owners[one.number].add(str(client.client_id))
                digits = "".join(filter(str.isdigit, one.raw))
                repaired.update([one.number] if len(digits) == len(one.number) - 4 else [])
    shared = {number: sorted(ids) for number, ids in owners.items() if len(ids) > 1}
    assert shared
    assert repaired
    shown = world.site.json("numbers", "--shared", *ONLY)
    assert shared == {row["number"]: sorted(row["clients"]) for row in shown}
    mended = {row["number"] for row in world.site.json("numbers", "--repaired", *ONLY)}
    assert {one for one in repaired if one[5] == "9"} == mended
    both = world.site.run("numbers", *ONLY).stdout
    assert all(phone.mask(number) in both for number in shared)
    assert not any(number in both for number in owners)


# --- who is left out -----------------------------------------------------------------------------------


def quiet_contract(world: Providers, client_id: str) -> None:
    tomorrow = today() + timedelta(days=1)
    world.praia.server.edit(
        "cliente_contrato", 7000 + int(client_id), status="A", nao_avisar_ate=tomorrow.isoformat()
    )


def no_collection(world: Providers, client_id: str) -> None:
    world.praia.server.edit("cliente", client_id, participa_cobranca="N")


@pytest.mark.parametrize("ask_not_to", [quiet_contract, no_collection])
def test_whom_the_erp_says_not_to_call_is_not_in_the_queue(
    changing: Providers, ask_not_to: Callable[[Providers, str], None]
) -> None:
    before = changing.queued(PRAIA)
    ask_not_to(changing, before[0])
    changing.site.run("sync", *ONLY)
    assert before[1:] == changing.queued(PRAIA)


def test_spellings_and_client_types_follow_the_configuration(changing: Providers) -> None:
    left_out = next(key for key, name in TYPES.items() if name == "Condomínio")
    changing.configure(
        praia={
            "reverse_map": {
                "neighbourhoods": {"Centro Velho": ["centro"]},
                "client_types": {"Casas": ["residencial"]},
            },
            "clients": {"leave_out_types": ["CONDOMINIO"]},
        }
    )
    changing.site.run("sync", "client-types", *ONLY)
    changing.site.run("sync", *ONLY, "--accept-shrink")
    kept = {str(one.client_id): one for one in changing.praia.world.chargeable() if one.type_id != left_out}
    stored = changing.rows(f"SELECT * FROM collector.client WHERE instance = '{PRAIA}' AND active")
    assert set(kept) == {row["client_id"] for row in stored}
    for row in stored:
        was_centre = kept[row["client_id"]].neighbourhood.casefold() == "centro"
        assert was_centre == (row["neighbourhood"] == "Centro Velho")
    names = changing.rows(f"SELECT name FROM collector.client_type WHERE instance = '{PRAIA}' AND type_id = '1'")
    assert [{"name": "Casas"}] == names
    gone = {str(one.client_id) for one in changing.praia.world.clients if one.type_id == left_out}
    assert not gone & set(changing.queued(PRAIA))


def test_a_type_to_leave_out_that_is_not_known_is_told_and_nothing_changes(changing: Providers) -> None:
    before = changing.queued(PRAIA)
    changing.configure(praia={"clients": {"leave_out_types": ["Igrejas"]}})
    done = changing.site.run("sync", *ONLY, check=False)
    assert 1 == done.returncode
    assert f"clients.leave_out_types names igrejas, which is no client type of {PRAIA}" in " ".join(
        campaign.last_cells(done.stdout)
    )
    assert before == changing.queued(PRAIA)
