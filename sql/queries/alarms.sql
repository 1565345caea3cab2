-- Answers that could not be believed. At most one a kind is not over; `alarm:` and the instance is the lock of it.

-- name: alarm_not_over
SELECT alarm_id FROM alarm
WHERE instance = %(instance)s AND kind = %(kind)s AND over_at IS NULL ORDER BY alarm_id LIMIT 1;

-- name: raise_again
-- The acknowledgement stays: who has seen it knows of it until it is over.
UPDATE alarm SET last_at = %(now)s, times = times + 1, reason = %(reason)s WHERE alarm_id = %(alarm_id)s;

-- name: add_alarm
INSERT INTO alarm (instance, kind, reason, raised_at, last_at)
VALUES (%(instance)s, %(kind)s, %(reason)s, %(now)s, %(now)s);

-- name: end_alarm
UPDATE alarm SET over_at = %(now)s WHERE alarm_id = %(alarm_id)s;

-- name: alarms_to_see
SELECT alarm_id, instance, kind, reason, raised_at, last_at, times, over_at, acknowledged_at, acknowledged_by
FROM alarm WHERE acknowledged_at IS NULL ORDER BY alarm_id DESC;

-- name: latest_alarms
SELECT alarm_id, instance, kind, reason, raised_at, last_at, times, over_at, acknowledged_at, acknowledged_by
FROM alarm ORDER BY alarm_id DESC LIMIT %(limit)s;

-- name: acknowledge_alarm
UPDATE alarm SET acknowledged_at = %(now)s, acknowledged_by = %(by)s
WHERE alarm_id = %(alarm_id)s AND acknowledged_at IS NULL;
