"""Documents that cannot lie: README, templates and dialplan are compared with the code they speak of."""

import re
import subprocess
from pathlib import Path

import pytest
import typer.main

from worker import cli
from worker.commands.base import app
from worker.core.script import Line
from worker.erp.csv_rows import BILLS, CLIENTS, Columns
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
