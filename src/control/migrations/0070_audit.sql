-- The audit trail (identity/audit.h). number grows by one an entry. org '' = of no org: for operators only. principal is
-- the name of who did it, principal_id his id; subject is what it was done to, peer the address it came from; '' = not
-- known or none.
CREATE TABLE audit (
  number BIGINT PRIMARY KEY,
  time_us BIGINT NOT NULL,
  event TEXT NOT NULL,
  org TEXT NOT NULL,
  principal TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  peer TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (time_us);
CREATE INDEX audit_by_org ON audit (org, number);
