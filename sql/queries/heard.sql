-- What was heard of answered calls, and what somebody says who knows.

-- name: add_heard
-- IGNORE: what is there was written by the same call.
INSERT IGNORE INTO heard_call (attempt_id, instance, heard_at, seconds, status, cause, segments, voice, tones,
  opening)
VALUES (%(attempt_id)s, %(instance)s, %(heard_at)s, %(seconds)s, %(status)s, %(cause)s, %(segments)s,
  %(voice)s, %(tones)s, %(opening)s);

-- name: heard_ids
SELECT attempt_id FROM heard_call WHERE attempt_id IN %(attempt_ids)s;

-- name: label_heard
UPDATE heard_call SET label = %(label)s, labelled_at = %(now)s WHERE attempt_id = %(attempt_id)s;

-- name: heard_calls
SELECT h.attempt_id, h.instance, h.heard_at, h.seconds, h.status, h.cause, h.segments, h.voice, h.tones, h.opening,
  h.label,
  COALESCE(o.number, '') AS number, COALESCE(o.keys_pressed, '') AS keys_pressed
FROM heard_call h LEFT JOIN {cdr}.collector_outcome o ON o.attempt_id = h.attempt_id
WHERE h.heard_at >= %(since)s AND (%(instance)s IS NULL OR h.instance = %(instance)s)
ORDER BY h.heard_at DESC, h.attempt_id DESC LIMIT %(limit)s;

-- name: forget_heard
DELETE FROM heard_call WHERE instance = %(instance)s AND heard_at < %(before)s ORDER BY heard_at, attempt_id
LIMIT %(limit)s;
