-- Who must not be called. Counts for an instance: its own lines and those without one, until the day of expiry.
-- Of a debtor at queue time: queue_build.sql, fill_owed.

-- name: do_not_call_of
-- At dial time. Expired lines come too: whether they count is decided on the clock of the number. Never ask for ''.
SELECT number, document, instance, reason, source, added_at, expires_on FROM do_not_call
WHERE number IN %(numbers)s AND instance IN ('', %(instance)s)
UNION ALL
SELECT number, document, instance, reason, source, added_at, expires_on FROM do_not_call
WHERE document IN %(documents)s AND instance IN ('', %(instance)s);

-- name: list_do_not_call
-- A search that names neither number nor document means all lines.
SELECT number, document, instance, reason, source, added_at, expires_on FROM do_not_call
WHERE (%(named)s = 0 OR (number <> '' AND number = %(number)s) OR (document <> '' AND document = %(document)s))
  AND (%(any_instance)s = 1 OR instance = %(instance)s) AND (%(any_source)s = 1 OR source = %(source)s)
ORDER BY number, document, instance, source LIMIT %(limit)s;

-- name: list_opt_outs
-- Whoever asked in a call is called for nobody, whichever instance had rung.
SELECT number, MIN(created_at) AS added_at FROM number_block
WHERE reason = 'opt_out' AND (%(named)s = 0 OR number = %(number)s) GROUP BY number ORDER BY number LIMIT %(limit)s;

-- name: put_do_not_call
-- SET runs left to right: of two lines of one list the one that counts longer wins, a newer list overrules an older.
INSERT INTO do_not_call (number, document, instance, source, reason, added_at, listed_at, expires_on)
VALUES (%(number)s, %(document)s, %(instance)s, %(source)s, %(reason)s, %(now)s, %(now)s, %(expires_on)s)
ON DUPLICATE KEY UPDATE
  expires_on = IF(listed_at = VALUES(listed_at),
    IF(expires_on IS NULL OR VALUES(expires_on) IS NULL, NULL, GREATEST(expires_on, VALUES(expires_on))),
    VALUES(expires_on)),
  reason = VALUES(reason), listed_at = VALUES(listed_at);

-- name: wake_numbers_unlisted
-- Before it drops them: few are parked, many may be dropped, so the parked ones are looked up in the list.
UPDATE queue_entry e STRAIGHT_JOIN client_phone p ON p.instance = e.instance AND p.client_id = e.open_key
STRAIGHT_JOIN do_not_call d ON d.number = p.number AND d.instance = %(instance)s AND d.source = %(source)s
SET e.reason = '', e.next_attempt_at = %(at_once)s
WHERE e.state = 'waiting' AND e.next_attempt_at >= %(parked)s AND d.listed_at <> %(now)s;

-- name: wake_people_unlisted
UPDATE queue_entry e STRAIGHT_JOIN client c ON c.instance = e.instance AND c.client_id = e.open_key
STRAIGHT_JOIN do_not_call d ON d.document = c.document AND d.instance = %(instance)s AND d.source = %(source)s
SET e.reason = '', e.next_attempt_at = %(at_once)s
WHERE e.state = 'waiting' AND e.next_attempt_at >= %(parked)s AND d.document <> '' AND d.listed_at <> %(now)s;

-- name: drop_unlisted
-- What its source no longer says.
DELETE FROM do_not_call
WHERE source = %(source)s AND instance = %(instance)s AND listed_at <> %(now)s LIMIT 10000;

-- name: count_do_not_call
SELECT COUNT(*) AS n FROM do_not_call WHERE source = %(source)s AND instance = %(instance)s;

-- name: count_known_numbers
-- By the primary key: a statistic that takes the source for the better choice would read all of its lines.
SELECT COUNT(*) AS n FROM do_not_call FORCE INDEX (PRIMARY)
WHERE number IN %(numbers)s AND document = '' AND instance = %(instance)s AND source = %(source)s;

-- name: count_known_documents
SELECT COUNT(*) AS n FROM do_not_call FORCE INDEX (PRIMARY)
WHERE number = '' AND document IN %(documents)s AND instance = %(instance)s AND source = %(source)s;

-- name: remove_do_not_call
DELETE FROM do_not_call
WHERE number = %(number)s AND document = %(document)s AND instance = %(instance)s AND source = %(source)s;

-- name: remove_opt_out
DELETE FROM number_block WHERE number = %(number)s AND reason = 'opt_out';

-- name: issabel_mark
-- Tells one content of Issabel's list from the next. Adding up: two equal lines must not cancel each other.
SELECT COUNT(*) AS n, COALESCE(SUM(CRC32(CONCAT_WS('|', caller_id, status))), 0) AS mark FROM {call_center}.dont_call;

-- name: issabel_lines
SELECT caller_id, status FROM {call_center}.dont_call;
