-- Mails in the outbox (delivery/): url is "mailto:" and the address, body the plain text, content_type is empty.
ALTER TABLE deliveries ADD COLUMN kind TEXT NOT NULL DEFAULT 'callback';  -- 'callback', 'mail'
ALTER TABLE deliveries ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN html TEXT NOT NULL DEFAULT '';
