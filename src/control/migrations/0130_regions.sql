-- Replicas of catalogues that are at home in other regions (regions/): up to which position of the home's catalogue each
-- is here, when it was last known to be the newest, and what kept the last look from bringing it up to date.
CREATE TABLE region_replicas (
  region TEXT PRIMARY KEY,
  position BIGINT NOT NULL,
  checked_us BIGINT NOT NULL,
  problem TEXT NOT NULL
);
