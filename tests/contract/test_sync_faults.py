"""Every fault on every page, through the whole job into a real store: nothing is closed that is still owed."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from pymysql.cursors import Cursor

from tests.contract.sync_bed import PATIENCE, Land, Rows, Seen, SyncBed, copy_knowledge, forget, seen_in_mariadb
from tests.contract.sync_faults import CASES, Case, Left
from tests.contract.sync_lands import IxcLand, RbxLand
from tests.lab.mariadb import PrivateMariaDb
from worker.core.records import JobRun
from worker.store.mariadb import OpenStore

FAULTS = "faults"  # the instance
SHORT = 0.2  # seconds of patience with an answer that never comes
ROWS = [
    pytest.param(erp, job, case, where, id=f"{erp} {job} {case.name} {where}")
    for case in CASES
    for erp in case.erps
    for job in case.jobs
    for where in case.places
]


@pytest.fixture(scope="module", autouse=True)
def no_authorities() -> Iterator[None]:
    """Nothing here speaks TLS; reading the machine's authorities for each connection is a quarter of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", os.devnull)
        yield


@pytest.fixture(scope="module")
def cursor(server: PrivateMariaDb) -> Iterator[Cursor]:
    with server.connect() as connection, connection.cursor() as cursor:
        yield cursor


@pytest.fixture(scope="module")
def seen(cursor: Cursor, session_store: OpenStore) -> Seen:
    return seen_in_mariadb(session_store, cursor)


@pytest.fixture(scope="module")
def taught(cursor: Cursor, seen: Seen) -> Iterator[dict[str, SyncBed]]:
    """Each land after a good first sync."""
    with ExitStack() as stack:
        ixc, rbx = IxcLand(), RbxLand()
        stack.enter_context(ixc.server)
        stack.enter_context(rbx.server)
        beds = {"ixc": SyncBed(ixc, seen, "first-ixc"), "rbx": SyncBed(rbx, seen, "first-rbx")}
        for bed in beds.values():
            bed.land.renew()
            bed.first()
            bed.land.learn()
        yield beds
        for bed in beds.values():
            forget(cursor, bed.instance)


@pytest.fixture
def bed(cursor: Cursor, taught: dict[str, SyncBed], seen: Seen, erp: str) -> Iterator[SyncBed]:
    first = taught[erp]
    first.land.renew()
    copy_knowledge(cursor, first.instance, FAULTS)
    yield SyncBed(first.land, seen, FAULTS, pages=dict(first.pages))
    forget(cursor, FAULTS)


@pytest.mark.parametrize(("erp", "job", "case", "where"), ROWS)
def test_a_fault_closes_nothing_is_told_and_heals(bed: SyncBed, job: str, case: Case, where: str) -> None:
    land, known, queued = bed.land, bed.rows(job), bed.queued()
    assert land.truth[job] == known
    land.drift(job)
    case.deed(bed, job, where)
    run = bed.again(job, SHORT if case.name == "timeout" else PATIENCE)
    told(case, run, land)
    left(case.left, known, land.truth[job] | land.kept, bed.rows(job))
    if case.left in (Left.KNOWN, Left.DOUBTED):
        assert queued == bed.queued()
    assert ([(job, run.error)] if case.left is Left.DOUBTED else []) == bed.alarms()
    rejected = {each.source_id for each in bed.seen.store.runs.rejected(run.run_id)}
    assert {land.bad} - {""} <= rejected
    land.heal()
    run = bed.again(job)
    assert ("done", "") == (run.status, run.error)
    assert land.truth[job] == bed.rows(job)
    assert [] == bed.alarms()


def told(case: Case, run: JobRun, land: Land) -> None:
    """One clean sentence, or none."""
    assert (case.left.value.partition(",")[0], bool(case.says)) == (run.status, bool(run.error))
    assert re.search(case.says, run.error)
    assert run.error.isprintable()
    assert len(run.error) < 300
    assert not [word for word in (*land.secrets, "<") if word in run.error]


def left(what: Left, known: Rows, truth: Rows, actual: Rows) -> None:
    if what is Left.TRUTH:
        assert truth == actual
    elif what is Left.TOLD:
        assert actual.keys() < truth.keys()
        assert len(actual) * 100 >= len(known) * 70  # the alarm would have told
        assert {key: truth[key] for key in actual} == actual
    else:
        assert known == actual
