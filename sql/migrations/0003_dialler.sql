-- The dialler: the ledger counts debtors too, and seven days back; trunks are counted.

-- A row a number (E.164), and a row a debtor (core/ledger.debtor_key). `recent` holds tries of seven days, four bits
-- each: the lowest are those of `day`, the next those of the day before it.
ALTER TABLE ledger CHANGE COLUMN number who VARCHAR(64) NOT NULL;
ALTER TABLE ledger ADD COLUMN recent BIGINT UNSIGNED NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN prev_recent BIGINT UNSIGNED NOT NULL DEFAULT 0;
UPDATE ledger SET recent = LEAST(tries, 15), prev_recent = LEAST(prev_tries, 15);
ALTER TABLE ledger DROP COLUMN tries;
ALTER TABLE ledger DROP COLUMN prev_tries;

ALTER TABLE instance_lock MODIFY COLUMN instance VARCHAR(80) NOT NULL;   -- an instance, "sync:" and one, "trunk:" and a trunk

ALTER TABLE attempt ADD COLUMN debtor VARCHAR(64) NOT NULL DEFAULT '';   -- the ledger's key
ALTER TABLE attempt ADD COLUMN trunk VARCHAR(60) NOT NULL DEFAULT '';    -- its name
ALTER TABLE attempt ADD COLUMN caller_id VARCHAR(16) NOT NULL DEFAULT '';
ALTER TABLE attempt ADD KEY by_debtor (debtor, reserved_at);

-- `turn`: the lower is called first. `claim`: the attempt that holds it.
ALTER TABLE queue_entry ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
ALTER TABLE queue_entry ADD COLUMN claim CHAR(26) NULL;
UPDATE queue_entry SET turn = TO_DAYS(oldest_due) - 365;                 -- as Python counts days
ALTER TABLE queue_entry DROP KEY next_up;
ALTER TABLE queue_entry ADD KEY next_up (instance, state, turn, entry_id, next_attempt_at);
