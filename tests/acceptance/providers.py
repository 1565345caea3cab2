"""Two providers on stand-in ERPs: `serra`, whose telephones the lab's carrier has, and `praia`, as invented."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.acceptance import campaign
from tests.lab.invented import InventedClient, InventedPhone, World, invent
from tests.lab.ixc_server import TOKEN, IxcServer
from tests.lab.lab import Lab
from tests.lab.lab_settings import instance
from tests.lab.numbers import Ending, number
from tests.lab.people import noon_zone
from tests.lab.site import Site

SERRA, PRAIA = "serra", "praia"
CLIENTS = 60
MINIMUM_DAYS, MAXIMUM_DAYS = 7, 365  # the settings' defaults
FIRST_NUMBER = 4000  # of the range of busy telephones


@dataclass(frozen=True, slots=True)
class Provider:
    name: str
    world: World
    server: IxcServer

    def source(self, lab: Lab, **changes: Any) -> dict[str, Any]:
        token = lab.secret(f"token-{self.name}", TOKEN)
        plain = {"type": "ixc", "url": self.server.url, "token": token, "page_size": 25, "retries": 0}
        return plain | {"pause_seconds": 0} | changes

    def client(self, client_id: str) -> InventedClient:
        return next(one for one in self.world.clients if str(one.client_id) == client_id)

    def owed_by(self, client_id: str) -> list[str]:
        """Ids of the bills that client is called for, oldest first."""
        bills = [one for one in self.world.owed(*charged_span()) if one.client_id == client_id]
        return [one.bill_id for one in sorted(bills, key=lambda one: (one.due_date, one.bill_id))]

    def pay_all(self, client_id: str) -> None:
        for bill_id in self.owed_by(client_id):
            self.server.pay(bill_id)


@dataclass(frozen=True, slots=True)
class Providers:
    """Both on one lab, synced once."""

    lab: Lab
    site: Site
    serra: Provider
    praia: Provider

    def configure(self, serra: dict[str, Any] | None = None, praia: dict[str, Any] | None = None) -> None:
        """Write the file anew; the arguments replace keys of the instances, and `source` keys of their sources."""
        chosen = []
        for provider, changes in ((self.serra, serra or {}), (self.praia, praia or {})):
            one = instance(provider.name, self.lab.folder, zone=noon_zone(datetime.now(UTC)))
            one["dialling"] = one["dialling"] | {"channels": 3, "origination": "ari"}
            source = provider.source(self.lab, **changes.get("source", {}))
            rules = one["rules"] | changes.get("rules", {})
            chosen.append(one | changes | {"source": source, "rules": rules})
        self.lab.configure(chosen)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return campaign.rows(self.lab, sql)

    def count(self, what: str) -> int:
        return int(self.rows(f"SELECT COUNT(*) n FROM {what}")[0]["n"])

    def last_run(self) -> int:
        return int(self.rows("SELECT COALESCE(MAX(run_id), 0) n FROM collector.job_run")[0]["n"])

    def queued(self, name: str) -> list[str]:
        """Client ids that wait to be called, the oldest debt first."""
        return [row["client"] for row in self.site.json("queue", "--instance", name, "--limit", "1000")]


@contextmanager
def opened(lab: Lab) -> Iterator[Providers]:
    today = datetime.now(UTC).date()
    with (
        _standing_in(SERRA, _with_busy_telephones(invent(CLIENTS, today=today, seed=21))) as serra,
        _standing_in(PRAIA, invent(CLIENTS, today=today, seed=22)) as praia,
        Site(lab.config_file, lab.folder) as site,
    ):
        made = Providers(lab, site, serra, praia)
        made.configure()
        lab.install_dialplan()
        site.run("migrate")
        site.run("sync")
        yield made


def charged_span() -> tuple[date, date]:
    """Due days of the bills people are called for; the zone of the tests has the day of UTC."""
    today = datetime.now(UTC).date()
    return today - timedelta(days=MAXIMUM_DAYS), today - timedelta(days=MINIMUM_DAYS)


def _with_busy_telephones(world: World) -> World:
    numbers = (number(Ending.BUSY, FIRST_NUMBER + index) for index in range(len(world.clients)))
    return replace(
        world,
        clients=tuple(
            replace(client, phones=(InventedPhone(one, one),))
            for client, one in zip(world.clients, numbers, strict=True)
        ),
    )


@contextmanager
def _standing_in(name: str, world: World) -> Iterator[Provider]:
    with IxcServer(world.clients, world.bills, world.contracts, world.cities) as server:
        yield Provider(name, world, server)
