-- Files that are sent to people: what tools have made, and the persons' own.

-- The id by which the model names a file. Rows that exist get one; this writes the table anew.
ALTER TABLE files ADD COLUMN public_id UUID NOT NULL DEFAULT gen_random_uuid();
CREATE UNIQUE INDEX files_public ON files (public_id);

-- Files that tools have made. The model names them by the same kind of id.
CREATE TABLE made_files (
    id          UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    thread_id   BIGINT NOT NULL REFERENCES threads ON DELETE RESTRICT,
    turn_id     BIGINT NOT NULL REFERENCES turns ON DELETE RESTRICT,
    name        TEXT NOT NULL CHECK (name <> ''),
    mime        TEXT NOT NULL CHECK (mime <> ''),
    -- Bytes; a bot can send no more than 50 MB.
    size        BIGINT NOT NULL CHECK (size BETWEEN 1 AND 52428800),
    sha256      BYTEA NOT NULL CHECK (octet_length(sha256) = 32),
    -- What it is, for the model.
    description TEXT NOT NULL,
    -- Whether Redis was given a copy, up to a total size.
    cached      BOOLEAN NOT NULL,
    state       TEXT NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'delivered')),
    -- Telegram's id, which sends it again as this kind of message and no other.
    telegram_id TEXT CHECK (telegram_id <> ''),
    sent_as     TEXT,
    created_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    expires_at  TIMESTAMPTZ NOT NULL,
    CHECK ((telegram_id IS NULL) = (sent_as IS NULL))
);
CREATE INDEX made_files_thread ON made_files (thread_id, created_at);
CREATE INDEX made_files_delivered ON made_files (created_at) WHERE state = 'delivered';
CREATE INDEX made_files_kept ON made_files (expires_at) WHERE state = 'kept';

-- Their contents, until Telegram has them. Redis has copies only, because it may be flushed or evict them.
CREATE TABLE made_file_contents (
    file_id UUID PRIMARY KEY REFERENCES made_files ON DELETE CASCADE,
    content BYTEA NOT NULL
);
-- Most are compressed already.
ALTER TABLE made_file_contents ALTER COLUMN content SET STORAGE EXTERNAL;

-- Files of the answer that Telegram has accepted or refused, in that order: objects with id, name and sent. Later prompts
-- tell of them. NULL if there are none.
ALTER TABLE turns ADD COLUMN sent_files JSONB;

-- The files that a message consists of: one, or an album, in order; NULL for a text. Each is an object with id, kind,
-- name, mime, size, and telegram_id unless a tool has made it. The text is then the caption.
ALTER TABLE outbox ADD COLUMN media JSONB CHECK (jsonb_array_length(media) BETWEEN 1 AND 10);
-- The message that is owed instead if Telegram refuses the files.
ALTER TABLE outbox ADD COLUMN instead TEXT;
