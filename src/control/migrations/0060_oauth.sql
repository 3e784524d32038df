-- Signed requests (identity/): applications of an org with tokens under them, and nonces that were used. An HMAC needs
-- the secrets themselves: they are sealed (XChaCha20-Poly1305, hex of nonce and text) under a key derived from
-- keys/identity-secret. Roles are words joined by commas, on the application's org. revoked_us 0 = not revoked. A nonce
-- is here as the keyed hash of token, timestamp and nonce.
CREATE TABLE oauth_applications (
  consumer_key TEXT PRIMARY KEY,
  sealed_secret TEXT NOT NULL,
  name TEXT NOT NULL,
  org TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  revoked_us BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE oauth_tokens (
  id TEXT PRIMARY KEY,
  consumer_key TEXT NOT NULL REFERENCES oauth_applications (consumer_key),
  sealed_secret TEXT NOT NULL,
  name TEXT NOT NULL,
  roles TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  revoked_us BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE oauth_nonces (
  hash TEXT PRIMARY KEY,
  used_us BIGINT NOT NULL
);
CREATE INDEX oauth_nonces_by_time ON oauth_nonces (used_us);
