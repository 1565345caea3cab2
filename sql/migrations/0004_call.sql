-- The call: how a debtor can pay, what he owes with interest, and what is to be sent to him.

ALTER TABLE bill ADD COLUMN pay_line VARCHAR(48) NULL;                   -- the digitable line, checked
ALTER TABLE attempt ADD COLUMN updated_total DECIMAL(12,2) NULL;         -- with fine and interest, where the ERP reckons them

-- Line and PIX that a callee asked to be sent. `due_at`: not before; while `sending`, until when its sender has it alone.
CREATE TABLE payment_request (
  attempt_id   CHAR(26)     NOT NULL,
  instance     VARCHAR(20)  NOT NULL,
  client_id    VARCHAR(40)  NOT NULL,
  number       VARCHAR(16)  NOT NULL,
  state        VARCHAR(10)  NOT NULL,               -- waiting | sending | sent | failed
  tries        INT          NOT NULL DEFAULT 0,
  error        VARCHAR(255) NOT NULL DEFAULT '',    -- of the last try
  requested_at DATETIME(6)  NOT NULL,
  due_at       DATETIME(6)  NOT NULL,
  changed_at   DATETIME(6)  NOT NULL,
  PRIMARY KEY (attempt_id),
  KEY to_send (instance, state, due_at),
  KEY by_time (requested_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What somebody else than our conversation was told: an agent, or the administrator's own dialplan.
CREATE TABLE agent_result (
  told_id     CHAR(26)    NOT NULL,
  instance    VARCHAR(20) NOT NULL,
  client_id   VARCHAR(40) NOT NULL,
  number      VARCHAR(16) NOT NULL,
  result      VARCHAR(16) NOT NULL,
  promise_day DATE        NULL,
  attempt_id  CHAR(26)    NOT NULL DEFAULT '',  -- the call of ours in which it was told; empty: he rang
  uniqueid    VARCHAR(32) NOT NULL DEFAULT '',  -- of the channel
  told_at     DATETIME(6) NOT NULL,
  settled_at  DATETIME(6) NULL,                 -- its consequences are drawn
  PRIMARY KEY (told_id),
  KEY to_settle (settled_at, told_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- `segments`: beginning and end of each stretch of sound in ms since the answer, "940:1140 1160:2600": every feature of
-- every version of the classifier can be had from them. `voice` and `tones`: the same of what the audio said, NULL where
-- there was none; `opening`: how it sounded, to know recordings by. `label`: human, machine, or empty where nobody has said.
CREATE TABLE heard_call (
  attempt_id  CHAR(26)      NOT NULL,
  instance    VARCHAR(20)   NOT NULL,
  heard_at    DATETIME(6)   NOT NULL,
  seconds     DECIMAL(7,2)  NOT NULL,              -- it was listened to so long
  status      VARCHAR(10)   NOT NULL DEFAULT '',   -- the verdict, as AMDSTATUS
  cause       VARCHAR(80)   NOT NULL DEFAULT '',
  segments    VARCHAR(1000) NOT NULL,
  voice       VARCHAR(1000) NULL,
  tones       VARCHAR(1000) NULL,
  opening     VARCHAR(600)  NOT NULL DEFAULT '',
  label       VARCHAR(10)   NOT NULL DEFAULT '',
  labelled_at DATETIME(6)   NULL,
  PRIMARY KEY (attempt_id),
  KEY by_time (instance, heard_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
