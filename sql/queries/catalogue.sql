-- Clients, their telephones and their bills as last seen whole.
-- Values are pyformat; a list becomes (a, b, c). {cdr} and {cdr_table} are filled in from the settings.

-- name: clients_known
SELECT client_id, name, person, document, client_type, neighbourhood
FROM client WHERE instance = %(instance)s AND active = 1;

-- name: phones_known
SELECT client_id, number, kind, repaired, source
FROM client_phone WHERE instance = %(instance)s ORDER BY client_id, position;

-- name: put_client
INSERT INTO client (instance, client_id, name, person, document, client_type, neighbourhood, seen_at)
VALUES (%(instance)s, %(client_id)s, %(name)s, %(person)s, %(document)s, %(client_type)s, %(neighbourhood)s, %(now)s)
ON DUPLICATE KEY UPDATE name = VALUES(name), person = VALUES(person), document = VALUES(document),
  client_type = VALUES(client_type), neighbourhood = VALUES(neighbourhood), active = 1;

-- name: drop_phones
DELETE FROM client_phone WHERE instance = %(instance)s AND client_id IN %(client_ids)s;

-- name: put_phone
INSERT INTO client_phone (instance, client_id, position, number, kind, repaired, source)
VALUES (%(instance)s, %(client_id)s, %(position)s, %(number)s, %(kind)s, %(repaired)s, %(source)s);

-- name: retire_clients
UPDATE client SET active = 0 WHERE instance = %(instance)s AND client_id IN %(client_ids)s;

-- name: seen_clients
UPDATE client SET seen_at = %(now)s WHERE instance = %(instance)s AND active = 1;

-- name: bills_known
SELECT bill_id, client_id, contract_id, due_date, amount, open_amount, status
FROM bill WHERE instance = %(instance)s AND closed_at IS NULL;

-- name: put_bill
INSERT INTO bill (instance, bill_id, client_id, contract_id, due_date, amount, open_amount, status, seen_at)
VALUES (%(instance)s, %(bill_id)s, %(client_id)s, %(contract_id)s, %(due_date)s, %(amount)s, %(open_amount)s,
  %(status)s, %(now)s)
ON DUPLICATE KEY UPDATE client_id = VALUES(client_id), contract_id = VALUES(contract_id), due_date = VALUES(due_date),
  amount = VALUES(amount), open_amount = VALUES(open_amount), status = VALUES(status),
  closed_at = NULL, close_reason = '';

-- name: close_bills
UPDATE bill SET closed_at = %(now)s, close_reason = 'left_source'
WHERE instance = %(instance)s AND closed_at IS NULL AND bill_id IN %(bill_ids)s;

-- name: seen_bills
UPDATE bill SET seen_at = %(now)s WHERE instance = %(instance)s AND closed_at IS NULL;

-- name: count_clients
SELECT COUNT(*) AS n FROM client WHERE instance = %(instance)s AND active = 1;

-- name: count_bills
SELECT COUNT(*) AS n FROM bill WHERE instance = %(instance)s AND closed_at IS NULL;

-- name: debtor_sums
-- One row a debtor. utf8mb4_bin sorts client_id as Python does.
SELECT c.client_id, c.name, SUM(b.open_amount) AS total, COUNT(*) AS bill_count, MIN(b.due_date) AS oldest_due
FROM bill b JOIN client c ON c.instance = b.instance AND c.client_id = b.client_id
WHERE b.instance = %(instance)s AND b.closed_at IS NULL AND b.due_date BETWEEN %(due_from)s AND %(due_until)s
  AND b.open_amount > 0 AND c.active = 1
GROUP BY c.client_id, c.name
ORDER BY oldest_due, c.client_id;

-- name: debtor_phones
SELECT p.client_id, p.number, p.kind, p.repaired, p.source
FROM client_phone p
WHERE p.instance = %(instance)s AND p.client_id IN (
  SELECT b.client_id FROM bill b
  WHERE b.instance = %(instance)s AND b.closed_at IS NULL
    AND b.due_date BETWEEN %(due_from)s AND %(due_until)s AND b.open_amount > 0)
ORDER BY p.client_id, p.position;

-- name: client_types_known
SELECT type_id, name FROM client_type WHERE instance = %(instance)s;

-- name: put_client_type
INSERT INTO client_type (instance, type_id, name, seen_at)
VALUES (%(instance)s, %(type_id)s, %(name)s, %(now)s)
ON DUPLICATE KEY UPDATE name = VALUES(name);

-- name: drop_client_types
DELETE FROM client_type WHERE instance = %(instance)s AND type_id IN %(type_ids)s;

-- name: seen_client_types
UPDATE client_type SET seen_at = %(now)s WHERE instance = %(instance)s;
