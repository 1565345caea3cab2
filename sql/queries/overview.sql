-- Questions about clients, bills and contracts as they are stored. A bill with nothing left to pay is not owed, though
-- it is open; clients that left the source owe us nothing that we could charge.

-- name: last_answer
-- Begun for the first time and not finished: there is no time yet at which an answer was complete.
SELECT complete_at, row_count, applying FROM answer
WHERE instance = %(instance)s AND kind = %(kind)s AND complete_at IS NOT NULL;

-- name: count_clients
SELECT COUNT(*) AS n FROM client WHERE instance = %(instance)s AND active = 1;

-- name: count_bills
SELECT COUNT(*) AS n FROM bill WHERE instance = %(instance)s AND closed_at IS NULL;

-- name: debtor_sums
-- One row a debtor. utf8mb4_bin sorts client_id as Python does.
SELECT c.client_id, c.name, SUM(b.open_amount) AS total, COUNT(*) AS bill_count, MIN(b.due_date) AS oldest_due
FROM bill b JOIN client c ON c.instance = b.instance AND c.client_id = b.client_id
WHERE b.instance = %(instance)s AND b.closed_at IS NULL AND b.due_date BETWEEN %(due_from)s AND %(due_until)s
  AND b.open_amount > 0 AND c.active = 1 AND c.collectable = 1
  AND NOT EXISTS (
    SELECT 1 FROM contract k
    WHERE k.instance = c.instance AND k.client_id = c.client_id AND k.no_notice_until >= %(today)s)
GROUP BY c.client_id, c.name
ORDER BY oldest_due, c.client_id;

-- name: debtor_phones
SELECT p.client_id, p.number, p.kind, p.repaired, p.source, 0 AS shared
FROM client_phone p
WHERE p.instance = %(instance)s AND p.client_id IN (
  SELECT b.client_id FROM bill b
  WHERE b.instance = %(instance)s AND b.closed_at IS NULL
    AND b.due_date BETWEEN %(due_from)s AND %(due_until)s AND b.open_amount > 0)
ORDER BY p.client_id, p.position;

-- name: open_bills_of
SELECT bill_id, client_id, contract_id, due_date, amount, open_amount, status, updated_amount, pay_line
FROM bill WHERE instance = %(instance)s AND closed_at IS NULL AND client_id IN %(client_ids)s
ORDER BY due_date, bill_id;

-- name: settle_bills
UPDATE bill SET closed_at = %(now)s, close_reason = %(fate)s
WHERE instance = %(instance)s AND closed_at IS NULL AND bill_id IN %(bill_ids)s;

-- name: restate_bill
-- The interest was reckoned on another sum.
UPDATE bill SET open_amount = %(open_amount)s, updated_amount = NULL, digest = 0, seen_at = %(now)s
WHERE instance = %(instance)s AND bill_id = %(bill_id)s AND closed_at IS NULL;

-- name: standings
SELECT b.due_date, COUNT(*) AS bills, SUM(b.open_amount) AS total
FROM bill b JOIN client c ON c.instance = b.instance AND c.client_id = b.client_id
WHERE b.instance = %(instance)s AND b.closed_at IS NULL AND b.open_amount > 0 AND c.active = 1
GROUP BY b.due_date
ORDER BY b.due_date;

-- name: blocked_contracts
-- The oldest bill is looked up contract by contract: open_by_client ends in due_date and, being InnoDB's, in bill_id,
-- so its first entry that is still owed is the one. Sums come from the same few entries.
SELECT k.contract_id, k.client_id, k.access, k.access_code, k.trust_unlock, k.plan, k.neighbourhood, k.blocked_since,
  k.no_notice_until, c.name AS client_name, c.client_type, o.bill_id AS oldest_bill, o.due_date AS oldest_due,
  (SELECT COALESCE(SUM(b.open_amount), 0) FROM bill b
   WHERE b.instance = k.instance AND b.closed_at IS NULL AND b.client_id = k.client_id) AS open_total
FROM contract k
JOIN client c ON c.instance = k.instance AND c.client_id = k.client_id AND c.active = 1
LEFT JOIN bill o ON o.instance = k.instance AND o.bill_id = (
  SELECT b.bill_id FROM bill b
  WHERE b.instance = k.instance AND b.closed_at IS NULL AND b.client_id = k.client_id
    AND b.due_date < %(today)s AND b.open_amount > 0
  ORDER BY b.due_date, b.bill_id LIMIT 1)
WHERE k.instance = %(instance)s AND k.access IN %(blocked)s
ORDER BY k.blocked_since IS NULL, k.blocked_since, k.contract_id;

-- name: odd_numbers
-- Of active clients: those that several of them have, those that were repaired.
SELECT p.number, MAX(p.repaired) AS repaired
FROM client_phone p JOIN client c ON c.instance = p.instance AND c.client_id = p.client_id AND c.active = 1
WHERE p.instance = %(instance)s
GROUP BY p.number
HAVING (%(shared)s AND COUNT(DISTINCT p.client_id) > 1) OR (%(repaired)s AND MAX(p.repaired) = 1)
ORDER BY p.number LIMIT %(limit)s;

-- name: owners_of
-- DISTINCT: an ERP may hold a client's number in two of its fields.
SELECT DISTINCT p.number, p.client_id
FROM client_phone p JOIN client c ON c.instance = p.instance AND c.client_id = p.client_id AND c.active = 1
WHERE p.instance = %(instance)s AND p.number IN %(numbers)s ORDER BY p.number, p.client_id;
