"""Call files on a real folder: whole or not at all, and honest about which."""

import dataclasses
import errno
import os
import socket
from datetime import date
from pathlib import Path

import pytest

from worker import settings
from worker.core.enums import Origination
from worker.core.recording import Recording
from worker.pbx import callfile, variables
from worker.ports import DialOrder, Placed

ID = "01JABCDEFGHJKMNPQRSTVWXYZ0"
ORDER = DialOrder(
    attempt_id=ID,
    instance="demo",
    number="+5511987654321",
    endpoint="PJSIP/011987654321@carrier",
    caller_id="1133330000",
    ring_seconds=30,
    max_call_seconds=240,
    origination=Origination.CALLFILE,
    trunk_group="OUT_1",
)
EXPECTED = f"""\
Channel: PJSIP/011987654321@carrier
CallerID: <1133330000>
WaitTime: 30
MaxRetries: 0
RetryTime: 300
Account: demo
Context: collector-out
Extension: 5511987654321
Priority: 1
Setvar: COLLECTOR_ATTEMPT={ID}
Setvar: COLLECTOR_NUMBER=+5511987654321
Setvar: CHANNEL(hangup_handler_push)=collector-hangup,by-agi,1
Setvar: CHANNEL(accountcode)=demo
Setvar: TIMEOUT(absolute)=270
Setvar: GROUP()=OUT_1
Setvar: CDR(userfield)={ID}
Archive: no
"""


@pytest.fixture
def pbx(tmp_path: Path) -> settings.Pbx:
    (tmp_path / "outgoing").mkdir()
    (tmp_path / "aside").mkdir()
    return settings.Pbx(spool=tmp_path / "outgoing", spool_aside=tmp_path / "aside", owner="")


def placed(pbx: settings.Pbx, order: DialOrder = ORDER) -> Placed:
    (placement,) = callfile.CallFileDialler(pbx).place([order])
    assert "987654321" not in placement.detail
    return placement.placed


def test_the_whole_file_is_as_asterisk_wants_it(pbx: settings.Pbx) -> None:
    assert Placed.ACCEPTED is placed(pbx)
    file = pbx.spool / f"{ID}.call"
    assert EXPECTED == file.read_text(encoding="utf-8")
    assert 0o600 == file.stat().st_mode & 0o777
    assert [] == list(pbx.spool_aside.iterdir())


def test_many_are_placed_in_order(pbx: settings.Pbx) -> None:
    orders = [dataclasses.replace(ORDER, attempt_id=f"{ID[:-1]}{n}") for n in range(5)]
    placements = callfile.CallFileDialler(pbx).place(orders)
    assert [order.attempt_id for order in orders] == [each.attempt_id for each in placements]
    assert {order.attempt_id for order in orders} == callfile.pending(pbx.spool)


@pytest.mark.parametrize(
    "order",
    [
        dataclasses.replace(ORDER, endpoint="PJSIP/1@x\nApplication: System"),
        dataclasses.replace(ORDER, endpoint="PJSIP/1@x;y"),
        dataclasses.replace(ORDER, number="+55\n11"),
        dataclasses.replace(ORDER, caller_id='"x" <1>'),
        dataclasses.replace(ORDER, instance="a\rb"),
        dataclasses.replace(ORDER, attempt_id="../../etc/cron.d/x"),
        dataclasses.replace(ORDER, trunk_group="x" * 2000),
    ],
)
def test_an_order_that_is_not_safe_is_refused_and_leaves_nothing(pbx: settings.Pbx, order: DialOrder) -> None:
    assert Placed.REFUSED is placed(pbx, order)
    assert [] == [*pbx.spool.iterdir(), *pbx.spool_aside.iterdir()]


def test_a_missing_folder_means_refused(pbx: settings.Pbx) -> None:
    pbx.spool.rmdir()
    assert Placed.REFUSED is placed(pbx)
    assert [] == list(pbx.spool_aside.iterdir())
    pbx.spool_aside.rmdir()
    assert Placed.REFUSED is placed(pbx)


def test_another_filesystem_means_refused(pbx: settings.Pbx) -> None:
    other = Path("/dev/shm")  # noqa: S108 always a filesystem of its own
    if other.stat().st_dev == pbx.spool_aside.stat().st_dev:
        pytest.skip("no second filesystem here")
    assert Placed.REFUSED is placed(pbx.model_copy(update={"spool": other}))
    assert [] == list(pbx.spool_aside.iterdir())


def test_an_owner_that_does_not_exist_means_refused(pbx: settings.Pbx) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    assert Placed.REFUSED is placed(pbx.model_copy(update={"owner": "nobody-of-this-name"}))
    assert [] == [*pbx.spool.iterdir(), *pbx.spool_aside.iterdir()]


def test_the_owner_gets_the_file(pbx: settings.Pbx) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    placed(pbx.model_copy(update={"owner": "nobody"}))
    assert "nobody" == (pbx.spool / f"{ID}.call").owner()


def test_a_file_that_is_there_already_is_left_to_reconciliation(pbx: settings.Pbx) -> None:
    assert Placed.ACCEPTED is placed(pbx)
    assert Placed.UNKNOWN is placed(pbx)
    assert {ID} == callfile.pending(pbx.spool)


def test_a_move_that_broke_in_an_unclear_way_is_unknown(
    pbx: settings.Pbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_self: Path, _target: Path) -> Path:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "rename", broken)
    assert Placed.UNKNOWN is placed(pbx)


def test_a_leftover_half_file_and_a_planted_link_do_no_harm(pbx: settings.Pbx, tmp_path: Path) -> None:
    half = pbx.spool_aside / f"{ID}.call"
    half.write_text("half", encoding="utf-8")
    assert Placed.ACCEPTED is placed(pbx)
    (pbx.spool / f"{ID}.call").unlink()
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    half.symlink_to(victim)
    assert Placed.REFUSED is placed(pbx)
    assert "precious" == victim.read_text(encoding="utf-8")


def test_only_our_files_are_pending_and_swept(pbx: settings.Pbx) -> None:
    placed(pbx)
    (pbx.spool / "somebody-elses.call").write_text("Channel: x\n", encoding="utf-8")
    assert {ID} == callfile.pending(pbx.spool)
    assert [ID] == callfile.sweep(pbx.spool, pbx.spool_aside)
    assert ["somebody-elses.call"] == [file.name for file in pbx.spool.iterdir()]
    assert [f"{ID}.swept"] == [file.name for file in pbx.spool_aside.iterdir()]
    assert [] == callfile.sweep(pbx.spool, pbx.spool_aside)


def test_what_cannot_be_moved_aside_is_deleted_so_that_nobody_is_called_again(pbx: settings.Pbx) -> None:
    placed(pbx)
    pbx.spool_aside.rmdir()
    assert [ID] == callfile.sweep(pbx.spool, pbx.spool_aside)
    assert [] == list(pbx.spool.iterdir())


def test_ready_says_what_is_missing(pbx: settings.Pbx) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ready = pbx.model_copy(update={"agi": settings.Agi(port=port)})
        assert "" == callfile.CallFileDialler(ready).ready()
    assert "collector handler" in callfile.CallFileDialler(ready).ready()
    pbx.spool.rmdir()
    assert "does not exist" in callfile.CallFileDialler(pbx).ready()


def test_a_call_that_is_recorded_passes_by_the_recorder_first() -> None:
    body = callfile.content(dataclasses.replace(ORDER, recording=Recording(ID, date(2024, 10, 18), "demo")))
    assert f"Context: {variables.CONTEXT_RECORD}\n" in body
    assert f"Setvar: COLLECTOR_RECORDING=out-collector-{ID}-20241018-demo.wav\n" in body
    assert "Setvar: COLLECTOR_RECORDING_DAY=2024/10/18\n" in body


def test_a_call_file_has_nobody_to_hear_what_talk_detect_would_tell(pbx: settings.Pbx) -> None:
    assert Placed.ACCEPTED is placed(pbx, dataclasses.replace(ORDER, listen=True))
    (file,) = pbx.spool.iterdir()
    assert EXPECTED == file.read_text()
