"""No room grows too large: files of at most 300 lines, functions of at most 40."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("agi", "worker", "tests")
FILE_LINES = 300
FUNCTION_LINES = 40


def sources() -> list[Path]:
    return [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in sources()
    }
    assert {} == {name: lines for name, lines in lengths.items() if lines > FILE_LINES}


def test_no_function_is_longer_than_40_lines() -> None:
    long = {}
    for file in sources():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                start = node.body[0].lineno if ast.get_docstring(node) is None else node.body[0].end_lineno
                lines = (node.end_lineno or 0) - (start or 0) + 1
                if lines > FUNCTION_LINES:
                    long[f"{file.relative_to(ROOT)}:{node.name}"] = lines
    assert {} == long


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(file.relative_to(ROOT))
        for file in sources()
        if file.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert [] == silent
