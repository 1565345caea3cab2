-- The queue of debtors, and what is known of their numbers.

-- name: open_entries
SELECT entry_id, instance, client_id, state, total, bill_count, oldest_due, next_attempt_at, reason, turn, bumped_at,
  after_sync
FROM queue_entry WHERE instance = %(instance)s AND open_key IS NOT NULL ORDER BY turn, entry_id;

-- name: open_entry
-- IGNORE: the unique key one_open refuses a second open entry of the same client.
INSERT IGNORE INTO queue_entry (instance, client_id, state, total, bill_count, oldest_due, turn, next_attempt_at,
  opened_at, changed_at)
VALUES (%(instance)s, %(client_id)s, %(state)s, %(total)s, %(bill_count)s, %(oldest_due)s, %(turn)s, %(at_once)s,
  %(now)s, %(now)s);

-- name: refresh_entry
-- SET runs left to right: `reason` still sees the old next_attempt_at. A parked entry wakes up.
UPDATE queue_entry SET total = %(total)s, bill_count = %(bill_count)s, oldest_due = %(oldest_due)s,
  turn = IF(bumped_at IS NULL, %(turn)s, turn),
  reason = IF(next_attempt_at >= %(parked)s, '', reason),
  next_attempt_at = IF(next_attempt_at >= %(parked)s, %(at_once)s, next_attempt_at),
  changed_at = %(now)s
WHERE entry_id = %(entry_id)s AND instance = %(instance)s AND state IN ('waiting', 'claimed');

-- name: close_entries
-- Only WAITING: a claimed entry belongs to its call; the sync after it closes it.
UPDATE queue_entry SET state = 'done', reason = %(reason)s, changed_at = %(now)s
WHERE instance = %(instance)s AND state = 'waiting' AND entry_id IN %(entry_ids)s;

-- name: waiting_entries
SELECT e.entry_id, e.instance, e.client_id, e.state, e.total, e.bill_count, e.oldest_due, e.next_attempt_at, e.reason,
  e.turn, e.bumped_at, e.after_sync, c.name AS client_name, c.document, c.city, a.complete_at AS synced_at
FROM queue_entry e LEFT JOIN client c ON c.instance = e.instance AND c.client_id = e.client_id
LEFT JOIN answer a ON a.instance = e.instance AND a.kind = 'bills'
WHERE e.instance = %(instance)s AND e.state = 'waiting' AND e.next_attempt_at <= %(now)s
ORDER BY e.turn, e.entry_id LIMIT %(limit)s;

-- name: open_entry_of
SELECT e.entry_id, e.instance, e.client_id, e.state, e.total, e.bill_count, e.oldest_due, e.next_attempt_at, e.reason,
  e.turn, e.bumped_at, e.after_sync, c.name AS client_name, c.document, c.city, a.complete_at AS synced_at
FROM queue_entry e LEFT JOIN client c ON c.instance = e.instance AND c.client_id = e.client_id
LEFT JOIN answer a ON a.instance = e.instance AND a.kind = 'bills'
WHERE e.instance = %(instance)s AND e.open_key = %(client_id)s;

-- name: entries_with_number
SELECT DISTINCT e.entry_id, e.instance, e.client_id, e.state, e.total, e.bill_count, e.oldest_due, e.next_attempt_at,
  e.reason, e.turn, e.bumped_at, e.after_sync, c.name AS client_name, c.document, c.city, a.complete_at AS synced_at
FROM client_phone p
JOIN queue_entry e ON e.instance = p.instance AND e.client_id = p.client_id
LEFT JOIN client c ON c.instance = e.instance AND c.client_id = e.client_id
LEFT JOIN answer a ON a.instance = e.instance AND a.kind = 'bills'
WHERE p.number = %(number)s ORDER BY e.entry_id;

-- name: postpone_entry
UPDATE queue_entry SET reason = %(reason)s, next_attempt_at = %(until)s
WHERE entry_id = %(entry_id)s AND state = 'waiting';

-- name: wake_clients
-- Parked until what forbids it changes: now something of the client has.
UPDATE queue_entry SET reason = '', next_attempt_at = %(at_once)s
WHERE instance = %(instance)s AND open_key IN %(client_ids)s AND state = 'waiting' AND next_attempt_at >= %(parked)s;

-- name: wake_numbers
UPDATE client_phone p JOIN queue_entry e ON e.instance = p.instance AND e.open_key = p.client_id
SET e.reason = '', e.next_attempt_at = %(at_once)s
WHERE p.number IN %(numbers)s AND e.state = 'waiting' AND e.next_attempt_at >= %(parked)s;

-- name: wake_people
UPDATE client c JOIN queue_entry e ON e.instance = c.instance AND e.open_key = c.client_id
SET e.reason = '', e.next_attempt_at = %(at_once)s
WHERE c.document IN %(documents)s AND e.state = 'waiting' AND e.next_attempt_at >= %(parked)s;

-- name: phones_of
-- `shared`: another active client has the number too.
SELECT p.client_id, p.number, p.kind, p.repaired, p.source, EXISTS (
    SELECT 1 FROM client_phone o
    JOIN client c ON c.instance = o.instance AND c.client_id = o.client_id AND c.active = 1
    WHERE o.number = p.number AND o.instance = p.instance AND o.client_id <> p.client_id) AS shared
FROM client_phone p
WHERE p.instance = %(instance)s AND p.client_id IN %(client_ids)s ORDER BY p.client_id, p.position;

-- name: ledger_of
-- A row without a last try was only made ready for one.
SELECT who, day, recent, last_try_at, quiet_until FROM ledger
WHERE who IN %(who)s AND (last_try_at IS NOT NULL OR quiet_until IS NOT NULL);

-- name: blocks_of
SELECT number, instance, client_id, reason FROM number_block WHERE number IN %(numbers)s
ORDER BY number, instance, client_id;

-- name: last_outcomes
-- Each client's newest call to each of his numbers, and the newest that a person answered; the latest last. Each is one
-- look at the end of an index (by_client, by_answerer), however long the history.
SELECT o.client_id, o.number, o.ended_at, o.line_result, o.answerer, o.heard, o.result, o.attempt_id
FROM client_phone p JOIN {cdr}.collector_outcome o ON o.attempt_id = (
  SELECT x.attempt_id FROM {cdr}.collector_outcome x
  WHERE x.instance = p.instance AND x.client_id = p.client_id AND x.number = p.number
  ORDER BY x.ended_at DESC, x.attempt_id DESC LIMIT 1)
WHERE p.instance = %(instance)s AND p.client_id IN %(client_ids)s
UNION
SELECT o.client_id, o.number, o.ended_at, o.line_result, o.answerer, o.heard, o.result, o.attempt_id
FROM client_phone p JOIN {cdr}.collector_outcome o ON o.attempt_id = (
  SELECT x.attempt_id FROM {cdr}.collector_outcome x
  WHERE x.instance = p.instance AND x.client_id = p.client_id AND x.number = p.number AND x.answerer = 'human'
  ORDER BY x.ended_at DESC, x.attempt_id DESC LIMIT 1)
WHERE p.instance = %(instance)s AND p.client_id IN %(client_ids)s
ORDER BY ended_at, attempt_id;

-- name: attempts_to
SELECT attempt_id, instance, entry_id, client_id, client_name, number, origination, state, total, bill_count,
  oldest_due, updated_total, reserved_at, answered_at, ended_at, debtor, trunk, caller_id
FROM attempt WHERE number = %(number)s ORDER BY reserved_at DESC, attempt_id DESC LIMIT 20;
