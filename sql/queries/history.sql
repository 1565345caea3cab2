-- What explain, replay and plan read: one client's standing, the past of an entry, everybody who waits.

-- name: client_standing
SELECT c.client_id, c.name, c.person, c.document, c.client_type, c.neighbourhood, c.city, c.state, c.collectable,
  c.active, (SELECT MAX(k.no_notice_until) FROM contract k
             WHERE k.instance = c.instance AND k.client_id = c.client_id) AS no_notice_until
FROM client c WHERE c.instance = %(instance)s AND c.client_id = %(client_id)s;

-- name: owners_anywhere
SELECT DISTINCT instance, client_id FROM client_phone WHERE number = %(number)s ORDER BY instance, client_id;

-- name: entry_times
SELECT opened_at, changed_at FROM queue_entry WHERE entry_id = %(entry_id)s;

-- name: tries_to_numbers
SELECT a.attempt_id AS try_id, a.entry_id, a.number AS tried, a.debtor, a.state, a.reserved_at,
  a.ended_at AS closed_at, o.attempt_id, o.instance, o.client_id, o.number, o.ended_at, o.line_result, o.cause,
  o.tech_text, o.answerer, o.amd_status, o.amd_cause, o.heard, o.heard_seconds, o.result, o.keys_pressed,
  o.promise_day, o.ring_seconds, o.talk_seconds, o.short_call, o.source, o.uniqueid
FROM attempt a LEFT JOIN {cdr}.collector_outcome o ON o.attempt_id = a.attempt_id
WHERE a.number IN %(numbers)s AND a.reserved_at >= %(since)s AND a.reserved_at < %(before)s;

-- name: tries_of_debtor
SELECT a.attempt_id AS try_id, a.entry_id, a.number AS tried, a.debtor, a.state, a.reserved_at,
  a.ended_at AS closed_at, o.attempt_id, o.instance, o.client_id, o.number, o.ended_at, o.line_result, o.cause,
  o.tech_text, o.answerer, o.amd_status, o.amd_cause, o.heard, o.heard_seconds, o.result, o.keys_pressed,
  o.promise_day, o.ring_seconds, o.talk_seconds, o.short_call, o.source, o.uniqueid
FROM attempt a LEFT JOIN {cdr}.collector_outcome o ON o.attempt_id = a.attempt_id
WHERE a.debtor = %(debtor)s AND a.debtor <> '' AND a.reserved_at >= %(since)s AND a.reserved_at < %(before)s;

-- name: blocks_dated
SELECT number, instance, client_id, created_at FROM number_block WHERE number IN %(numbers)s;

-- name: bills_read
SELECT MAX(finished_at) AS read_at FROM job_run
WHERE job = 'bills' AND instance = %(instance)s AND status = 'done' AND finished_at < %(before)s;

-- name: waiting_after
-- Everybody who waits, in the order of the queue, a part at a time: those behind the last one read.
SELECT e.entry_id, e.instance, e.client_id, e.state, e.total, e.bill_count, e.oldest_due, e.next_attempt_at, e.reason,
  e.turn, e.bumped_at, e.after_sync, c.document, c.city
FROM queue_entry e LEFT JOIN client c ON c.instance = e.instance AND c.client_id = e.client_id
WHERE e.instance = %(instance)s AND e.state = %(state)s
  AND (e.turn > %(turn)s OR (e.turn = %(turn)s AND e.entry_id > %(entry_id)s))
ORDER BY e.turn, e.entry_id LIMIT %(limit)s;

-- name: numbers_of
SELECT client_id, number, kind, repaired, source, 0 AS shared FROM client_phone
WHERE instance = %(instance)s AND client_id IN %(client_ids)s ORDER BY client_id, position;

-- name: numbers_alone
SELECT client_id, number, kind FROM client_phone
WHERE instance = %(instance)s AND client_id IN %(client_ids)s ORDER BY client_id, position;

-- name: endings_by_hour
-- Hours are UTC's: whoever asks knows the zone.
SELECT HOUR(ended_at) AS hour, line_result, answerer, result, COUNT(*) AS calls,
  SUM(ring_seconds + talk_seconds) AS seconds
FROM {cdr}.collector_outcome
WHERE ended_at >= %(start)s AND ended_at < %(end)s AND instance = %(instance)s
GROUP BY HOUR(ended_at), line_result, answerer, result
ORDER BY hour, line_result, answerer, result;
