-- The catalogue as a projection of ledger records (catalog/): one row per object version, the newest row of an object
-- is its present state, the body carries its dated entries (valid_from). All of it can be made again from the ledger.
CREATE TABLE catalogue_versions (
  recorded_at_position BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  owner TEXT NOT NULL,
  id TEXT NOT NULL,
  recorded_at_us BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX catalogue_versions_object ON catalogue_versions (kind, owner, id, recorded_at_position);

-- Ledger records up to this position are in catalogue_versions, if they are the catalogue's.
CREATE TABLE catalogue_projection (
  name TEXT PRIMARY KEY,
  projected_position BIGINT NOT NULL
);
