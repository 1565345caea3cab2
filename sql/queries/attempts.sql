-- Claim and ledger: every UPDATE here is guarded, and its row count is the answer.

-- name: lock_instance
-- Serialises reservations of one instance, or its syncs, until commit.
SELECT instance FROM instance_lock WHERE instance = %(name)s FOR UPDATE;

-- name: add_lock
INSERT IGNORE INTO instance_lock (instance) VALUES (%(name)s);

-- name: count_open
SELECT COUNT(*) AS n FROM attempt WHERE open_in = %(instance)s;

-- name: add_ledger
-- Makes sure that the guarded UPDATE finds a row. Not IGNORE: that takes shared locks, and two instances that share
-- numbers would each wait for the other; this takes exclusive ones, in the order given (sorted).
INSERT INTO ledger (number) VALUES (%(number)s) ON DUPLICATE KEY UPDATE number = VALUES(number);

-- name: claim_entry
-- The figures are part of the guard: what is reserved is what the callee will be told.
UPDATE queue_entry SET state = 'claimed', changed_at = %(now)s
WHERE entry_id = %(entry_id)s AND instance = %(instance)s AND state = 'waiting' AND next_attempt_at <= %(now)s
  AND total = %(total)s AND bill_count = %(bill_count)s AND oldest_due = %(oldest_due)s;

-- name: take_ledger
-- SET runs left to right: prev_* are copied first, `tries` still sees the old day.
-- A day later than today (another zone is already in tomorrow) is refused: it must not reset the count.
UPDATE ledger SET
  prev_day = day, prev_tries = tries, prev_try_at = last_try_at,
  tries = IF(day = %(today)s, tries, 0) + 1,
  day = %(today)s, last_try_at = %(now)s, last_attempt = %(attempt_id)s
WHERE number = %(number)s
  AND (day IS NULL OR day < %(today)s OR (day = %(today)s AND tries < %(per_day)s))
  AND (last_try_at IS NULL OR last_try_at <= %(gap_start)s);

-- name: release_entries
-- Claimed a moment ago in this same transaction, but the ledger refused.
UPDATE queue_entry SET state = 'waiting' WHERE state = 'claimed' AND entry_id IN %(entry_ids)s;

-- name: add_attempt
INSERT INTO attempt (attempt_id, instance, entry_id, client_id, client_name, number, origination, state, total,
  bill_count, oldest_due, reserved_at)
VALUES (%(attempt_id)s, %(instance)s, %(entry_id)s, %(client_id)s, %(client_name)s, %(number)s, %(origination)s,
  %(state)s, %(total)s, %(bill_count)s, %(oldest_due)s, %(reserved_at)s);

-- name: mark_dialed
UPDATE attempt SET state = 'dialing' WHERE state = 'reserved' AND attempt_id IN %(attempt_ids)s;

-- name: mark_answered
-- `times` is "<attempt_id> <instant>;…": after the id (26 characters) and a blank stands its own instant (26 more).
UPDATE attempt SET state = 'answered', answered_at = SUBSTRING(%(times)s, LOCATE(attempt_id, %(times)s) + 27, 26)
WHERE attempt_id IN %(attempt_ids)s AND state IN ('reserved', 'dialing');

-- name: withdraw_attempt
UPDATE attempt SET state = 'withdrawn', reason = %(reason)s
WHERE attempt_id = %(attempt_id)s AND state = 'reserved';

-- name: give_back_ledger
-- Only while nobody else has taken the number since.
UPDATE ledger l JOIN attempt a ON a.number = l.number
SET l.day = l.prev_day, l.tries = l.prev_tries, l.last_try_at = l.prev_try_at, l.last_attempt = NULL
WHERE a.attempt_id = %(attempt_id)s AND l.last_attempt = %(attempt_id)s;

-- name: release_entry
UPDATE queue_entry e JOIN attempt a ON a.entry_id = e.entry_id
SET e.state = 'waiting', e.reason = %(reason)s
WHERE a.attempt_id = %(attempt_id)s AND e.state = 'claimed';

-- name: get_attempts
SELECT attempt_id, instance, entry_id, client_id, client_name, number, origination, state, total, bill_count,
  oldest_due, reserved_at, answered_at, ended_at
FROM attempt WHERE attempt_id IN %(attempt_ids)s;

-- name: open_since
SELECT attempt_id, instance, entry_id, client_id, client_name, number, origination, state, total, bill_count,
  oldest_due, reserved_at, answered_at, ended_at
FROM attempt WHERE open_in IS NOT NULL AND reserved_at < %(before)s ORDER BY reserved_at, attempt_id;
