-- The update that has opened a dialog: only what was written after it answers the question. 0, of an older version,
-- is before everything.
ALTER TABLE dialogs ADD COLUMN opened_by BIGINT NOT NULL DEFAULT 0;

-- The SHA-256 digest of a file's content, once it was loaded: the same content is copied to the provider once in a
-- conversation, also if it was uploaded to Telegram twice.
ALTER TABLE files ADD COLUMN sha256 BYTEA CHECK (octet_length(sha256) = 32);
