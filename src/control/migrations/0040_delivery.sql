-- Outbox of callbacks (delivery/). A delivery is pending until it is delivered, failed (no attempts left) or refused
-- (never sent: bad, skipped or guarded address); next_attempt_us counts for pending ones only.
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY,
  job_id TEXT NOT NULL,
  org TEXT NOT NULL,
  url TEXT NOT NULL,
  content_type TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  attempts_max BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  next_attempt_us BIGINT NOT NULL,
  last_status BIGINT NOT NULL,  -- 0 = no answer
  last_error TEXT NOT NULL      -- empty = none
);
CREATE INDEX deliveries_due ON deliveries (state, next_attempt_us);
CREATE INDEX deliveries_of_job ON deliveries (job_id, created_us);
CREATE INDEX deliveries_latest ON deliveries (created_us);

CREATE TABLE delivery_attempts (
  delivery_id TEXT NOT NULL,
  number BIGINT NOT NULL,  -- from 1
  began_us BIGINT NOT NULL,
  took_us BIGINT NOT NULL,
  status BIGINT NOT NULL,  -- 0 = no answer
  error TEXT NOT NULL,     -- empty = none
  PRIMARY KEY (delivery_id, number)
);
