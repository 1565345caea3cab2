-- First schema. MariaDB 10.3+ and MySQL 8, strict or not: no functional indexes, no SKIP LOCKED, no zero dates.
-- Instants are UTC in DATETIME(6). {cdr} is the quoted name of the database where Asterisk writes its `cdr`.

CREATE TABLE client (
  instance      VARCHAR(20)  NOT NULL,
  client_id     VARCHAR(40)  NOT NULL,             -- the ERP's id
  name          VARCHAR(200) NOT NULL,
  person        VARCHAR(10)  NOT NULL,             -- natural | legal | foreign
  document      CHAR(14)     NULL,                 -- CPF or CNPJ; a CNPJ may hold letters
  client_type   VARCHAR(40)  NOT NULL DEFAULT '',
  neighbourhood VARCHAR(120) NOT NULL DEFAULT '',
  active        TINYINT      NOT NULL DEFAULT 1,   -- 0: no longer in the source
  seen_at       DATETIME(6)  NOT NULL,             -- the sync that last saw it
  PRIMARY KEY (instance, client_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE client_phone (
  instance  VARCHAR(20) NOT NULL,
  client_id VARCHAR(40) NOT NULL,
  position  SMALLINT    NOT NULL,                  -- 0 is tried first
  number    VARCHAR(16) NOT NULL,                  -- E.164
  kind      VARCHAR(10) NOT NULL,                  -- mobile | fixed
  repaired  TINYINT     NOT NULL DEFAULT 0,        -- a ninth digit was put in
  source    VARCHAR(40) NOT NULL DEFAULT '',       -- the ERP's field
  PRIMARY KEY (instance, client_id, position),
  KEY by_number (number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE client_type (
  instance VARCHAR(20)  NOT NULL,
  type_id  VARCHAR(40)  NOT NULL,
  name     VARCHAR(120) NOT NULL,
  seen_at  DATETIME(6)  NOT NULL,
  PRIMARY KEY (instance, type_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE bill (
  instance    VARCHAR(20)   NOT NULL,
  bill_id     VARCHAR(40)   NOT NULL,
  client_id   VARCHAR(40)   NOT NULL,
  contract_id VARCHAR(40)   NULL,
  due_date    DATE          NOT NULL,
  amount      DECIMAL(12,2) NOT NULL,              -- face value
  open_amount DECIMAL(12,2) NOT NULL,              -- still owed
  status      VARCHAR(10)   NOT NULL,              -- open | partial
  closed_at   DATETIME(6)   NULL,                  -- NULL: still owed
  close_reason VARCHAR(20)  NOT NULL DEFAULT '',
  seen_at     DATETIME(6)   NOT NULL,
  PRIMARY KEY (instance, bill_id),
  KEY open_by_client (instance, closed_at, client_id, due_date)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE queue_entry (
  entry_id        BIGINT        NOT NULL AUTO_INCREMENT,
  instance        VARCHAR(20)   NOT NULL,
  client_id       VARCHAR(40)   NOT NULL,
  state           VARCHAR(10)   NOT NULL,          -- waiting | claimed | done
  open_key        VARCHAR(40) AS (IF(state = 'done', NULL, client_id)) STORED,  -- one open entry a client
  total           DECIMAL(12,2) NOT NULL,
  bill_count      INT           NOT NULL,
  oldest_due      DATE          NOT NULL,
  next_attempt_at DATETIME(6)   NOT NULL,          -- the far future parks it
  reason          VARCHAR(255)  NOT NULL DEFAULT '',
  opened_at       DATETIME(6)   NOT NULL,
  changed_at      DATETIME(6)   NOT NULL,
  PRIMARY KEY (entry_id),
  UNIQUE KEY one_open (instance, open_key),
  KEY next_up (instance, state, oldest_due, entry_id, next_attempt_at),  -- those not yet due are skipped in the index
  KEY by_client (instance, client_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE attempt (
  attempt_id  CHAR(26)      NOT NULL,              -- ULID
  instance    VARCHAR(20)   NOT NULL,
  entry_id    BIGINT        NOT NULL,
  client_id   VARCHAR(40)   NOT NULL,
  client_name VARCHAR(200)  NOT NULL,              -- what the handler says; figures as when it was reserved
  number      VARCHAR(16)   NOT NULL,
  origination VARCHAR(10)   NOT NULL,              -- ari | callfile
  state       VARCHAR(10)   NOT NULL,
  open_in     VARCHAR(20) AS (IF(state IN ('reserved','dialing','answered'), instance, NULL)) STORED,
  total       DECIMAL(12,2) NOT NULL,
  bill_count  INT           NOT NULL,
  oldest_due  DATE          NOT NULL,
  reserved_at DATETIME(6)   NOT NULL,
  answered_at DATETIME(6)   NULL,
  ended_at    DATETIME(6)   NULL,
  reason      VARCHAR(255)  NOT NULL DEFAULT '',   -- of a withdrawal
  PRIMARY KEY (attempt_id),
  KEY open_attempts (open_in, reserved_at),
  KEY by_number (number, reserved_at),
  KEY by_entry (entry_id, reserved_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Who was tried when. Taken by one guarded UPDATE before anything is dialled.
CREATE TABLE ledger (
  number       VARCHAR(16) NOT NULL,
  day          DATE        NULL,                   -- local day of the number's zone that `tries` counts
  tries        INT         NOT NULL DEFAULT 0,
  last_try_at  DATETIME(6) NULL,
  last_attempt CHAR(26)    NULL,
  prev_day     DATE        NULL,                   -- what a withdrawal gives back
  prev_tries   INT         NOT NULL DEFAULT 0,
  prev_try_at  DATETIME(6) NULL,
  PRIMARY KEY (number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row an instance: its lock serialises reservations, so that two workers cannot both take the last channel.
-- A second one, "sync:" and the instance, serialises the storing of complete answers and leaves the dialling alone.
CREATE TABLE instance_lock (
  instance VARCHAR(30) NOT NULL,
  PRIMARY KEY (instance)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Numbers not to be called: by anyone (instance and client_id empty) or for one client.
CREATE TABLE number_block (
  number     VARCHAR(16)  NOT NULL,
  instance   VARCHAR(20)  NOT NULL DEFAULT '',
  client_id  VARCHAR(40)  NOT NULL DEFAULT '',
  reason     VARCHAR(20)  NOT NULL,                -- opt_out | wrong_person | invalid_number
  attempt_id CHAR(26)     NULL,
  created_at DATETIME(6)  NOT NULL,
  PRIMARY KEY (number, instance, client_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE job_run (
  run_id       BIGINT       NOT NULL AUTO_INCREMENT,
  job          VARCHAR(40)  NOT NULL,
  instance     VARCHAR(20)  NOT NULL DEFAULT '',
  started_at   DATETIME(6)  NOT NULL,
  finished_at  DATETIME(6)  NULL,
  status       VARCHAR(10)  NOT NULL,              -- running | done | failed | alarm
  before_count INT          NULL,
  after_count  INT          NULL,
  changed      INT          NULL,
  error        TEXT         NOT NULL,
  detail       TEXT         NOT NULL,              -- a JSON object
  PRIMARY KEY (run_id),
  KEY by_job (job, instance, run_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE rejected_row (
  run_id    BIGINT       NOT NULL,
  position  INT          NOT NULL,
  kind      VARCHAR(10)  NOT NULL,
  source_id VARCHAR(80)  NOT NULL,
  reason    VARCHAR(255) NOT NULL,
  PRIMARY KEY (run_id, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE presence (
  kind    VARCHAR(20)  NOT NULL,                   -- worker | handler
  name    VARCHAR(64)  NOT NULL,
  pid     INT          NOT NULL,
  detail  VARCHAR(255) NOT NULL DEFAULT '',
  seen_at DATETIME(6)  NOT NULL,
  PRIMARY KEY (kind, name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Beside Asterisk's own `cdr`: how each attempt ended, four separate facts.
CREATE TABLE {cdr}.collector_outcome (
  attempt_id    CHAR(26)     NOT NULL,
  instance      VARCHAR(20)  NOT NULL,
  client_id     VARCHAR(40)  NOT NULL,
  number        VARCHAR(16)  NOT NULL,
  ended_at      DATETIME(6)  NOT NULL,
  line_result   VARCHAR(16)  NOT NULL,
  cause         SMALLINT     NULL,                 -- Q.850
  tech_text     VARCHAR(120) NOT NULL DEFAULT '',  -- "SIP 486 Busy Here"
  answerer      VARCHAR(10)  NOT NULL,
  amd_status    VARCHAR(10)  NOT NULL DEFAULT '',
  amd_cause     VARCHAR(80)  NOT NULL DEFAULT '',  -- AMDCAUSE whole: the tuning data
  heard         VARCHAR(10)  NOT NULL,
  heard_seconds DECIMAL(7,2) NOT NULL DEFAULT 0,
  result        VARCHAR(16)  NOT NULL,
  keys_pressed  VARCHAR(40)  NOT NULL DEFAULT '',
  promise_day   DATE         NULL,
  ring_seconds  DECIMAL(7,2) NOT NULL DEFAULT 0,
  talk_seconds  DECIMAL(7,2) NOT NULL DEFAULT 0,
  short_call    TINYINT      NOT NULL,
  source        VARCHAR(10)  NOT NULL,             -- handler | cdr | deadline
  uniqueid      VARCHAR(32)  NOT NULL DEFAULT '',  -- of the cdr row
  cdr_found     TINYINT      NULL,                 -- NULL: not looked for yet
  PRIMARY KEY (attempt_id),
  KEY by_end (ended_at, instance),
  KEY by_number (number, ended_at),
  KEY by_client (instance, client_id, number, ended_at),  -- how a debtor's last try to each number ended
  KEY to_match (cdr_found, ended_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
