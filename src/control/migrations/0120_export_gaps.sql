-- Regions whose usage an artifact lacks, and when they are to be filled in (exports/). A job is filled in while its state
-- is PARTIAL_SUCCESS and heal_next_us is set; a runner that does so holds its lease.
ALTER TABLE export_jobs ADD COLUMN gaps_json TEXT NOT NULL DEFAULT '';              -- empty: none
ALTER TABLE export_jobs ADD COLUMN heals_from_creation BIGINT NOT NULL DEFAULT 0;   -- 1: until so long after created_us
ALTER TABLE export_jobs ADD COLUMN heals_until_us BIGINT NOT NULL DEFAULT 0;        -- 0 = the gaps stay
ALTER TABLE export_jobs ADD COLUMN heal_next_us BIGINT NOT NULL DEFAULT 0;          -- the next try; 0 = none
ALTER TABLE export_jobs ADD COLUMN heal_tries BIGINT NOT NULL DEFAULT 0;            -- since something was filled in

CREATE INDEX export_jobs_healing ON export_jobs (heal_next_us) WHERE heal_next_us > 0;
