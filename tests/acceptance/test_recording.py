"""A recorded call on the real PBX: its file lies where Issabel looks, holds both sides, and the CDR names it."""

import wave
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.acceptance import campaign
from tests.acceptance.campaign import PATHS, Campaign
from tests.lab import loudness
from tests.lab.lab import Lab
from tests.lab.loudness import LOUD
from tests.lab.numbers import Ending
from tests.lab.pbx_config import Cdr
from tests.lab.people import people, write_csv
from tests.lab.site import Site, wait_until
from worker.core.recording import Recording, parse

ENDINGS = [Ending.HUMAN_PRESSES_1, Ending.BUSY, Ending.INVALID]
OPENING = 100  # frames: 2 s, in which the callee says "alô" once
BACKENDS: tuple[Cdr, ...] = ("odbc", "mysql")


@pytest.fixture(scope="module", params=BACKENDS)
def recorded(request: pytest.FixtureRequest) -> Iterator[tuple[Lab, Site, Campaign]]:
    """Both ways in which Asterisk writes its records."""
    with Lab(cdr=request.param) as lab:
        campaign.configure(lab, recording={"enabled": True})
        with Site(lab.config_file, lab.folder) as site:
            site.run("migrate")
            site.start("handler")
            held = campaign.hold(lab, site, ENDINGS)
            lab.wait_quiet()
            yield lab, site, held


def beside(ours: list[float], other: list[float]) -> list[tuple[float, float]]:
    """Each moment of our file with the same moment of another tape of the call."""
    lag = loudness.aligned(ours, other)[0]
    return [(level, other[at + lag]) for at, level in enumerate(ours) if 0 <= at + lag < len(other)]


def linked(lab: Lab, held: Campaign, path: str, ending: Ending) -> tuple[str, Path]:
    """What the CDR row says, and where Issabel's own page then looks: by the day in the name."""
    row = held.cdr[held.outcomes[path, ending]["attempt_id"]]
    name = str(row["recordingfile"])
    day = (name.split("-")[3:] or [""])[0]
    return name, lab.settings.pbx.monitor / day[:4] / day[4:6] / day[6:] / name


@pytest.mark.parametrize("path", PATHS)
def test_the_row_of_an_answered_call_names_the_file_of_its_attempt(
    recorded: tuple[Lab, Site, Campaign], path: str
) -> None:
    lab, _, held = recorded
    name, file = linked(lab, held, path, Ending.HUMAN_PRESSES_1)
    one = parse(name)
    assert isinstance(one, Recording)
    assert (held.outcomes[path, Ending.HUMAN_PRESSES_1]["attempt_id"], PATHS[path]) == (
        one.attempt_id,
        one.instance,
    )
    assert file.is_file()


@pytest.mark.parametrize("path", PATHS)
def test_both_sides_are_in_it_from_the_answer_on(recorded: tuple[Lab, Site, Campaign], path: str) -> None:
    lab, _, held = recorded
    _, file = linked(lab, held, path, Ending.HUMAN_PRESSES_1)
    (heard,) = lab.heard(held.people[path, Ending.HUMAN_PRESSES_1].number)
    ours = loudness.envelope(file)
    theirs = loudness.envelope(heard.with_name(heard.name.replace("heard-", "both-")))
    lag, alike = loudness.aligned(ours, theirs)
    assert alike > 0.6
    # one call, taped at both of its ends: nothing of its beginning is missing
    assert abs(lag) < 25
    alone = loudness.envelope(heard)
    assert 100 < sum(level > LOUD and said > LOUD for level, said in beside(ours, alone))  # we speak: two seconds
    # the callee's "alô", over our greeting or beside it, is on top of what we said
    assert 10 < sum(level > said + LOUD for level, said in beside(ours[:OPENING], alone[:OPENING]))
    talked = float(held.outcomes[path, Ending.HUMAN_PRESSES_1]["talk_seconds"])
    with wave.open(str(file), "rb") as stream:  # moments in which no side sends anything at all are left out
        assert talked == pytest.approx(stream.getnframes() / 8000, rel=0.2)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("ending", [Ending.BUSY, Ending.INVALID])
def test_a_call_that_nobody_answered_has_no_recording(
    recorded: tuple[Lab, Site, Campaign], path: str, ending: Ending
) -> None:
    lab, _, held = recorded
    assert "" == linked(lab, held, path, ending)[0]
    attempt = held.outcomes[path, ending]["attempt_id"]
    assert [] == list(lab.settings.pbx.monitor.rglob(f"*{attempt}*"))


@pytest.mark.parametrize("path", PATHS)
def test_being_recorded_changes_nothing_of_the_outcome(recorded: tuple[Lab, Site, Campaign], path: str) -> None:
    _, _, held = recorded
    row = held.outcomes[path, Ending.HUMAN_PRESSES_1]
    assert ("answered", "human", "all", "confirmed", "handler") == tuple(
        row[key] for key in ("line_result", "answerer", "heard", "result", "source")
    )


def files(lab: Lab) -> list[Path]:
    return list(lab.settings.pbx.monitor.rglob("*.wav"))


@pytest.mark.parametrize("path", PATHS)
def test_it_goes_on_when_the_handler_dies(path: str) -> None:
    with Lab() as lab:
        campaign.configure(lab, recording={"enabled": True})
        name = PATHS[path]
        crowd = people([Ending.HUMAN_LISTENS], today=datetime.now(UTC).date(), offset=9300)
        for instance in PATHS.values():
            write_csv(
                crowd if instance == name else [],
                lab.folder / f"{instance}-clients.csv",
                lab.folder / f"{instance}-bills.csv",
            )
        with Site(lab.config_file, lab.folder) as site:
            site.run("migrate")
            handler = site.start("handler")
            site.run("sync", "--instance", name)
            wait_until("a ready handler", lambda: campaign.ready(site), 20, 0.3)
            dialling = site.start("dial", "--instance", name, "--limit", "1")
            wait_until("a recording", lambda: bool(files(lab)), 30)
            (file,) = files(lab)
            wait_until("its first second", lambda: file.stat().st_size > 16000, 10)
            handler.kill9()
            dialling.kill9()
            if path == "ari":  # over AGI the call ends with the handler
                before = file.stat().st_size
                wait_until("two more seconds", lambda: file.stat().st_size > before + 32000, 20)
            lab.pbx.rx("channel request hangup all")
            lab.wait_quiet()
        wait_until("the row", lambda: bool(campaign.cdr_rows(lab)), 10)
        (row,) = campaign.cdr_rows(lab).values()
        assert file.name == row["recordingfile"]


@pytest.mark.parametrize("path", PATHS)
def test_the_commands_find_it(recorded: tuple[Lab, Site, Campaign], path: str) -> None:
    lab, site, held = recorded
    row, person = held.outcomes[path, Ending.HUMAN_PRESSES_1], held.people[path, Ending.HUMAN_PRESSES_1]
    file = str(linked(lab, held, path, Ending.HUMAN_PRESSES_1)[1])
    for question in (("--attempt", row["attempt_id"]), ("--number", person.number), ("--instance", PATHS[path])):
        (found,) = site.json("recordings", *question)
        assert (row["attempt_id"], file) == (found["attempt"], found["file"])
        assert person.number not in found["number"]
        assert found["number"].endswith(person.number[-2:])
    listed = {one["attempt"]: one["recording"] for one in site.json("outcomes")}
    assert file == listed[row["attempt_id"]]
    assert "" == listed[held.outcomes[path, Ending.BUSY]["attempt_id"]]


def test_nothing_is_cleared_before_its_days_are_over(recorded: tuple[Lab, Site, Campaign]) -> None:
    lab, site, _ = recorded
    before = sorted(files(lab))
    (report,) = site.json("run", "recordings")
    assert ("done", 0) == (report["status"], report["detail"]["removed"])
    assert before == sorted(files(lab))
