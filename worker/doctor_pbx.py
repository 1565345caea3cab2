"""What `collector doctor` says of PBXs on one database: which this is, who dials which, where it records."""

import os
import shutil
from collections.abc import Iterator
from datetime import datetime

from worker.app import App
from worker.errors import CollectorError
from worker.settings import Instance

Part = tuple[str, bool | None, str]  # as `doctor.Finding`


def whose(app: App, now: datetime) -> Iterator[Part]:
    """This PBX's name, then a line an instance. That another PBX dials one is only worth knowing."""
    settings = app.settings
    mine = [one.id for one in app.dialled_here()]
    dials = f"dials {', '.join(mine)}" if mine else "dials nobody: its instances are not enabled"
    yield "this PBX", True if mine else None, f"{settings.pbx.name} (pbx.name); {dials}"
    for one in app.instances():
        if not one.pbx:
            yield f"{one.id}: PBX", True, "dialled from here, and by every other PBX whose settings hold it"
        elif settings.is_here(one):
            yield f"{one.id}: PBX", True, "dialled from here alone"
        else:
            yield f"{one.id}: PBX", None, _elsewhere(app, one, now)


def _elsewhere(app: App, one: Instance, now: datetime) -> str:
    said = f"dialled by PBX {one.pbx}, not from here"
    try:
        reason = app.handler_of(one.pbx, now)
    except CollectorError as error:
        reason = str(error)
    return f"{said}; {reason}" if reason else said


def recording(app: App) -> Iterator[Part]:
    """Where calls are recorded: whether old files may be taken away. Folders below it MixMonitor makes."""
    recorded = [one.id for one in app.dialled_here() if one.recording.enabled]
    monitor = app.settings.pbx.monitor
    if not recorded:
        return
    if not monitor.is_dir() or not os.access(monitor, os.R_OK | os.W_OK | os.X_OK):
        whom = app.settings.pbx.owner or "the user we run as"
        says = f"{monitor} is missing or may not be written; create it for {whom}, or correct pbx.monitor"
        yield "recordings", False, says
        return
    free = shutil.disk_usage(monitor).free / 1e9
    yield "recordings", True, f"{', '.join(recorded)}: in {monitor}, {free:.0f} GB free (a minute takes 1 MB)"
