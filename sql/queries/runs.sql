-- Job history, and which processes live.

-- name: start_run
INSERT INTO job_run (job, instance, started_at, status, error, detail)
VALUES (%(job)s, %(instance)s, %(now)s, 'running', '', '{}');

-- name: finish_run
UPDATE job_run SET finished_at = %(now)s, status = %(status)s, before_count = %(before)s, after_count = %(after)s,
  changed = %(changed)s, error = %(error)s, detail = %(detail)s
WHERE run_id = %(run_id)s;

-- name: give_up_runs
UPDATE job_run SET finished_at = %(now)s, status = 'failed', error = %(error)s
WHERE instance = %(instance)s AND status = 'running' AND job IN %(jobs)s;

-- name: latest_runs
SELECT run_id, job, instance, started_at, finished_at, status, before_count, after_count, changed, error, detail
FROM job_run
WHERE (%(job)s IS NULL OR job = %(job)s) AND (%(instance)s IS NULL OR instance = %(instance)s)
ORDER BY run_id DESC LIMIT %(limit)s;

-- name: lock_run
SELECT run_id FROM job_run WHERE run_id = %(run_id)s FOR UPDATE;

-- name: next_rejected
SELECT COALESCE(MAX(position) + 1, 0) AS n FROM rejected_row WHERE run_id = %(run_id)s;

-- name: add_rejected
INSERT INTO rejected_row (run_id, position, kind, source_id, reason)
VALUES (%(run_id)s, %(position)s, %(kind)s, %(source_id)s, %(reason)s);

-- name: rejected_of
SELECT kind, source_id, reason FROM rejected_row WHERE run_id = %(run_id)s ORDER BY position LIMIT %(limit)s;

-- name: beat
INSERT INTO presence (kind, name, pid, detail, seen_at)
VALUES (%(kind)s, %(name)s, %(pid)s, %(detail)s, %(now)s)
ON DUPLICATE KEY UPDATE pid = VALUES(pid), detail = VALUES(detail), seen_at = VALUES(seen_at);

-- name: leave
DELETE FROM presence WHERE kind = %(kind)s AND name = %(name)s;

-- name: last_seen
SELECT seen_at, detail FROM presence WHERE kind = %(kind)s AND name = %(name)s;
