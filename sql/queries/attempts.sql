-- Claim and ledger: every UPDATE here is guarded, and its row count is the answer.

-- name: lock_instance
-- Serialises reservations of one instance, or its syncs, until commit.
SELECT instance FROM instance_lock WHERE instance = %(name)s FOR UPDATE;

-- name: count_on_trunk
-- Of all instances that share it.
SELECT COUNT(*) AS n FROM attempt WHERE open_in IS NOT NULL AND trunk = %(trunk)s;

-- name: add_lock
INSERT IGNORE INTO instance_lock (instance) VALUES (%(name)s);

-- name: count_open
SELECT COUNT(*) AS n FROM attempt WHERE open_in = %(instance)s;

-- name: add_ledger
-- Makes sure that the guarded UPDATE finds a row. Not IGNORE: that takes shared locks, and two instances that share
-- numbers would each wait for the other; this takes exclusive ones, in the order given (sorted).
INSERT INTO ledger (who) VALUES (%(who)s) ON DUPLICATE KEY UPDATE who = VALUES(who);

-- name: claim_entries
-- The figures are part of the guard: what is reserved is what the callee will be told. In `claims`, ";<entry>=<attempt>"
-- for each: the value of a row is found by its key.
UPDATE queue_entry SET state = 'claimed', changed_at = %(now)s,
  claim = SUBSTRING(%(claims)s, LOCATE(CONCAT(';', entry_id, '='), %(claims)s) + LENGTH(entry_id) + 2, 26)
WHERE entry_id IN %(entry_ids)s AND instance = %(instance)s AND state = 'waiting' AND next_attempt_at <= %(now)s
  AND (entry_id, total, bill_count, oldest_due) IN %(figures)s;

-- name: claims_held
SELECT entry_id, claim FROM queue_entry WHERE entry_id IN %(entry_ids)s AND state = 'claimed';

-- name: take_ledger
-- SET runs left to right: prev_* are copied first, `recent` still sees the old day, whose tries move up four bits a day.
-- A day later than today (another zone is already in tomorrow) is refused: it must not reset the count.
-- Core's rule is the same: core/ledger.py.
UPDATE ledger SET
  prev_day = day, prev_recent = recent, prev_try_at = last_try_at,
  recent = IF(day IS NULL OR DATEDIFF(%(today)s, day) > 6, 0,
    (recent << 4 * DATEDIFF(%(today)s, day)) & 268435455) + 1,
  day = %(today)s, last_try_at = %(now)s,
  last_attempt = SUBSTRING(%(attempts)s, LOCATE(CONCAT(';', who, '='), %(attempts)s) + CHAR_LENGTH(who) + 2, 26)
WHERE who IN %(who)s
  AND (day IS NULL OR day < %(today)s OR (day = %(today)s AND recent & 15 < %(per_day)s))
  AND (last_try_at IS NULL OR last_try_at <= %(gap_start)s)
  AND (quiet_until IS NULL OR quiet_until <= %(now)s)
  AND (%(per_week)s IS NULL OR day IS NULL OR DATEDIFF(%(today)s, day) > 6 OR (
    (recent & 15) + IF(DATEDIFF(%(today)s, day) < 6, recent >> 4 & 15, 0)
    + IF(DATEDIFF(%(today)s, day) < 5, recent >> 8 & 15, 0) + IF(DATEDIFF(%(today)s, day) < 4, recent >> 12 & 15, 0)
    + IF(DATEDIFF(%(today)s, day) < 3, recent >> 16 & 15, 0) + IF(DATEDIFF(%(today)s, day) < 2, recent >> 20 & 15, 0)
    + IF(DATEDIFF(%(today)s, day) < 1, recent >> 24 & 15, 0)) < %(per_week)s);

-- name: still_open
-- Who is being rung, or so it seems: never a second call on top of the first, even if the gap is over by a clock that
-- was set forward. It reads without locks: the rows of the ledger are locked, and an open attempt can only end.
SELECT l.who FROM ledger l JOIN attempt a ON a.attempt_id = l.last_attempt
WHERE l.who IN %(who)s AND a.open_in IS NOT NULL;

-- name: ledger_takers
SELECT who, last_attempt FROM ledger WHERE who IN %(who)s;

-- name: give_back_taken
-- Taken a moment ago in this same transaction: nobody else can have.
UPDATE ledger SET day = prev_day, recent = prev_recent, last_try_at = prev_try_at, last_attempt = NULL
WHERE who IN %(who)s;

-- name: release_entries
-- Claimed a moment ago in this same transaction, but the ledger refused.
UPDATE queue_entry SET state = 'waiting', claim = NULL WHERE state = 'claimed' AND entry_id IN %(entry_ids)s;

-- name: add_attempt
INSERT INTO attempt (attempt_id, instance, entry_id, client_id, client_name, number, origination, state, total,
  bill_count, oldest_due, updated_total, reserved_at, debtor, trunk, caller_id)
VALUES (%(attempt_id)s, %(instance)s, %(entry_id)s, %(client_id)s, %(client_name)s, %(number)s, %(origination)s,
  %(state)s, %(total)s, %(bill_count)s, %(oldest_due)s, %(updated_total)s, %(reserved_at)s, %(debtor)s, %(trunk)s,
  %(caller_id)s);

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
UPDATE ledger l JOIN attempt a ON l.who IN (a.number, a.debtor)
SET l.day = l.prev_day, l.recent = l.prev_recent, l.last_try_at = l.prev_try_at, l.last_attempt = NULL
WHERE a.attempt_id = %(attempt_id)s AND l.last_attempt = %(attempt_id)s;

-- name: release_entry
UPDATE queue_entry e JOIN attempt a ON a.entry_id = e.entry_id
SET e.state = 'waiting', e.claim = NULL, e.reason = %(reason)s
WHERE a.attempt_id = %(attempt_id)s AND e.state = 'claimed';

-- name: get_attempts
-- How the debtor's calls ended before this one is known while this one holds the entry.
SELECT a.attempt_id, a.instance, a.entry_id, a.client_id, a.client_name, a.number, a.origination, a.state, a.total,
  a.bill_count, a.oldest_due, a.updated_total, a.reserved_at, a.answered_at, a.ended_at, a.debtor, a.trunk,
  a.caller_id,
  COALESCE(e.last_ending, '') AS last_ending, COALESCE(e.in_a_row, 0) AS in_a_row
FROM attempt a LEFT JOIN queue_entry e ON e.entry_id = a.entry_id AND e.claim = a.attempt_id
WHERE a.attempt_id IN %(attempt_ids)s;

-- name: open_since
-- `reserved_at` as reconciliation reckons: see clock_put_back.
SELECT a.attempt_id, a.instance, a.entry_id, a.client_id, a.client_name, a.number, a.origination, a.state, a.total,
  a.bill_count, a.oldest_due, a.updated_total, COALESCE(a.open_from, a.reserved_at) AS reserved_at, a.answered_at,
  a.ended_at, a.debtor,
  a.trunk, a.caller_id, COALESCE(e.last_ending, '') AS last_ending, COALESCE(e.in_a_row, 0) AS in_a_row
FROM attempt a LEFT JOIN queue_entry e ON e.entry_id = a.entry_id AND e.claim = a.attempt_id
WHERE a.open_in IS NOT NULL AND COALESCE(a.open_from, a.reserved_at) < %(before)s
ORDER BY COALESCE(a.open_from, a.reserved_at), a.attempt_id;

-- name: clock_put_back
-- They may be moments old or not: counting from now they are given up a little late, never too early.
UPDATE attempt SET open_from = %(now)s
WHERE open_in IS NOT NULL AND COALESCE(open_from, reserved_at) > %(after)s;
