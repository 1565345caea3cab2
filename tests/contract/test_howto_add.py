"""HOWTO_ADD.md is tried out: its blocks go into a copy of the project, and the contract suite runs there."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from worker.settings import ROOT

HOWTO = (ROOT / "HOWTO_ADD.md").read_text(encoding="utf-8")
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "*.egg-info", "var", "build"
)
PLACES = ("after the line that begins with", "before the line that begins with", "within a line, after")
BLOCK = re.compile(
    r"^\*\*(?P<kind>New file|Insertion)\*\* (?:into )?`(?P<path>[^`]+)`"
    rf"(?:, (?P<place>{'|'.join(PLACES)}) (?P<tick>`+)(?P<anchor>.+?)(?P=tick))?:\n\n"
    r"```(?P<language>\w+)\n(?P<text>.*?)^```$",
    flags=re.M | re.S,
)


@dataclass(frozen=True, slots=True)
class Block:
    path: str
    place: str  # empty: a new file
    anchor: str
    text: str

    def apply(self, root: Path) -> None:
        """AssertionError when the file or the line is not as the page says."""
        file = root / self.path
        if not self.place:
            assert not file.exists(), f"{self.path} is there already"
            file.write_text(self.text, encoding="utf-8")
            return
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        found = [number for number, line in enumerate(lines) if line.startswith(self.anchor)]
        assert 1 == len(found), f"{self.path} has {len(found)} lines that begin with {self.anchor}"
        (number,) = found
        if self.place == PLACES[2]:
            rest = lines[number].removeprefix(self.anchor)
            lines[number] = self.anchor + self.text.removesuffix("\n") + rest
        else:
            lines.insert(number + (self.place == PLACES[0]), self.text)
        file.write_text("".join(lines), encoding="utf-8")


def blocks() -> list[Block]:
    return [
        Block(found["path"], found["place"] or "", found["anchor"] or "", found["text"])
        for found in BLOCK.finditer(HOWTO)
    ]


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """This Python, with the copy's modules instead of ours."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project to which Exemplo was added by the page."""
    root = tmp_path_factory.mktemp("grown") / "collector"
    shutil.copytree(ROOT, root, ignore=NOT_COPIED)
    for block in blocks():
        block.apply(root)
    return root


def test_every_block_that_is_code_says_where_it_goes() -> None:
    languages = re.findall(r"^```(\w+)$", HOWTO, flags=re.M)
    assert len([name for name in languages if name != "sh"]) == len(blocks())
    touched = {block.path for block in blocks()}
    listed = set(re.findall(r"^\| `([\w./]+\.(?:py|md|yaml))` \|", HOWTO, flags=re.M))
    assert touched == {path.replace("NAME", "exemplo") for path in listed}


def test_the_contract_suite_passes_over_the_erp_that_the_page_adds(grown: Path) -> None:
    suite = "tests/contract/test_erp_sources.py"
    run = _run(grown, "-m", "pytest", "-q", "-p", "no:cacheprovider", suite, "-k", "exemplo")
    passed = re.search(r"([0-9]+) passed", run.stdout)
    assert 0 == run.returncode, run.stdout[-3000:] + run.stderr[-3000:]
    assert passed
    assert int(passed[1]) > 10
    assert not re.search(r"[0-9]+ (failed|error)", run.stdout)


def test_the_entry_of_the_example_configuration_opens_the_adapter(grown: Path) -> None:
    (entry,) = (block.text for block in blocks() if block.path == "config/collector.example.yaml")
    (instance,) = yaml.safe_load(re.sub(r"^  # ", "", entry, flags=re.M))
    source = {**instance["source"], "key": "invented-key-0001"}
    lines = (
        "from pydantic import TypeAdapter",
        "from worker.erp.registry import open_source",
        "from worker.source_settings import Source",
        f"settings = TypeAdapter(Source).validate_python({source!r})",
        "print(type(open_source(settings)).__name__, sorted(type(settings).model_fields))",
    )
    run = _run(grown, "-c", "\n".join(lines))
    keys = sorted({*source, "ca_file"})  # shown as a comment
    assert (0, f"Exemplo {keys}\n") == (run.returncode, run.stdout), run.stderr[-3000:]
