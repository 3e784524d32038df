-- Access keys (identity/): applications of an org with the keys under them that sign token requests. An HMAC needs the
-- secret itself: it is sealed as in 0060_oauth.sql. Roles are words joined by commas, on the application's org. user_id
-- empty = the key acts for no user. revoked_us 0 = not revoked. Access tokens are not stored.
CREATE TABLE access_apps (
  app_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  org TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  revoked_us BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE access_keys (
  id TEXT PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES access_apps (app_id),
  sealed_secret TEXT NOT NULL,
  name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  roles TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  revoked_us BIGINT NOT NULL DEFAULT 0
);
