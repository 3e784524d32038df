-- Export jobs (exports/). A job is active while its state is CREATED or PROCESSING; a runner that works on it holds a
-- lease: its name and the time until which it vouches for the job. `sequence` is the order of creation.
CREATE TABLE export_jobs (
  id TEXT PRIMARY KEY,
  sequence BIGINT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  error TEXT NOT NULL,
  is_unplannable BIGINT NOT NULL,

  -- what was asked for
  org TEXT NOT NULL,
  kind TEXT NOT NULL,
  period_from_us BIGINT NOT NULL,
  period_to_us BIGINT NOT NULL,
  all_linked BIGINT NOT NULL,
  split TEXT NOT NULL,
  meter TEXT NOT NULL,
  format TEXT NOT NULL,
  asked_position BIGINT NOT NULL,  -- -1 = none
  asked_time_us BIGINT NOT NULL,   -- -1 = none
  dialect TEXT NOT NULL,
  note_json TEXT NOT NULL,
  callback_url TEXT NOT NULL,
  user_id TEXT NOT NULL,
  active_jobs_max BIGINT NOT NULL,
  partial_rights BIGINT NOT NULL,

  -- rights as judged at the request: ids of linked orgs left out (blank between two), what may be told of them
  missing_orgs TEXT NOT NULL,
  missing_named TEXT NOT NULL,
  missing_text TEXT NOT NULL,

  -- the snapshot it is pinned to
  as_of_us BIGINT NOT NULL,
  ledger_position BIGINT NOT NULL,
  catalogue_position BIGINT NOT NULL,

  created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL,
  finished_us BIGINT NOT NULL,  -- 0 = not yet
  expires_us BIGINT NOT NULL,   -- of the artifact; 0 = none

  runner TEXT NOT NULL,
  lease_until_us BIGINT NOT NULL,
  is_cancel_asked BIGINT NOT NULL,
  slices_done BIGINT NOT NULL,
  slices BIGINT NOT NULL,
  progress_rows BIGINT NOT NULL,
  progress_bytes BIGINT NOT NULL,

  -- the artifact; an empty path = none, or removed after its time
  revision BIGINT NOT NULL,
  artifact_path TEXT NOT NULL,
  manifest_path TEXT NOT NULL,
  artifact_bytes BIGINT NOT NULL,
  artifact_rows BIGINT NOT NULL,
  artifact_sha256 TEXT NOT NULL,

  -- 1: final, and its callback is not yet with the outbox
  is_callback_due BIGINT NOT NULL
);
CREATE INDEX export_jobs_newest ON export_jobs (sequence, org);
CREATE INDEX export_jobs_org ON export_jobs (org, sequence);
CREATE INDEX export_jobs_active ON export_jobs (org, dialect) WHERE state IN ('CREATED', 'PROCESSING');
CREATE INDEX export_jobs_expiring ON export_jobs (expires_us) WHERE artifact_path <> '';
CREATE INDEX export_jobs_finished ON export_jobs (finished_us) WHERE finished_us > 0;
CREATE INDEX export_jobs_callback ON export_jobs (sequence) WHERE is_callback_due = 1;
