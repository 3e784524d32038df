-- Attempts made before a delivery was last sent again by hand: the pauses between attempts begin anew there.
ALTER TABLE deliveries ADD COLUMN attempts_before BIGINT NOT NULL DEFAULT 0;
