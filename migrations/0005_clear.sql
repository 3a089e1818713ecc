-- /clear: what was said before is in no prompt any more; and the buttons with which topics are deleted.

ALTER TABLE threads
    -- Turns whose question has this number or a smaller one are forgotten: they stay in the table and in no prompt.
    ADD COLUMN cleared_up_to INTEGER NOT NULL DEFAULT 0,
    -- Whether Telegram has deleted the topic.
    ADD COLUMN topic_gone    BOOLEAN NOT NULL DEFAULT FALSE,
    ADD CHECK (topic_id IS NOT NULL OR NOT topic_gone);

-- Topics that somebody may delete with one tap, or has. The button carries nothing but the number of the row.
CREATE TABLE topic_deletions (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The update that asked; the same one again is the same offer.
    asked_by    BIGINT NOT NULL UNIQUE,
    chat_id     BIGINT NOT NULL REFERENCES chats ON DELETE RESTRICT,
    user_id     BIGINT NOT NULL REFERENCES users ON DELETE RESTRICT,
    -- What was offered, and what has become of each.
    topics      INTEGER[] NOT NULL CHECK (cardinality(topics) > 0),
    deleted     INTEGER[] NOT NULL DEFAULT '{}',
    failed      INTEGER[] NOT NULL DEFAULT '{}',
    expires_at  TIMESTAMPTZ NOT NULL,
    -- The tap that confirmed it; from then on it is carried out, also after a crash.
    used_by     BIGINT,
    used_at     TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,
    CHECK ((used_by IS NULL) = (used_at IS NULL)),
    CHECK (finished_at IS NULL OR used_at IS NOT NULL)
);
CREATE INDEX topic_deletions_running ON topic_deletions (id) WHERE used_at IS NOT NULL AND finished_at IS NULL;
