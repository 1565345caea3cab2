"""Documents that cannot lie: README, templates and dialplan are compared with the code they speak of."""

import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest
import typer.main

from worker import cli
from worker.commands.base import app
from worker.commands.calls import JobName
from worker.core.enums import Stage
from worker.core.script import Line
from worker.erp import altarede
from worker.erp.csv_rows import BILLS, CLIENTS, Columns
from worker.erp.registry import ADAPTERS
from worker.pbx import variables
from worker.settings import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app)


def names() -> dict[str, object]:
    assert cli.COMMANDS  # importing them is what registers them
    commands: dict[str, object] = COMMANDS.commands  # type: ignore[attr-defined]  # a group has some
    return commands


def test_readme_lists_exactly_the_commands_there_are() -> None:
    section = README.split("## Commands")[1].split("##")[0]
    assert set(names()) == set(re.findall(r"^collector ([a-z-]+)", section, flags=re.M))


def test_readme_lists_exactly_the_jobs_that_run_takes() -> None:
    (told,) = re.findall(r"one job now: ([a-z_\s]+?)\ncollector", README)
    assert sorted(get_args(JobName)) == sorted(told.split())


def test_every_option_readme_shows_for_a_command_exists() -> None:
    section = README.split("## Commands")[1].split("##")[0]
    for line in section.splitlines():
        if match := re.match(r"collector ([a-z-]+)", line):
            known = {name for one in names()[match[1]].params for name in one.opts}  # type: ignore[attr-defined]
            assert set(re.findall(r"--[a-z-]+", line)) <= known, line


@pytest.mark.parametrize(("word", "columns"), [("Clients", CLIENTS), ("Bills", BILLS)])
def test_readme_names_the_csv_columns(word: str, columns: Columns) -> None:
    (told,) = re.findall(rf"{word}: (.*?) required; (.*?) optional", README, flags=re.S)
    assert set(columns.required) == set(re.findall(r"`(\w+)`", told[0]))
    assert set(columns.optional) == set(re.findall(r"`(\w+)`", told[1]))


def test_readme_has_a_row_for_each_erp_and_names_what_stands_in_for_it() -> None:
    table = README.split("| ERP |")[1].split("\n\n")[0]
    assert sorted(ADAPTERS) == sorted(re.findall(r"^\| `(\w+)` \|", table, flags=re.M))
    (standing_in,) = re.findall(r"^Standing in for .*?\n\n", README, flags=re.M | re.S)
    assert {"IXC", "RBX", "AltaRede", "sql"} <= set(re.findall(r"\w+", standing_in))


def test_readme_names_all_that_is_not_known_of_altarede() -> None:
    def points(text: str) -> list[str]:
        return [" ".join(point.split()) for point in re.findall(r"^- (.*?[;.])$", text, flags=re.M | re.S)]

    unknown = points(altarede.__doc__ or "")
    assert len(unknown) > 5
    assert unknown == points(README.split("To be asked of its support:")[1].split("\n\nCSV")[0])


@pytest.mark.parametrize(("view", "columns"), [("collector_clients", CLIENTS), ("collector_bills", BILLS)])
def test_the_views_readme_shows_have_the_columns_that_are_read(view: str, columns: Columns) -> None:
    (chosen,) = re.findall(rf"CREATE VIEW {view} AS\s+SELECT (.*?)\s+FROM ", README, flags=re.S)
    names = [re.split(r" AS |\.", " ".join(part.split()))[-1] for part in chosen.split(",")]
    assert set(columns.required) <= set(names) <= set(columns.all)
    assert len(set(names)) == len(names)


def test_readme_explains_every_stage_of_a_bill_in_order() -> None:
    assert list(Stage) == re.findall(r"^\| `(\w+)` \|", README.split("| stage |")[1], flags=re.M)


def test_readme_and_architecture_point_at_files_that_are_there() -> None:
    for text in (README, ARCHITECTURE):
        paths = re.findall(r"`((?:agi|worker|tests|sql|config|dialplan)/[\w./*-]*)`", text)
        assert paths
        missing = [path for path in paths if not list(ROOT.glob(path.rstrip("/")))]
        assert [] == missing


def test_every_name_shared_with_the_dialplan_stands_in_one_place() -> None:
    shared = {value for name, value in vars(variables).items() if name.isupper()}
    for file in (ROOT / "dialplan").glob("*.j2"):
        words = set(
            re.findall(r"[A-Za-z][\w-]+", re.sub(r"(?m)^;.*$|\{\{.*?\}\}", "", file.read_text(encoding="utf-8")))
        )
        assert set() == words & shared, file.name  # templates get them from variables.py


@pytest.mark.parametrize("folder", sorted((ROOT / "config" / "messages").iterdir()), ids=lambda one: one.name)
def test_every_line_of_the_script_has_its_template_and_none_is_left_over(folder: Path) -> None:
    assert {str(line) for line in Line} == {file.stem for file in folder.glob("*.j2")}


def test_install_says_what_readme_says() -> None:
    usage = subprocess.run([ROOT / "install.sh", "--help"], capture_output=True, text=True, check=False)
    text = usage.stdout + usage.stderr
    for word in set(re.findall(r"\./install\.sh (\w+)", README)):
        assert re.search(rf"^\s+{word}\b", text, flags=re.M), word


def test_ci_calls_what_readme_tells_people_to_call() -> None:
    assert "./install.sh test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
