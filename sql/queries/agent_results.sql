-- What agents were told, and what comes of it.

-- name: add_agent_result
INSERT IGNORE INTO agent_result (told_id, instance, client_id, number, result, promise_day, attempt_id, uniqueid,
  told_at)
VALUES (%(told_id)s, %(instance)s, %(client_id)s, %(number)s, %(result)s, %(promise_day)s, %(attempt_id)s,
  %(uniqueid)s, %(told_at)s);

-- name: agent_results_to_settle
-- While a call to the debtor goes on, the one in which it was told or another, its outcome is still to come.
SELECT t.told_id, t.instance, t.client_id, t.number, t.result, t.promise_day, t.attempt_id, t.uniqueid, t.told_at
FROM agent_result t
LEFT JOIN queue_entry e ON e.instance = t.instance AND e.open_key = t.client_id AND e.state = 'claimed'
WHERE t.settled_at IS NULL AND e.entry_id IS NULL
ORDER BY t.told_at, t.told_id LIMIT %(limit)s;

-- name: settle_agent_result
UPDATE agent_result SET settled_at = %(now)s WHERE told_id = %(told_id)s AND settled_at IS NULL;

-- name: amend_outcome
-- What a person heard outweighs what our own conversation made of the keys.
UPDATE {cdr}.collector_outcome SET result = %(result)s, promise_day = %(promise_day)s
WHERE attempt_id = %(attempt_id)s;

-- name: move_waiting_entry
UPDATE queue_entry SET state = %(state)s, reason = %(reason)s, next_attempt_at = %(not_before)s, changed_at = %(now)s,
  after_sync = IF(%(after_sync)s, %(now)s, NULL), last_ending = %(ending)s, in_a_row = 1
WHERE instance = %(instance)s AND open_key = %(client_id)s AND state = 'waiting';

-- name: keep_debtor_quiet
INSERT INTO ledger (who, quiet_until) VALUES (%(who)s, %(until)s)
ON DUPLICATE KEY UPDATE
  quiet_until = GREATEST(COALESCE(ledger.quiet_until, VALUES(quiet_until)), VALUES(quiet_until));
