"""What `bench queue` works on: clients and bills made inside the server; and its baseline, written by hand."""

import time
from dataclasses import dataclass
from datetime import date

from tests.bench import sync_load
from tests.lab.mariadb import PrivateMariaDb

NAME = "bench"
DUE_DAYS = 290  # bills fell due on one of so many days, the last of them ten days ago
TRIED_EVERY = 3  # a number in so many was called before
_PRIME = 7919  # so that neighbouring bills are not of neighbouring clients

_CLIENTS = """
INSERT INTO collector.client (instance, client_id, name, person, document, digest, seen_at)
SELECT %s, seq, CONCAT('Cliente ', seq), 'natural', LPAD(seq, 11, '0'), seq, NOW(6) FROM seq_1_to_{clients}
"""
_PHONES = """
INSERT INTO collector.client_phone (instance, client_id, position, number, kind)
SELECT %s, c.seq, p.seq, CONCAT('+55119', 60000000 + 2 * c.seq + p.seq), 'mobile'
FROM seq_1_to_{clients} c JOIN seq_0_to_1 p
"""
_BILLS = """
INSERT INTO collector.bill (instance, bill_id, client_id, due_date, amount, open_amount, status, digest, seen_at)
SELECT %s, seq, 1 + seq * {prime} %% {clients}, %s - INTERVAL (10 + seq * 31 %% {days}) DAY,
  50 + seq %% 200, 50 + seq %% 200, 'open', seq, NOW(6) FROM seq_1_to_{bills}
"""
_LEDGER = """
INSERT INTO collector.ledger (who, day, recent, last_try_at)
SELECT number, %s - INTERVAL 1 DAY, 2, %s - INTERVAL 1 DAY
FROM collector.client_phone WHERE client_id %% {tried} = 0
"""
_OUTCOMES = """
INSERT INTO asteriskcdrdb.collector_outcome (attempt_id, instance, client_id, number, ended_at, line_result,
  answerer, heard, result, short_call, source)
SELECT LPAD(CONCAT(p.client_id, p.position, s.seq), 26, '0'), p.instance, p.client_id, p.number,
  %s - INTERVAL s.seq DAY, IF(s.seq %% 2, 'no_answer', 'answered'), IF(s.seq %% 2, 'nobody', 'human'), 'nothing',
  'none', 0, 'handler'
FROM collector.client_phone p JOIN seq_1_to_3 s WHERE p.client_id %% {tried} = 0
"""
_BASELINE = """
INSERT INTO baseline.queue_entry (instance, client_id, state, total, bill_count, oldest_due, turn, next_attempt_at,
  opened_at, changed_at)
SELECT b.instance, b.client_id, 'waiting', SUM(b.open_amount), COUNT(*), MIN(b.due_date),
  TO_DAYS(MIN(b.due_date)) - 365, '1970-01-01', NOW(6), NOW(6)
FROM collector.bill b JOIN collector.client c ON c.instance = b.instance AND c.client_id = b.client_id
WHERE b.instance = %s AND b.closed_at IS NULL AND b.open_amount > 0 AND c.active = 1 AND c.collectable = 1
  AND b.due_date BETWEEN %s - INTERVAL 365 DAY AND %s - INTERVAL 7 DAY
GROUP BY b.client_id
"""
_SAME = """
SELECT COUNT(*) FROM collector.queue_entry q JOIN baseline.queue_entry b USING (instance, client_id)
WHERE (q.total, q.bill_count, q.oldest_due, q.turn) = (b.total, b.bill_count, b.oldest_due, b.turn)
"""
_CHANGED = "UPDATE collector.bill SET open_amount = open_amount + 1 WHERE bill_id %% 100 = 7 AND instance = %s"
_AT_WORK = """
UPDATE collector.queue_entry SET next_attempt_at = NOW(6) + INTERVAL 4 HOUR
WHERE instance = %s ORDER BY turn, entry_id LIMIT {calls}
"""


@dataclass(frozen=True, slots=True)
class Load:
    """Clients and bills of one instance on one server."""

    server: PrivateMariaDb
    clients: int
    bills: int
    today: date

    def make(self) -> None:
        """Everything but the queue. Who was called before has a ledger and outcomes."""
        sync_load.fresh(self.server)
        made = [
            (_CLIENTS, [NAME]),
            (_PHONES, [NAME]),
            (_BILLS, [NAME, self.today]),
            (_LEDGER, [self.today, self.today]),
            (_OUTCOMES, [self.today]),
        ]
        sizes = {
            "clients": self.clients,
            "bills": self.bills,
            "prime": _PRIME,
            "days": DUE_DAYS,
            "tried": TRIED_EVERY,
        }
        with self.server.root() as cursor:
            cursor.execute("USE collector")  # sequences need a schema
            for statement, values in made:
                cursor.execute(statement.format(**sizes), values)
            for table in ("client", "client_phone", "bill", "ledger"):
                cursor.execute(f"ANALYZE TABLE collector.{table}")

    def empty(self) -> None:
        """No queue on either side, and nothing of it left to be written back."""
        with self.server.root() as cursor:
            cursor.execute("CREATE DATABASE IF NOT EXISTS baseline")
            cursor.execute("DROP TABLE IF EXISTS baseline.queue_entry")
            cursor.execute("CREATE TABLE baseline.queue_entry LIKE collector.queue_entry")
            cursor.execute("TRUNCATE TABLE collector.queue_entry")
            cursor.execute("FLUSH TABLES collector.queue_entry, baseline.queue_entry, collector.bill FOR EXPORT")
            cursor.execute("UNLOCK TABLES")

    def baseline(self) -> float:
        """Seconds of the hand-written statement, commit included."""
        with self.server.root() as cursor:
            started = time.monotonic()
            cursor.execute(_BASELINE, [NAME, self.today, self.today])
            return time.monotonic() - started

    def same(self) -> int:
        """Entries that both sides made alike. RuntimeError unless that is all of them."""
        with self.server.root() as cursor:
            cursor.execute("ANALYZE TABLE collector.queue_entry, baseline.queue_entry")
            found = []
            counts = ("SELECT COUNT(*) FROM collector.queue_entry", "SELECT COUNT(*) FROM baseline.queue_entry")
            for query in (*counts, _SAME):
                cursor.execute(query)
                found.append(int(cursor.fetchone()[0]))
        if len(set(found)) != 1 or not found[0]:
            raise RuntimeError(f"ours made {found[0]} entries, the statement {found[1]}, and {found[2]} are alike")
        return found[0]

    def change(self) -> None:
        """One bill in a hundred owes more."""
        with self.server.root() as cursor:
            cursor.execute(_CHANGED, [NAME])

    def at_work(self, calls: int) -> None:
        """As after so many calls this morning: the first of the queue wait for their next time."""
        with self.server.root() as cursor:
            cursor.execute(_AT_WORK.format(calls=calls), [NAME])
