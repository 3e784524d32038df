-- Asynchronous submissions (intake/operations). `file` names DATA/operations/<file>.body and .results. A state that is
-- not CREATED is final; what is under way is known from the results file, so that progress costs no transaction.
CREATE TABLE operations (
  id BIGINT PRIMARY KEY,
  file TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  channel TEXT NOT NULL,
  org TEXT NOT NULL,
  note TEXT NOT NULL,  -- of the kind's owner: what its reader needs to know besides
  idempotency_key TEXT NOT NULL,  -- empty = none
  body_sha256 TEXT NOT NULL,
  body_bytes BIGINT NOT NULL,
  items BIGINT NOT NULL,

  -- who sent it, with the rights he had then, and what was true then
  principal_id TEXT NOT NULL,
  principal_name TEXT NOT NULL,
  principal_org TEXT NOT NULL,
  default_source TEXT NOT NULL,
  grants TEXT NOT NULL,  -- role@org, joined by blanks; "*" = the server itself
  catalogue_position BIGINT NOT NULL,
  created_us BIGINT NOT NULL,

  state TEXT NOT NULL,
  error TEXT NOT NULL,
  finished_us BIGINT NOT NULL,  -- 0 = not yet
  stored BIGINT NOT NULL,
  duplicates BIGINT NOT NULL,
  conflicts BIGINT NOT NULL,
  rejected BIGINT NOT NULL
);
CREATE UNIQUE INDEX operations_idempotency ON operations (channel, org, idempotency_key) WHERE idempotency_key <> '';
CREATE INDEX operations_org ON operations (org, id);
CREATE INDEX operations_unfinished ON operations (id) WHERE state = 'CREATED';
CREATE INDEX operations_finished ON operations (finished_us) WHERE finished_us > 0;

-- The next number: one series for the server, never used twice, also when old operations are gone.
CREATE TABLE operation_numbers (
  name TEXT PRIMARY KEY,
  next BIGINT NOT NULL
);
INSERT INTO operation_numbers (name, next) VALUES ('operation', 1);
