-- How attempts ended; Asterisk's own `cdr` is only read.

-- name: add_outcome
-- IGNORE: the primary key makes the second writer's row count 0.
INSERT IGNORE INTO {cdr}.collector_outcome (attempt_id, instance, client_id, number, ended_at, line_result, cause,
  tech_text, answerer, amd_status, amd_cause, heard, heard_seconds, result, keys_pressed, promise_day, ring_seconds,
  talk_seconds, short_call, source, uniqueid)
VALUES (%(attempt_id)s, %(instance)s, %(client_id)s, %(number)s, %(ended_at)s, %(line_result)s, %(cause)s,
  %(tech_text)s, %(answerer)s, %(amd_status)s, %(amd_cause)s, %(heard)s, %(heard_seconds)s, %(result)s,
  %(keys_pressed)s, %(promise_day)s, %(ring_seconds)s, %(talk_seconds)s, %(short_call)s, %(source)s, %(uniqueid)s);

-- name: end_attempt
UPDATE attempt SET state = %(state)s, ended_at = %(ended_at)s
WHERE attempt_id = %(attempt_id)s AND state IN ('reserved', 'dialing', 'answered');

-- name: move_entry
-- Who was put first by hand has been called: he stands by his oldest debt again, as the next build may mend.
UPDATE queue_entry e JOIN attempt a ON a.entry_id = e.entry_id
SET e.state = %(state)s, e.reason = %(reason)s, e.next_attempt_at = %(not_before)s, e.changed_at = %(now)s,
  e.claim = NULL, e.after_sync = IF(%(after_sync)s, %(now)s, NULL),
  e.in_a_row = IF(e.last_ending = %(ending)s, e.in_a_row + 1, 1), e.last_ending = %(ending)s,
  e.turn = IF(e.bumped_at IS NULL, e.turn, TO_DAYS(e.oldest_due) - 365), e.bumped_at = NULL
WHERE a.attempt_id = %(attempt_id)s AND e.state = 'claimed';

-- name: end_attempts
-- Of outcomes written just now: many at once, each with its own instant.
UPDATE attempt a JOIN {cdr}.collector_outcome o ON o.attempt_id = a.attempt_id
SET a.state = 'ended', a.ended_at = o.ended_at
WHERE a.attempt_id IN %(attempt_ids)s AND a.state IN ('reserved', 'dialing', 'answered');

-- name: move_entries
-- Those that take the same step: next_attempt_at is so many microseconds after the end of the call, or at once.
UPDATE queue_entry e JOIN attempt a ON a.entry_id = e.entry_id
SET e.state = %(state)s, e.reason = %(reason)s, e.changed_at = a.ended_at,
  e.claim = NULL, e.after_sync = IF(%(after_sync)s, a.ended_at, NULL),
  e.in_a_row = IF(e.last_ending = %(ending)s, e.in_a_row + 1, 1), e.last_ending = %(ending)s,
  e.turn = IF(e.bumped_at IS NULL, e.turn, TO_DAYS(e.oldest_due) - 365), e.bumped_at = NULL,
  e.next_attempt_at = COALESCE(TIMESTAMPADD(MICROSECOND, %(after)s, a.ended_at), %(at_once)s)
WHERE a.attempt_id IN %(attempt_ids)s AND e.state = 'claimed';

-- name: keep_quiet
-- For the debtors of these attempts, whoever calls them. `until` is "<attempt_id> <instant>;…" as in mark_answered.
-- In the order of the keys, so that two groups do not wait for each other.
INSERT INTO ledger (who, quiet_until)
SELECT a.debtor, MAX(SUBSTRING(%(until)s, LOCATE(a.attempt_id, %(until)s) + 27, 26))
FROM attempt a WHERE a.attempt_id IN %(attempt_ids)s AND a.debtor <> '' GROUP BY a.debtor ORDER BY a.debtor
ON DUPLICATE KEY UPDATE
  quiet_until = GREATEST(COALESCE(ledger.quiet_until, VALUES(quiet_until)), VALUES(quiet_until));

-- name: never_call_again
-- The debtor himself asked: by his CPF or CNPJ nobody calls him; without one, this instance on none of his numbers.
INSERT INTO do_not_call (number, document, instance, source, reason, added_at, listed_at)
SELECT t.number, t.document, t.instance, %(source)s, %(reason)s, %(now)s, %(now)s FROM (
  SELECT '' AS number, SUBSTRING(a.debtor, 3) AS document, '' AS instance
  FROM attempt a WHERE a.attempt_id = %(attempt_id)s AND LEFT(a.debtor, 2) = 'd:'
  UNION
  SELECT p.number, '', a.instance
  FROM attempt a JOIN client_phone p ON p.instance = a.instance AND p.client_id = a.client_id
  WHERE a.attempt_id = %(attempt_id)s AND LEFT(a.debtor, 2) = 'c:') t
ON DUPLICATE KEY UPDATE listed_at = VALUES(listed_at), expires_on = NULL;

-- name: put_block
-- What the person asked for outlives what the network said. SET runs left to right: `reason` comes last.
INSERT INTO number_block (number, instance, client_id, reason, attempt_id, created_at)
VALUES (%(number)s, %(instance)s, %(client_id)s, %(reason)s, %(attempt_id)s, %(now)s)
ON DUPLICATE KEY UPDATE
  attempt_id = IF(reason = 'opt_out', attempt_id, VALUES(attempt_id)),
  reason = IF(reason = 'opt_out', reason, VALUES(reason));

-- name: cdr_by_uniqueid
SELECT uniqueid, calldate, disposition, userfield, duration, billsec FROM {cdr_table} WHERE uniqueid IN %(ids)s;

-- name: cdr_by_userfield
-- userfield has no index: the calldate window is what keeps this cheap.
SELECT uniqueid, calldate, disposition, userfield, duration, billsec FROM {cdr_table}
WHERE calldate BETWEEN %(since)s AND %(until)s AND SUBSTRING(userfield, 1, %(length)s) IN %(ids)s;

-- name: unmatched
-- Those looked for in vain are looked for again for a while: a CDR row may come late.
SELECT attempt_id, instance, client_id, number, ended_at, line_result, cause, tech_text, answerer, amd_status,
  amd_cause, heard, heard_seconds, result, keys_pressed, promise_day, ring_seconds, talk_seconds, short_call, source,
  uniqueid
FROM {cdr}.collector_outcome
WHERE (cdr_found IS NULL AND ended_at < %(before)s)
  OR (cdr_found = 0 AND ended_at < %(before)s AND ended_at >= %(again_since)s)
ORDER BY cdr_found, ended_at, attempt_id LIMIT %(limit)s;

-- name: mark_found
UPDATE {cdr}.collector_outcome SET cdr_found = 1, uniqueid = %(uniqueid)s WHERE attempt_id = %(attempt_id)s;

-- name: mark_missing
UPDATE {cdr}.collector_outcome SET cdr_found = 0 WHERE cdr_found IS NULL AND attempt_id IN %(attempt_ids)s;

-- name: tally
SELECT o.instance, COALESCE(a.origination, 'ari') AS origination, o.line_result, o.answerer, o.heard, o.result,
  COUNT(*) AS n, SUM(o.short_call) AS short_calls, SUM(o.talk_seconds) AS talk_seconds,
  SUM(COALESCE(o.cdr_found, 0)) AS cdr_found
FROM {cdr}.collector_outcome o LEFT JOIN attempt a ON a.attempt_id = o.attempt_id
WHERE o.ended_at >= %(start)s AND o.ended_at < %(end)s AND (%(instance)s IS NULL OR o.instance = %(instance)s)
GROUP BY o.instance, COALESCE(a.origination, 'ari'), o.line_result, o.answerer, o.heard, o.result
ORDER BY o.instance, COALESCE(a.origination, 'ari'), o.line_result, o.answerer, o.heard, o.result;

-- name: listing
SELECT o.attempt_id, o.instance, o.client_id, o.number, o.ended_at, o.line_result, o.cause, o.tech_text, o.answerer,
  o.amd_status, o.amd_cause, o.heard, o.heard_seconds, o.result, o.keys_pressed, o.promise_day, o.ring_seconds,
  o.talk_seconds, o.short_call, o.source, o.uniqueid, o.cdr_found,
  COALESCE(a.client_name, '') AS client_name, COALESCE(a.origination, 'ari') AS origination,
  COALESCE(a.total, 0) AS total
FROM {cdr}.collector_outcome o LEFT JOIN attempt a ON a.attempt_id = o.attempt_id
WHERE o.ended_at >= %(start)s AND o.ended_at < %(end)s AND (%(instance)s IS NULL OR o.instance = %(instance)s)
ORDER BY o.ended_at DESC, o.attempt_id DESC LIMIT %(limit)s;
