"""The store over the PBX's own MariaDB or MySQL, and what doctor may ask of the server."""

from dataclasses import dataclass
from types import TracebackType

from worker.errors import StoreError
from worker.settings import Database
from worker.store import migrate, probe
from worker.store.agent_results import SqlAgentResults
from worker.store.alarms import SqlAlarms
from worker.store.attempts import SqlAttempts
from worker.store.brakes import SqlBrakes
from worker.store.catalogue import SqlCatalogue
from worker.store.counts import SqlCounts
from worker.store.do_not_call import SqlDoNotCall
from worker.store.engine import Db
from worker.store.heard import SqlHeard
from worker.store.history import SqlHistory
from worker.store.issabel_dnc import IssabelDnc
from worker.store.notes import SqlNotes
from worker.store.outcomes import SqlOutcomes
from worker.store.overview import SqlOverview
from worker.store.payments import SqlPayments
from worker.store.presence import SqlPresence
from worker.store.queue import SqlQueue
from worker.store.runs import SqlRuns
from worker.store_ports import Store


@dataclass(frozen=True, slots=True)
class OpenStore:
    """A store with its pool. Close it, or use it in a `with`."""

    db: Db
    store: Store

    def check(self) -> None:
        """SchemaMismatch unless the schema is this program's; StoreUnavailable when nobody answers."""
        migrate.check(self.db.database)

    def probe(self) -> list[probe.Finding]:
        """What doctor shows. Raises nothing: a server that does not answer is a finding."""
        try:
            current, newest = migrate.status(self.db.database)
        except StoreError as error:
            return [probe.Finding("connection", good=False, says=str(error))]
        schema = probe.Finding("schema", good=current == newest, says=f"version {current} of {newest}")
        return [schema, *probe.ask(self.db)]

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> "OpenStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(database: Database) -> OpenStore:
    """Connects when first used, so that a process may start before its database does."""
    db = Db(database)
    issabel = IssabelDnc(db)
    store = Store(
        catalogue=SqlCatalogue(db),
        overview=SqlOverview(db),
        alarms=SqlAlarms(db),
        queue=SqlQueue(db, issabel),
        attempts=SqlAttempts(db),
        outcomes=SqlOutcomes(db),
        runs=SqlRuns(db),
        presence=SqlPresence(db),
        do_not_call=SqlDoNotCall(db, issabel),
        brakes=SqlBrakes(db),
        counts=SqlCounts(db),
        notes=SqlNotes(db),
        agent_results=SqlAgentResults(db),
        history=SqlHistory(db, issabel),
        payments=SqlPayments(db),
        heard=SqlHeard(db),
    )
    return OpenStore(db, store)
