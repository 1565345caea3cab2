-- Answers of the ERP on their way in. Values are pyformat; a list becomes (a, b, c). {rows} is filled in with rows
-- whose every value has been escaped.

-- name: take_answer
INSERT INTO answer (instance, kind, token) VALUES (%(instance)s, %(kind)s, %(token)s)
ON DUPLICATE KEY UPDATE token = VALUES(token);

-- name: lock_answer
SELECT token FROM answer WHERE instance = %(instance)s AND kind = %(kind)s FOR UPDATE;

-- name: begin_answer
UPDATE answer SET applying = 1 WHERE instance = %(instance)s AND kind = %(kind)s;

-- name: end_answer
UPDATE answer SET applying = 0, complete_at = %(now)s, row_count = %(rows)s
WHERE instance = %(instance)s AND kind = %(kind)s;

-- name: digests_of_clients
-- Stored clients, so many packed into one row: the driver costs by the row.
SELECT COUNT(*) AS found, MAX(client_id) AS last, GROUP_CONCAT(digest) AS packed
FROM (
  SELECT client_id, digest FROM client
  WHERE instance = %(instance)s AND active = 1 AND client_id > %(after)s ORDER BY client_id LIMIT %(page)s) part;

-- name: missing_clients
SELECT client_id, client_id FROM client WHERE instance = %(instance)s AND active = 1 AND digest IN %(digests)s;

-- name: present_clients
SELECT client_id FROM client WHERE instance = %(instance)s AND active = 1 AND client_id IN %(keys)s;

-- name: digests_of_bills
SELECT COUNT(*) AS found, MAX(bill_id) AS last, GROUP_CONCAT(digest) AS packed
FROM (
  SELECT bill_id, digest FROM bill
  WHERE instance = %(instance)s AND closed_at IS NULL AND bill_id > %(after)s ORDER BY bill_id LIMIT %(page)s) part;

-- name: missing_bills
SELECT bill_id, client_id FROM bill WHERE instance = %(instance)s AND closed_at IS NULL AND digest IN %(digests)s;

-- name: present_bills
SELECT bill_id FROM bill WHERE instance = %(instance)s AND closed_at IS NULL AND bill_id IN %(keys)s;

-- name: digests_of_contracts
SELECT COUNT(*) AS found, MAX(contract_id) AS last, GROUP_CONCAT(digest) AS packed
FROM (
  SELECT contract_id, digest FROM contract
  WHERE instance = %(instance)s AND contract_id > %(after)s ORDER BY contract_id LIMIT %(page)s) part;

-- name: missing_contracts
SELECT contract_id, client_id FROM contract WHERE instance = %(instance)s AND digest IN %(digests)s;

-- name: present_contracts
SELECT contract_id FROM contract WHERE instance = %(instance)s AND contract_id IN %(keys)s;

-- name: put_clients
INSERT INTO client (instance, client_id, name, person, document, client_type, neighbourhood, neighbourhood_key, city,
  state, collectable, digest, seen_at)
VALUES {rows}
ON DUPLICATE KEY UPDATE name = VALUES(name), person = VALUES(person), document = VALUES(document),
  client_type = VALUES(client_type), neighbourhood = VALUES(neighbourhood),
  neighbourhood_key = VALUES(neighbourhood_key), city = VALUES(city), state = VALUES(state),
  collectable = VALUES(collectable), digest = VALUES(digest), seen_at = VALUES(seen_at), active = 1;

-- name: drop_phones
DELETE FROM client_phone WHERE instance = %(instance)s AND client_id IN %(client_ids)s;

-- name: put_phones
INSERT INTO client_phone (instance, client_id, position, number, kind, repaired, source) VALUES {rows};

-- name: remove_clients
UPDATE client SET active = 0, seen_at = %(now)s
WHERE instance = %(instance)s AND active = 1 AND client_id IN %(keys)s;

-- name: put_bills
INSERT INTO bill (instance, bill_id, client_id, contract_id, due_date, amount, open_amount, status, updated_amount,
  pay_line, digest, seen_at)
VALUES {rows}
ON DUPLICATE KEY UPDATE client_id = VALUES(client_id), contract_id = VALUES(contract_id), due_date = VALUES(due_date),
  amount = VALUES(amount), open_amount = VALUES(open_amount), status = VALUES(status),
  updated_amount = VALUES(updated_amount), pay_line = VALUES(pay_line), digest = VALUES(digest), seen_at = VALUES(seen_at),
  closed_at = NULL, close_reason = '';

-- name: remove_bills
UPDATE bill SET closed_at = %(now)s, close_reason = %(fate)s
WHERE instance = %(instance)s AND closed_at IS NULL AND bill_id IN %(keys)s;

-- name: put_contracts
INSERT INTO contract (instance, contract_id, client_id, access, access_code, trust_unlock, plan, neighbourhood,
  blocked_since, no_notice_until, digest, seen_at)
VALUES {rows}
ON DUPLICATE KEY UPDATE client_id = VALUES(client_id), access = VALUES(access), access_code = VALUES(access_code),
  trust_unlock = VALUES(trust_unlock), plan = VALUES(plan), neighbourhood = VALUES(neighbourhood),
  blocked_since = VALUES(blocked_since), no_notice_until = VALUES(no_notice_until), digest = VALUES(digest),
  seen_at = VALUES(seen_at);

-- name: remove_contracts
DELETE FROM contract WHERE instance = %(instance)s AND contract_id IN %(keys)s;

-- name: client_types_known
SELECT type_id, name FROM client_type WHERE instance = %(instance)s;

-- name: put_client_type
INSERT INTO client_type (instance, type_id, name, seen_at)
VALUES (%(instance)s, %(type_id)s, %(name)s, %(now)s)
ON DUPLICATE KEY UPDATE name = VALUES(name), seen_at = VALUES(seen_at);

-- name: drop_client_types
DELETE FROM client_type WHERE instance = %(instance)s AND type_id IN %(type_ids)s;
