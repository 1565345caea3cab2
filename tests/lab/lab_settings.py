"""The lab's own configuration file: the same YAML a customer writes, pointing at the lab."""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import yaml

from worker import configfile
from worker.settings import Settings

if TYPE_CHECKING:
    from tests.lab.lab import Lab

ALL_DAY = "00:00-24:00"


def instance(name: str, folder: Path, **changes: Any) -> dict[str, Any]:
    """One instance: called at any time of day, bills from two CSV files under `folder`; `changes` replace keys."""
    days = ("weekdays", "saturday", "sunday")
    plain: dict[str, Any] = {
        "id": name,
        "company": f"{name.capitalize()} Internet",
        "default_ddd": "11",
        "caller_id": "+551133330000",
        "source": {
            "type": "csv",
            "clients": str(folder / f"{name}-clients.csv"),
            "bills": str(folder / f"{name}-bills.csv"),
        },
        "trunk": {"endpoint": "PJSIP/{number}@carrier", "group": "OUT_1"},
        "rules": {"window": dict.fromkeys(days, ALL_DAY) | {"holidays": False}},
        "dialling": {"origination": "ari", "channels": 20, "calls_per_second": 20, "ring_seconds": 10},
    }
    return plain | changes


def instances(folder: Path) -> list[dict[str, Any]]:
    """`fibra` dials over ARI, `radio` over call files."""
    radio = instance("radio", folder, caller_id="+551133330001")
    radio["dialling"] = radio["dialling"] | {"origination": "callfile"}
    return [instance("fibra", folder), radio]


def far_from_now() -> dict[str, str]:
    """Clients are synced when a test says so, also when it runs at the hour at which providers do."""
    far = (datetime.now(ZoneInfo("America/Sao_Paulo")) + timedelta(hours=12)).strftime("%H:%M")
    return {"zone": "America/Sao_Paulo", "clients_at": far, "client_types_at": far}


def document(lab: "Lab", chosen: Sequence[dict[str, Any]] | None) -> dict[str, Any]:
    """The whole file as nested plain values."""
    return {
        "database": _database(lab),
        "pbx": {
            "ari": {
                "url": f"http://127.0.0.1:{lab.ports.pbx_http}",
                "user": lab.ari_user,
                "password": lab.secret("ari", lab.ari_password),
                "app": "collector",
            },
            "agi": {"host": "127.0.0.1", "port": lab.ports.agi},
            "spool": str(lab.pbx.spool / "outgoing"),
            "spool_aside": str(lab.pbx.spool / "collector"),
            "sounds": str(lab.pbx.data / "sounds"),
            "monitor": str(lab.pbx.spool / "monitor"),
            "config": str(lab.pbx.etc),
            "owner": "",
        }
        | lab.pbx_keys,
        "instances": instances(lab.folder) if chosen is None else list(chosen),
        "schedule": {"reconcile_every_seconds": 5} | far_from_now(),
        "log": {"level": "info"},
        "legal_rules": str(Path(__file__).with_name("any_hour.yaml")),
    }


def _database(lab: "Lab") -> dict[str, Any]:
    if lab.cdr == "none":  # the file needs one; nobody answers there
        return {"host": "127.0.0.1", "port": 1, "user": "nobody", "password": lab.secret("database", "nobody")}
    db = lab.mariadb
    password = lab.secret("database", db.password)
    return {"host": db.host, "port": db.port, "socket": str(db.socket), "user": db.user, "password": password}


def write(file: Path, content: dict[str, Any]) -> Settings:
    """Write and read back, so that a lab never runs on what the product would refuse. Raises ConfigError."""
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    write_private(file, text)
    return configfile.load(file, {})


def write_private(file: Path, text: str) -> None:
    """Replace a file at once; only its owner may read it."""
    new = file.with_name(f"{file.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    new.rename(file)
