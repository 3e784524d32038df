-- Exports of billed usage (exports/): numbered jobs, an artifact's own retention, mail. export_jobs.is_callback_due now
-- stands for both notices of a job's end, callback and mail.
ALTER TABLE export_jobs ADD COLUMN number BIGINT NOT NULL DEFAULT 0;       -- 0 = none
ALTER TABLE export_jobs ADD COLUMN retention_s BIGINT NOT NULL DEFAULT 0;  -- of the artifact; 0 = the setting; else the job stays for ever
ALTER TABLE export_jobs ADD COLUMN mail_to TEXT NOT NULL DEFAULT '';       -- empty = nobody
ALTER TABLE export_jobs ADD COLUMN billed_json TEXT NOT NULL DEFAULT '';   -- what its rows show; empty for other kinds

-- of billed_json, for conditions: ids of the orgs (blank between two; empty = the requesting one) and the project
ALTER TABLE export_jobs ADD COLUMN billed_orgs TEXT NOT NULL DEFAULT '';
ALTER TABLE export_jobs ADD COLUMN billed_project TEXT NOT NULL DEFAULT '';

-- the number given last; one row
CREATE TABLE export_numbers (last BIGINT NOT NULL);
INSERT INTO export_numbers (last) VALUES (1000);

-- What is kept for ever must not stand in the way of what is removed.
DROP INDEX export_jobs_finished;
CREATE INDEX export_jobs_passing ON export_jobs (finished_us) WHERE finished_us > 0 AND retention_s = 0;
CREATE UNIQUE INDEX export_jobs_number ON export_jobs (number) WHERE number > 0;
CREATE INDEX export_jobs_numbered ON export_jobs (org, dialect, created_us, number) WHERE number > 0;
CREATE INDEX export_jobs_billed_orgs ON export_jobs (org, dialect, billed_orgs) WHERE number > 0 AND billed_orgs <> '';
