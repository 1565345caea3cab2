-- Contracts, alarms, the last complete answer of each kind; digests, so that an unchanged row costs no write.

-- Digest: 64 bits over all that a source says of the row; 0 has never been one. `seen_at` is from now on the sync that
-- last changed the row.
ALTER TABLE client ADD COLUMN digest BIGINT UNSIGNED NOT NULL DEFAULT 0;
ALTER TABLE client ADD COLUMN neighbourhood_key VARCHAR(120) NOT NULL DEFAULT '';  -- without case and accents: to group by
ALTER TABLE client ADD COLUMN city VARCHAR(120) NOT NULL DEFAULT '';
ALTER TABLE client ADD COLUMN state CHAR(2) NOT NULL DEFAULT '';                   -- UF
ALTER TABLE client ADD COLUMN collectable TINYINT NOT NULL DEFAULT 1;              -- 0: the ERP says not to collect
ALTER TABLE bill ADD COLUMN digest BIGINT UNSIGNED NOT NULL DEFAULT 0;
ALTER TABLE bill ADD COLUMN updated_amount DECIMAL(12,2) NULL;                     -- with fine and interest

CREATE TABLE contract (
  instance        VARCHAR(20)     NOT NULL,
  contract_id     VARCHAR(40)     NOT NULL,
  client_id       VARCHAR(40)     NOT NULL,
  access          VARCHAR(20)     NOT NULL,
  access_code     VARCHAR(20)     NOT NULL DEFAULT '',   -- as the ERP writes it
  trust_unlock    VARCHAR(10)     NOT NULL,
  plan            VARCHAR(120)    NOT NULL DEFAULT '',
  neighbourhood   VARCHAR(120)    NOT NULL DEFAULT '',
  blocked_since   DATE            NULL,
  no_notice_until DATE            NULL,                  -- not to be called up to and including this day
  digest          BIGINT UNSIGNED NOT NULL,
  seen_at         DATETIME(6)     NOT NULL,
  PRIMARY KEY (instance, contract_id),
  KEY by_client (instance, client_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The last complete answer. `token` belongs to who stores one now: every transaction of the storing locks the row and
-- finds its own token there, or stops. `applying`: begun, not finished.
CREATE TABLE answer (
  instance    VARCHAR(20) NOT NULL,
  kind        VARCHAR(20) NOT NULL,                      -- clients | bills | contracts
  token       CHAR(32)    NOT NULL DEFAULT '',
  applying    TINYINT     NOT NULL DEFAULT 0,
  complete_at DATETIME(6) NULL,
  row_count   INT         NOT NULL DEFAULT 0,
  PRIMARY KEY (instance, kind)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE alarm (
  alarm_id        BIGINT       NOT NULL AUTO_INCREMENT,
  instance        VARCHAR(20)  NOT NULL,
  kind            VARCHAR(20)  NOT NULL,
  reason          VARCHAR(255) NOT NULL,
  raised_at       DATETIME(6)  NOT NULL,
  last_at         DATETIME(6)  NOT NULL,
  times           INT          NOT NULL DEFAULT 1,
  over_at         DATETIME(6)  NULL,                     -- a later answer was believed
  acknowledged_at DATETIME(6)  NULL,
  acknowledged_by VARCHAR(64)  NOT NULL DEFAULT '',
  PRIMARY KEY (alarm_id),
  KEY to_see (acknowledged_at, alarm_id),
  KEY by_kind (instance, kind, over_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
