"""Imports point to core: this table is the architecture, and a planted import must fail."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE_LIBRARIES = {"phonenumbers", "holidays", "validate_docbr"}

# what each part may import of ours; parts are folders, or single modules of worker/
ALLOWED: dict[str, set[str]] = {
    "core": {"core"},
    "errors": set(),
    "ports": {"core", "errors"},
    "settings": {"hosts", "source_settings", "dial_settings", "voice_settings", "hook_settings", "talk_settings"},
    "talk_settings": {"source_settings", "answering_settings"},
    "answering_settings": {"source_settings"},
    "voice_settings": {"source_settings"},
    "hook_settings": {"hosts", "source_settings"},
    "dial_settings": {"source_settings", "retry_settings"},
    "retry_settings": {"source_settings"},
    "source_settings": set(),
    "hosts": set(),
    "schedule": {"settings"},
    # side work: neither `app` nor `pbx`, so that nothing that may run on Celery can reach a dialler
    "side_jobs": {"core", "ports", "store_ports", "errors", "settings", "jobs"},
    "side_lease": {"ports", "running_ports"},
    "side_consumer": set(),
    "side": {"schedule", "side_consumer", "side_jobs", "jobs", "errors"},
    "side_beat": {"side_lease", "errors"},
    "configfile": {"core", "settings", "dial_settings", "source_settings", "errors"},
    "rulesfile": {"core", "dial_settings", "errors"},
    "log": {"settings", "errors", "masking"},
    "masking": set(),
    "catalogue_ports": {"core", "errors"},
    "brake_ports": {"core"},
    "dialling_ports": {"core"},
    "payment_ports": {"core"},
    "agent_ports": {"core"},
    "heard_ports": {"core"},
    "running_ports": {"core"},
    "store_ports": {
        "core",
        "catalogue_ports",
        "brake_ports",
        "dialling_ports",
        "running_ports",
        "payment_ports",
        "agent_ports",
        "heard_ports",
    },
    "erp": {"erp", "core", "ports", "errors", "hosts", "source_settings"},
    "pbx": {"pbx", "core", "ports", "errors", "settings", "talk_settings"},
    "store": {
        "store",
        "core",
        "catalogue_ports",
        "brake_ports",
        "dialling_ports",
        "running_ports",
        "payment_ports",
        "heard_ports",
        "store_ports",
        "errors",
        "settings",
    },
    "hook": {"hook", "errors", "hook_settings"},
    "speech": {"speech", "core", "ports", "errors", "settings", "voice_settings"},
    "report": {"report", "core", "ports", "errors", "settings"},
    "jobs": {
        "jobs",
        "core",
        "ports",
        "catalogue_ports",
        "brake_ports",
        "dialling_ports",
        "running_ports",
        "payment_ports",
        "store_ports",
        "errors",
    },
    "agi": {"agi", "core", "ports", "store_ports", "errors", "settings", "talk_settings", "pbx"},
}
SHELL = {
    "app",
    "cli",
    "convert",
    "convert_talk",
    "service",
    "doctor",
    "doctor_console",
    "doctor_pbx",
    "doctor_side",
    "doctor_voice",
    "voice_check",
    "commands",
    "__main__",
    "agi.service",
    "agi.house",
    "agi.plain",
    "agi.plain_scripts",
    "agi.plain_message",
    "agi.__main__",
}


def part_of(module: str) -> str:
    """The row of the table a module of ours belongs to."""
    names = module.split(".")
    if names[0] == "agi":
        return module if module in SHELL else "agi"
    return names[1] if len(names) > 1 else "worker"


def imports(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def violations(module: str, source: str) -> list[str]:
    part = part_of(module)
    if part in SHELL:
        return []
    bad = []
    for name in sorted(imports(source)):
        top = name.split(".")[0]
        if top in ("worker", "agi"):
            if part_of(name) not in ALLOWED[part] | {"worker"}:
                bad.append(f"{module} imports {name}")
        elif part == "core" and top not in sys.stdlib_module_names | CORE_LIBRARIES:
            bad.append(f"{module} imports {name}")
    return bad


def modules() -> list[tuple[str, Path]]:
    files = [*(ROOT / "worker").rglob("*.py"), *(ROOT / "agi").rglob("*.py")]
    return [(".".join(file.relative_to(ROOT).with_suffix("").parts), file) for file in files]


def test_imports_point_to_core() -> None:
    bad = [line for name, file in modules() for line in violations(name, file.read_text(encoding="utf-8"))]
    assert [] == bad


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("worker.core.words", "import requests"),  # the core knows no network
        ("worker.core.words", "from worker.store import mariadb"),
        ("worker.jobs.sync", "from worker.erp.ixc import Ixc"),  # jobs see ports only
        ("worker.erp.ixc", "from worker.store import mariadb"),  # adapters do not know each other
        ("agi.conversation", "from worker.store import memory"),
        ("worker.side", "from worker.app import App"),  # a redeliverable task reaches no dialler
        ("worker.side_jobs", "from worker.pbx.ari_dialler import AriDialler"),
    ],
)
def test_a_planted_import_is_found(module: str, source: str) -> None:
    assert 1 == len(violations(module, source))
