"""Reads SQL files: the statements of a migration, the named queries. Comments go, strings stay."""

import re
from functools import cache
from pathlib import Path

from worker.settings import ROOT, Database

MIGRATIONS = ROOT / "sql" / "migrations"
QUERIES = ROOT / "sql" / "queries"

_TOKEN = re.compile(r"--[^\n]*|'(?:[^'\\]|\\.|'')*'|`[^`]*`|;|[^;'`-]+|.", re.DOTALL)
_NAME = re.compile(r"^-- name: ([a-z_]+)\n", re.MULTILINE)


def statements(text: str) -> list[str]:
    """The statements of a script, without comments and without the closing semicolon."""
    parts = [""]
    for piece in _TOKEN.findall(text):
        if piece == ";":
            parts.append("")
        elif not piece.startswith("--"):
            parts[-1] += piece
    return [part.strip() for part in parts if part.strip()]


def named(text: str) -> dict[str, str]:
    """Queries by name; each stands under its own `-- name: ...` line. ValueError when one is not one statement."""
    queries: dict[str, str] = {}
    pieces = _NAME.split(text)[1:]
    for name, body in zip(pieces[::2], pieces[1::2], strict=True):
        found = statements(body)
        if len(found) != 1 or name in queries:
            raise ValueError(f"query {name} must be one statement, given once")
        queries[name] = found[0]
    return queries


@cache
def _all_named(folder: Path) -> dict[str, str]:
    queries: dict[str, str] = {}
    for file in sorted(folder.glob("*.sql")):
        for name, text in named(file.read_text("utf-8")).items():
            if name in queries:
                raise ValueError(f"query {name} stands in two files")
            queries[name] = text
    return queries


def place(text: str, database: Database) -> str:
    """Fill in the names of Asterisk's and Issabel's databases. Settings allow only letters, digits and _ there."""
    table = f"`{database.cdr_schema}`.`{database.cdr_table}`"
    text = text.replace("{call_center}", f"`{database.call_center_schema}`")
    return text.replace("{cdr_table}", table).replace("{cdr}", f"`{database.cdr_schema}`")


def load_queries(database: Database) -> dict[str, str]:
    """Every query of sql/queries by name, with the settings' names filled in."""
    return {name: place(text, database) for name, text in _all_named(QUERIES).items()}
