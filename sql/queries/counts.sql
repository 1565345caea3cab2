-- Calls by day, instance, trunk and caller id, from the outcomes; `counts` is the lock of it.

-- name: forget_counts
DELETE FROM call_count WHERE day = %(day)s;

-- name: recount
-- An outcome whose attempt is gone is counted under an empty trunk and caller id.
INSERT INTO call_count (day, instance, trunk, caller_id, calls, short_calls, answered)
SELECT %(day)s, o.instance, COALESCE(a.trunk, ''), COALESCE(a.caller_id, ''), COUNT(*), SUM(o.short_call <> 0),
  SUM(o.line_result = 'answered')
FROM {cdr}.collector_outcome o LEFT JOIN attempt a ON a.attempt_id = o.attempt_id
WHERE o.ended_at >= %(start)s AND o.ended_at < %(end)s
GROUP BY o.instance, COALESCE(a.trunk, ''), COALESCE(a.caller_id, '');

-- name: counted
SELECT COALESCE(SUM(calls), 0) AS n FROM call_count WHERE day = %(day)s;

-- name: counts_between
SELECT day, instance, trunk, caller_id, calls, short_calls, answered FROM call_count
WHERE day BETWEEN %(first)s AND %(last)s ORDER BY day, instance, trunk, caller_id;

-- name: endings
SELECT COALESCE(a.caller_id, '') AS caller_id, o.line_result, o.cause, COUNT(*) AS calls
FROM {cdr}.collector_outcome o LEFT JOIN attempt a ON a.attempt_id = o.attempt_id
WHERE o.ended_at >= %(since)s AND o.ended_at < %(until)s AND o.instance = %(instance)s
GROUP BY COALESCE(a.caller_id, ''), o.line_result, o.cause
ORDER BY calls DESC, caller_id, o.line_result, COALESCE(o.cause, 0);
