"""Configuration of the lab's two Asterisks: what an Issabel box has, and a carrier to talk to."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jinja2

from tests.lab import clips
from tests.lab.asterisk import AsteriskNode
from tests.lab.modules import BOTH, PBX
from tests.lab.numbers import CODES, INTERRUPTS, KEYS, LEAVES, RECORDED_FROM, STAYS, Ending
from tests.lab.slots import LINES, Ports

Cdr = Literal["mysql", "odbc", "none"]
TEMPLATES = Path(__file__).parent / "templates"
MODULE_FOLDERS = (
    "/usr/lib/asterisk/modules",
    "/usr/lib/x86_64-linux-gnu/asterisk/modules",
    "/usr/lib64/asterisk/modules",
)
ODBC_FOLDERS = ("/usr/lib/x86_64-linux-gnu/odbc", "/usr/lib/aarch64-linux-gnu/odbc", "/usr/lib64")

CDR: dict[Cdr, list[str]] = {
    "mysql": ["cdr_mysql"],
    "odbc": ["res_odbc_transaction", "res_odbc", "cdr_adaptive_odbc"],
    "none": [],
}


@dataclass(frozen=True, slots=True)
class CdrDatabase:
    """Where Asterisk writes its call records."""

    host: str
    port: int
    socket: Path
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class PbxParts:
    """What the PBX's configuration is made from."""

    ports: Ports
    cdr: Cdr
    database: CdrDatabase | None
    ari_user: str
    ari_password: str
    verbose: int


def environ_of_odbc(etc: Path) -> dict[str, str]:
    """Makes unixODBC read our two files and not the machine's."""
    return {"ODBCSYSINI": str(etc), "ODBCINI": str(etc / "odbc.ini")}


def write_pbx(node: AsteriskNode, parts: PbxParts) -> None:
    values: dict[str, object] = {
        "modules": BOTH + PBX + CDR[parts.cdr],
        "rtp": parts.ports.pbx_rtp,
        "ports": parts.ports,
        "lines": [parts.ports.line(index)[0] for index in range(LINES)],
        "ari_user": parts.ari_user,
        "verbose": parts.verbose,
        "answered_by_agent": f"{CODES[Ending.HUMAN_SPEAKS_TO_AGENT]:02d}",
        "ari_password": parts.ari_password,
    }
    needed = {"mysql": {"cdr_mysql.conf"}, "none": set[str]()}.get(parts.cdr, _ODBC_FILES)
    if parts.cdr != "none":
        values["database"] = parts.database
    if parts.cdr == "odbc":
        values["odbc_driver"] = _first("libmaodbc.so", ODBC_FOLDERS, "odbc-mariadb")
    _write(node, "pbx", values, leave_out=(_ODBC_FILES | {"cdr_mysql.conf"}) - needed)
    _link_clips(node.data / "sounds" / "lab")  # something for the lab's own probes to say


_ODBC_FILES = {"res_odbc.conf", "cdr_adaptive_odbc.conf", "odbc.ini", "odbcinst.ini"}


def write_carrier(node: AsteriskNode, ports: Ports, recordings: Path, verbose: int = 0) -> None:
    """Recordings of what callees heard go to `recordings`."""
    values: dict[str, object] = {
        "modules": BOTH,
        "rtp": ports.carrier_rtp,
        "ports": ports,
        "codes": CODES,
        "keys": KEYS,
        "leaves": LEAVES,
        "stays": STAYS,
        "interrupts": INTERRUPTS,
        "recorded_from": RECORDED_FROM,
        "recordings": recordings,
        "verbose": verbose,
    }
    _write(node, "carrier", values)
    _link_clips(node.data / "sounds")


def _write(node: AsteriskNode, kind: str, values: Mapping[str, object], leave_out: set[str] | None = None) -> None:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  configuration files, not HTML
    )
    common = {
        "directories": node.directories,
        "modules_folder": _first("app_amd.so", MODULE_FOLDERS, "asterisk").parent,
    }
    for template in sorted(environment.list_templates()):
        folder, name = template.split("/", 1)
        name = name.removesuffix(".j2")
        if folder not in (kind, "both") or name in (leave_out or set()):
            continue
        file = node.etc / name
        file.touch(mode=0o600)
        file.write_text(environment.get_template(template).render(common | dict(values)))


def _link_clips(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for clip in clips.make().glob("*.wav"):
        (folder / clip.name).unlink(missing_ok=True)
        (folder / clip.name).symlink_to(clip)


def _first(name: str, folders: tuple[str, ...], package: str) -> Path:
    for folder in folders:
        if os.path.exists(path := os.path.join(folder, name)):
            return Path(path)
    raise RuntimeError(f"{name} was not found; install {package}: ./install.sh test installs it")
