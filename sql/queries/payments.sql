-- How a debtor can pay: the line that is said, and what is to be sent to him.

-- name: pay_line_of
-- One look at the beginning of open_by_client, which ends in due_date and, being InnoDB's, in bill_id.
SELECT pay_line FROM bill
WHERE instance = %(instance)s AND closed_at IS NULL AND client_id = %(client_id)s
  AND open_amount > 0 AND pay_line IS NOT NULL
ORDER BY due_date, bill_id LIMIT 1;

-- name: add_payment_request
-- Asked for twice in one call, it is one request.
INSERT INTO payment_request (attempt_id, instance, client_id, number, state, requested_at, due_at, changed_at)
VALUES (%(attempt_id)s, %(instance)s, %(client_id)s, %(number)s, 'waiting', %(now)s, %(now)s, %(now)s)
ON DUPLICATE KEY UPDATE attempt_id = VALUES(attempt_id);

-- name: due_payment_requests
SELECT attempt_id, instance, client_id, number, state, tries, requested_at, due_at, error FROM payment_request
WHERE instance = %(instance)s AND state IN ('waiting', 'sending') AND due_at <= %(now)s
ORDER BY due_at, attempt_id LIMIT %(limit)s;

-- name: take_payment_request
-- The guard is what makes it one sender's: committed before anything is sent. Who counts another number of tries than
-- he saw has been overtaken.
UPDATE payment_request SET state = 'sending', tries = tries + 1, due_at = %(until)s, changed_at = %(now)s
WHERE attempt_id = %(attempt_id)s AND state IN ('waiting', 'sending') AND tries = %(tries)s AND due_at <= %(now)s;

-- name: end_payment_try
UPDATE payment_request SET state = %(new)s, error = %(error)s, due_at = %(due_at)s, changed_at = %(now)s
WHERE attempt_id = %(attempt_id)s AND state = 'sending' AND tries = %(tries)s;

-- name: payment_requests
SELECT attempt_id, instance, client_id, number, state, tries, requested_at, due_at, error FROM payment_request
WHERE %(instance)s IS NULL OR instance = %(instance)s
ORDER BY requested_at DESC, attempt_id DESC LIMIT %(limit)s;
