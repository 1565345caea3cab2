-- The queue brought in line with the stored bills, in the database: a range of client ids a transaction. `owed` lives
-- in the connection and holds the debtors of the range. The reference: core/debtors.merge, core/queueing, core/priority.

-- name: range_end
-- The last of the next so many clients; no row: fewer are left.
SELECT client_id FROM client WHERE instance = %(instance)s AND client_id > %(after)s
ORDER BY client_id LIMIT 1 OFFSET %(skip)s;

-- name: count_entries
SELECT COUNT(*) AS n FROM queue_entry WHERE instance = %(instance)s AND open_key IS NOT NULL;

-- name: drop_owed
DROP TEMPORARY TABLE IF EXISTS owed;

-- name: make_owed
-- `listed`: on the do-not-call list. `nearness`, `level`: core/priority.factor and .Reached. `entry_id`: his open entry,
-- which has `other` figures, or would only be `moved`.
CREATE TEMPORARY TABLE owed (
  client_id  VARCHAR(40)   NOT NULL,
  total      DECIMAL(12,2) NOT NULL,
  bill_count INT           NOT NULL,
  oldest_due DATE          NOT NULL,
  listed     TINYINT       NOT NULL,
  turn       BIGINT        NOT NULL DEFAULT 0,
  nearness   TINYINT       NOT NULL DEFAULT 1,
  level      TINYINT       NOT NULL DEFAULT 0,
  entry_id   BIGINT        NULL,
  other      TINYINT       NOT NULL DEFAULT 0,
  moved      TINYINT       NOT NULL DEFAULT 0,
  PRIMARY KEY (client_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- name: any_number_listed
SELECT EXISTS (SELECT 1 FROM do_not_call WHERE number > '') AS n;

-- name: fill_owed
-- Listed: the person, or all of his numbers; these are looked up only where any number is listed at all.
INSERT INTO owed (client_id, total, bill_count, oldest_due, listed)
SELECT s.client_id, s.total, s.bill_count, s.oldest_due, EXISTS (
    SELECT 1 FROM do_not_call d
    WHERE d.document = c.document AND d.document <> '' AND d.number = '' AND d.instance IN ('', %(instance)s)
      AND (d.expires_on IS NULL OR d.expires_on > %(today)s))
  OR (%(numbers_listed)s AND COALESCE((
    SELECT MIN(EXISTS (
      SELECT 1 FROM do_not_call d
      WHERE d.number = p.number AND d.instance IN ('', %(instance)s)
        AND (d.expires_on IS NULL OR d.expires_on > %(today)s)))
    FROM client_phone p WHERE p.instance = %(instance)s AND p.client_id = s.client_id), 0))
FROM (
  SELECT b.client_id, SUM(b.open_amount) AS total, COUNT(*) AS bill_count, MIN(b.due_date) AS oldest_due
  FROM bill b
  WHERE b.instance = %(instance)s AND b.closed_at IS NULL AND b.client_id > %(after)s AND b.client_id <= %(upto)s
    AND b.due_date BETWEEN %(due_from)s AND %(due_until)s AND b.open_amount > 0
  GROUP BY b.client_id) s
JOIN client c ON c.instance = %(instance)s AND c.client_id = s.client_id AND c.active = 1 AND c.collectable = 1
WHERE NOT EXISTS (
  SELECT 1 FROM contract k
  WHERE k.instance = %(instance)s AND k.client_id = s.client_id AND k.no_notice_until >= %(today)s);

-- name: fill_owed_again
-- From the entries as they stand, where only the order is to change.
INSERT INTO owed (client_id, total, bill_count, oldest_due, listed)
SELECT client_id, total, bill_count, oldest_due, 0 FROM queue_entry
WHERE instance = %(instance)s AND open_key > %(after)s AND open_key <= %(upto)s;

-- name: learn_owed
-- How near this hour is to that in which a person last answered, and how good it is: core/priority.level.
UPDATE owed o JOIN (
  SELECT n.client_id, HOUR(TIMESTAMPADD(MINUTE, %(offset)s, MAX(n.last_at))) AS last_hour,
    MAX(CASE WHEN n.last_at IS NULL THEN n.good WHEN n.here THEN 2 ELSE 0 END) AS level
  FROM (
    SELECT p.client_id, p.number, MAX(a.ended_at) AS last_at,
      MAX(HOUR(TIMESTAMPADD(MINUTE, %(offset)s, a.ended_at)) = %(hour)s) AS here,
      CONCAT(LEFT(p.number, 5), '/', CHAR_LENGTH(p.number)) IN %(good)s AS good
    FROM client_phone p LEFT JOIN {cdr}.collector_outcome a
      ON a.number = p.number AND a.ended_at > %(since)s AND a.ended_at <= %(now)s AND a.answerer = 'human'
      AND a.line_result IN %(rang)s
    WHERE p.instance = %(instance)s AND p.client_id > %(after)s AND p.client_id <= %(upto)s
    GROUP BY p.client_id, p.number) n
  GROUP BY n.client_id) k ON k.client_id = o.client_id
SET o.level = k.level,
  o.nearness = CASE LEAST(ABS(k.last_hour - %(hour)s), 24 - ABS(k.last_hour - %(hour)s))
    WHEN 0 THEN 4 WHEN 1 THEN 2 ELSE 1 END;

-- name: rank_owed
-- core/priority.turn; days are counted as Python counts them.
UPDATE owed SET turn = CASE %(order)s
    WHEN 'oldest' THEN TO_DAYS(oldest_due) - 365
    WHEN 'amount' THEN -CAST(total * 100 AS SIGNED)
    ELSE -CAST(LEAST(GREATEST(DATEDIFF(%(today)s, oldest_due), 1) * total * 100 * nearness, %(most)s - 1) AS SIGNED)
  END - IF(%(best_hour)s, level * %(most)s, 0);

-- name: match_owed
-- What follows locks only the entries that are to change: the dialler takes others meanwhile.
UPDATE owed o JOIN queue_entry e ON e.instance = %(instance)s AND e.open_key = o.client_id
SET o.entry_id = e.entry_id, o.moved = e.bumped_at IS NULL AND e.turn <> o.turn,
  o.other = e.total <> o.total OR e.bill_count <> o.bill_count OR e.oldest_due <> o.oldest_due;

-- name: wake_owed
-- Parked until the debt changes. Apart from the figures: a joined UPDATE promises no order of its SETs.
UPDATE owed o JOIN queue_entry e ON e.entry_id = o.entry_id
SET e.reason = '', e.next_attempt_at = %(at_once)s
WHERE o.other = 1 AND o.listed = 0 AND e.next_attempt_at >= %(parked)s;

-- name: refresh_owed
UPDATE owed o JOIN queue_entry e ON e.entry_id = o.entry_id
SET e.total = o.total, e.bill_count = o.bill_count, e.oldest_due = o.oldest_due,
  e.turn = IF(e.bumped_at IS NULL, o.turn, e.turn), e.changed_at = %(now)s
WHERE o.other = 1 AND o.listed = 0 AND e.state IN ('waiting', 'claimed');

-- name: reorder_owed
UPDATE owed o JOIN queue_entry e ON e.entry_id = o.entry_id
SET e.turn = o.turn
WHERE o.moved = 1 AND o.other = 0 AND o.listed = 0 AND e.bumped_at IS NULL AND e.state IN ('waiting', 'claimed');

-- name: unowed_entries
SELECT e.entry_id, e.state, COALESCE(o.listed, 0) AS listed
FROM queue_entry e LEFT JOIN owed o ON o.client_id = e.open_key
WHERE e.instance = %(instance)s AND e.open_key > %(after)s AND e.open_key <= %(upto)s
  AND (o.client_id IS NULL OR o.listed = 1);

-- name: open_owed
-- IGNORE: the unique key one_open refuses a second open entry of the same client.
INSERT IGNORE INTO queue_entry (instance, client_id, state, total, bill_count, oldest_due, turn, next_attempt_at,
  opened_at, changed_at)
SELECT %(instance)s, client_id, 'waiting', total, bill_count, oldest_due, turn, %(at_once)s, %(now)s, %(now)s
FROM owed WHERE listed = 0 AND entry_id IS NULL ORDER BY client_id;

-- name: hours_alike
-- Of all numbers that rang, by what those like them share (core/priority.alike).
SELECT CONCAT(LEFT(number, 5), '/', CHAR_LENGTH(number)) AS alike,
  HOUR(TIMESTAMPADD(MINUTE, %(offset)s, ended_at)) AS hour, COUNT(*) AS calls, SUM(answerer = 'human') AS persons
FROM {cdr}.collector_outcome
WHERE ended_at > %(since)s AND ended_at <= %(now)s AND line_result IN %(rang)s
GROUP BY CONCAT(LEFT(number, 5), '/', CHAR_LENGTH(number)), HOUR(TIMESTAMPADD(MINUTE, %(offset)s, ended_at));

-- name: hours_of
SELECT number, HOUR(TIMESTAMPADD(MINUTE, %(offset)s, ended_at)) AS hour, COUNT(*) AS calls,
  SUM(answerer = 'human') AS persons
FROM {cdr}.collector_outcome
WHERE number IN %(numbers)s AND ended_at > %(since)s AND ended_at <= %(now)s AND line_result IN %(rang)s
GROUP BY number, HOUR(TIMESTAMPADD(MINUTE, %(offset)s, ended_at));

-- name: count_waiting
SELECT COUNT(*) AS n FROM queue_entry WHERE instance = %(instance)s AND state = 'waiting';

-- name: count_ahead
SELECT COUNT(*) AS n FROM queue_entry
WHERE instance = %(instance)s AND state = 'waiting' AND (turn < %(turn)s OR (turn = %(turn)s AND entry_id < %(entry_id)s));

-- name: bump_entry
UPDATE queue_entry SET bumped_at = %(now)s, turn = %(turn)s
WHERE instance = %(instance)s AND client_id = %(client_id)s AND state = 'waiting' AND bumped_at IS NULL;

-- name: unbump_entry
UPDATE queue_entry SET bumped_at = NULL, turn = %(turn)s
WHERE entry_id = %(entry_id)s AND state IN ('waiting', 'claimed') AND bumped_at IS NOT NULL;
