"""One campaign on the lab: every ending over ARI and over call files, by the commands an administrator types."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.lab.lab import Lab
from tests.lab.lab_settings import instance
from tests.lab.numbers import Ending
from tests.lab.people import Person, noon_zone, people, write_csv
from tests.lab.site import Site, wait_until

PATHS = {"ari": "fibra", "callfile": "radio"}  # path -> instance
TALK = {"key_wait_seconds": 4, "pay": {"say_line": True}}
AGENTS = {  # both ways, each ringing for the shortest time there is
    "ari": {"extension": "200", "context": "lab-agents", "ring_seconds": 5},
    "callfile": {"queue": "support", "ring_seconds": 5},
}
RECORDED = 9000  # numbers from here on: the carrier keeps what the callee heard


@dataclass(frozen=True, slots=True)
class Campaign:
    """What was dialled and how it ended, by (path, ending)."""

    outcomes: dict[tuple[str, Ending], dict[str, Any]]  # a row of collector_outcome
    cdr: dict[str, dict[str, Any]]  # by attempt id
    people: dict[tuple[str, Ending], Person]


def configure(lab: Lab, *, channels: int = 40, **changes: Any) -> None:
    """Both instances on CSV files, any hour of the day; brisk speech and short waits, to save the tests' time."""
    chosen = []
    brisk: dict[str, Any] = {"conversation": TALK, "voice": {"words_per_minute": 230}}
    for path, name in PATHS.items():
        one = instance(name, lab.folder, zone=noon_zone(datetime.now(UTC)), **(brisk | changes))
        one["conversation"] = one["conversation"] | {"agent": AGENTS[path]}
        one["dialling"] = {"origination": path, "channels": channels, "calls_per_second": 20, "ring_seconds": 10}
        chosen.append(one)
    lab.configure(chosen)
    lab.install_dialplan()


def hold(lab: Lab, site: Site, endings: list[Ending], *, seconds: float = 150) -> Campaign:
    """Sync, dial everybody once, reconcile; the handler must be running."""
    called: dict[tuple[str, Ending], Person] = {}
    for position, name in enumerate(PATHS.values()):
        crowd = people(
            endings, first=1 + 1000 * position, today=datetime.now(UTC).date(), offset=9000 + 100 * position
        )
        write_csv(crowd, lab.folder / f"{name}-clients.csv", lab.folder / f"{name}-bills.csv")
        path = next(key for key, value in PATHS.items() if value == name)
        called |= {(path, ending): person for ending, person in zip(endings, crowd, strict=True)}
    site.run("sync")
    wait_until("a ready handler", lambda: ready(site), 20, 0.3)
    site.run("dial", "--limit", str(len(endings)), seconds=seconds)
    wait_until("every CDR row", lambda: matched(site), 60, 2.0)
    by_number = {row["number"]: row for row in rows(lab, "SELECT * FROM asteriskcdrdb.collector_outcome")}
    outcomes = {key: by_number[person.number] for key, person in called.items() if person.number in by_number}
    return Campaign(outcomes, cdr_rows(lab), called)


def ready(site: Site) -> bool:
    """Nothing stands against dialling, on both paths."""
    return "nobody now" not in site.run("dial", "--dry-run", check=False).stdout


def matched(site: Site) -> bool:
    """Reconcile; every outcome has found its CDR row."""
    site.run("run", "reconcile")
    return all(row["cdr"] == "found" for row in site.json("outcomes", "--limit", "10000"))


def rows(lab: Lab, sql: str) -> list[dict[str, Any]]:
    """A question to the lab's database, as root."""
    with lab.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def cdr_rows(lab: Lab) -> dict[str, dict[str, Any]]:
    """Asterisk's own rows by attempt id. AssertionError when a call has two. An agent's own calls are left out."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows(lab, "SELECT * FROM asteriskcdrdb.cdr WHERE channel NOT LIKE 'Local/%;2'"):
        attempt = str(row["userfield"])[:26]
        assert attempt not in found, f"two CDR rows of {attempt}"
        found[attempt] = row
    return found


def last_cells(table: str) -> list[str]:
    """The last column of a printed table, with what was wrapped joined again."""
    cells: list[str] = []
    for line in table.splitlines():
        parts = [part.strip() for part in line.strip("│┃").replace("┃", "│").split("│")]
        if len(parts) < 2:
            continue
        if parts[0]:
            cells.append(parts[-1])
        elif cells:
            cells[-1] = f"{cells[-1]} {parts[-1]}".strip()
    return cells
