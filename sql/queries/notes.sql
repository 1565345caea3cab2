-- What the ERP is to be told of a call: at most once each.

-- name: add_note
-- IGNORE: the outcome it comes with is written once; a second writer changes nothing.
INSERT IGNORE INTO erp_note (attempt_id, instance, client_id, text, day, state, changed_at)
VALUES (%(attempt_id)s, %(instance)s, %(client_id)s, %(text)s, %(day)s, %(state)s, %(changed_at)s);

-- name: notes_to_send
SELECT attempt_id, instance, client_id, text, day, state, error, changed_at FROM erp_note
WHERE state = 'waiting' AND instance = %(instance)s ORDER BY changed_at, attempt_id LIMIT %(limit)s;

-- name: move_note
-- The guard is what makes it at most once: marked `sending`, and committed, before it is sent.
UPDATE erp_note SET state = %(new)s, error = %(error)s, changed_at = %(now)s
WHERE attempt_id = %(attempt_id)s AND state = %(old)s;

-- name: give_up_notes
-- Whoever was sending them has died: the ERP may have taken them, so they are not sent again.
UPDATE erp_note SET state = 'failed', error = %(error)s, changed_at = %(now)s
WHERE state = 'sending' AND instance = %(instance)s;

-- name: unsent_notes
SELECT attempt_id, instance, client_id, text, day, state, error, changed_at FROM erp_note
WHERE state IN ('waiting', 'sending', 'failed') AND (%(instance)s IS NULL OR instance = %(instance)s)
ORDER BY changed_at, attempt_id LIMIT %(limit)s;
