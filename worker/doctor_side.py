"""`collector doctor` on side work: on Celery it is another process, and without that nothing is ever synced."""

from collections.abc import Iterator
from datetime import datetime
from importlib.util import find_spec

from worker import side_lease
from worker.doctor import Finding
from worker.errors import CollectorError
from worker.running_ports import Presence
from worker.settings import Schedule

WHAT = "side work"


def examine(times: Schedule, presence: Presence, now: datetime) -> Iterator[Finding]:
    """Nothing where the service does it."""
    if times.runner != "celery":
        return
    if find_spec("celery") is None:
        yield Finding(WHAT, False, "Celery is not installed here; run ./install.sh pbx again")
        return
    try:
        seen = presence.last_seen(side_lease.KIND, side_lease.NAME)
    except CollectorError as error:
        yield Finding(WHAT, False, str(error))
        return
    if seen is None or now - seen[0] >= side_lease.TTL:
        since = f"since {seen[0]:%Y-%m-%d %H:%M:%S} UTC" if seen else "yet"
        yield Finding(WHAT, False, f"no `collector side` has been seen {since}: nothing is synced; start it")
        return
    yield Finding(WHAT, True, f"on Celery; {seen[1]} keeps the times")
