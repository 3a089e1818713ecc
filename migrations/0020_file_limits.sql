-- Why a file was not fetched is stored with it, because it depends on settings, and prompts must not change with them.
ALTER TABLE files
    ADD COLUMN refusal TEXT CHECK (refusal IN ('too_large', 'daily_limit')),
    -- With 'too_large': the largest size that would have been fetched, bytes.
    ADD COLUMN size_limit BIGINT CHECK (size_limit > 0),
    ADD CHECK ((refusal IS NOT DISTINCT FROM 'too_large') = (size_limit IS NOT NULL));

-- So far 20 MiB was the limit for everything but recordings, whose prompts did not name one. Prompts stay the same;
-- histories in the cache do not say why yet.
WITH refused AS (
    UPDATE files SET refusal = 'too_large', size_limit = 20971520
    WHERE size > 20971520 AND kind NOT IN ('voice', 'video_note') RETURNING thread_id
)
UPDATE threads SET history_version = history_version + 1 WHERE id IN (SELECT thread_id FROM refused);

-- How many bytes of files were fetched for a user on a day (UTC). There is no reference to users: a file may be counted
-- before its sender has an account.
CREATE TABLE file_days (
    user_id BIGINT NOT NULL,
    day     DATE NOT NULL,
    bytes   BIGINT NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (user_id, day)
);
CREATE INDEX file_days_day ON file_days (day);

-- What each fetch counts for. The key lets an update that comes twice count once; the content is part of it, because an
-- edit may replace a message's file.
CREATE TABLE file_fetches (
    chat_id    BIGINT NOT NULL,
    message_id INTEGER NOT NULL,
    replied    BOOLEAN NOT NULL,
    unique_id  TEXT NOT NULL,
    user_id    BIGINT NOT NULL,
    day        DATE NOT NULL,
    -- The size that Telegram reports, until the real one is known; 0 if the file could not be fetched.
    bytes      BIGINT NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (chat_id, message_id, replied, unique_id),
    FOREIGN KEY (user_id, day) REFERENCES file_days ON DELETE CASCADE
);
CREATE INDEX file_fetches_day ON file_fetches (user_id, day);
