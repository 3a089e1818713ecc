-- Recordings made in a chat are transcribed before they become a question, and paid by their duration.

-- One row per recording, for ever: it proves the charge. The words go with the messages.
CREATE TABLE transcriptions (
    chat_id     BIGINT NOT NULL,
    -- The message with the recording. For one of another chat, the message that replies to it (`replied`).
    message_id  INTEGER NOT NULL,
    replied     BOOLEAN NOT NULL,
    -- Who pays, and where it was asked for.
    user_id     BIGINT NOT NULL REFERENCES users ON DELETE RESTRICT,
    topic_id    INTEGER,
    -- Telegram's file_unique_id. The same recording of the same user is paid once.
    unique_id   TEXT NOT NULL,
    -- What Telegram says of its duration, seconds.
    duration    INTEGER NOT NULL CHECK (duration >= 0),
    state       TEXT NOT NULL CHECK (state IN ('pending', 'done', 'failed')),
    -- What is reserved while it is pending.
    held        NUMERIC(20, 9) NOT NULL CHECK (held >= 0),
    -- Which worker may ask the service, and until when unless it renews that.
    lease       BIGINT NOT NULL,
    leased_until TIMESTAMPTZ NOT NULL,
    -- How often the service was to be asked.
    attempts    INTEGER NOT NULL DEFAULT 1 CHECK (attempts > 0),
    -- The most that attempts may have cost whose result was lost; the owner's loss.
    lost        NUMERIC(20, 9) NOT NULL DEFAULT 0 CHECK (lost >= 0),
    -- The words; empty if nothing was said, NULL once they have expired.
    text        TEXT,
    -- ISO 639-1, as far as the service reports it.
    language    TEXT,
    -- The duration that is paid, seconds; the prices used, US dollars; both empty for a recording that was paid before.
    seconds     NUMERIC(12, 3) NOT NULL DEFAULT 0 CHECK (seconds >= 0),
    prices      JSONB NOT NULL DEFAULT '{}',
    cost        NUMERIC(20, 9) NOT NULL DEFAULT 0 CHECK (cost >= 0),
    -- The service's id of the request, for its support.
    request_id  TEXT,
    -- Why it failed, in a word.
    failure     TEXT,
    created_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    settled_at  TIMESTAMPTZ,
    PRIMARY KEY (chat_id, message_id, replied),
    CHECK ((state = 'pending') = (settled_at IS NULL)),
    CHECK (state = 'pending' OR held = 0),
    CHECK (state = 'done' OR cost = 0),
    CHECK ((state = 'failed') = (failure IS NOT NULL))
);
CREATE INDEX transcriptions_unique ON transcriptions (user_id, unique_id) WHERE state = 'done';
CREATE INDEX transcriptions_pending ON transcriptions (leased_until) WHERE state = 'pending';
CREATE INDEX transcriptions_words ON transcriptions (settled_at) WHERE text IS NOT NULL;

ALTER TABLE balance_operations
    DROP CONSTRAINT operations_kind,
    ADD CONSTRAINT operations_kind
        CHECK (kind IN ('starter', 'usage', 'return', 'payment', 'refund', 'adjustment', 'transcription'));

-- Whether a message is delivered without a sound.
ALTER TABLE outbox ADD COLUMN silent BOOLEAN NOT NULL DEFAULT FALSE;
