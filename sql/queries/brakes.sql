-- What holds dialling back. Few rows: at most one an instance and kind; `brakes` is the lock of them.

-- name: brakes
SELECT instance, kind, hang_up, reason, set_by, since, until FROM brake ORDER BY instance, kind;

-- name: brake_of
SELECT instance, kind, hang_up, reason, set_by, since, until FROM brake
WHERE instance = %(instance)s AND kind = %(kind)s;

-- name: put_brake
INSERT INTO brake (instance, kind, hang_up, reason, set_by, since, until)
VALUES (%(instance)s, %(kind)s, %(hang_up)s, %(reason)s, %(set_by)s, %(since)s, %(until)s)
ON DUPLICATE KEY UPDATE hang_up = VALUES(hang_up), reason = VALUES(reason), set_by = VALUES(set_by),
  since = VALUES(since), until = VALUES(until);

-- name: holding_brakes
-- FOR UPDATE: of two who resume at once, one ends it.
SELECT instance, kind, hang_up, reason, set_by, since, until FROM brake
WHERE (%(instance)s IS NULL OR instance = %(instance)s) AND (until IS NULL OR until > %(now)s)
ORDER BY instance, kind FOR UPDATE;

-- name: end_brakes
UPDATE brake SET until = %(now)s
WHERE (%(instance)s IS NULL OR instance = %(instance)s) AND (until IS NULL OR until > %(now)s);
