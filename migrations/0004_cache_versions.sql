-- Versions for the cache: they count changes of what is cached, so that a copy can be compared with the truth. And what
-- comes by the write-behind: statistics, tool calls, checkpoints, and what could not be written.

ALTER TABLE users ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE chats ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
-- Counts changes of what a prompt may contain: messages that come, go or change.
ALTER TABLE threads ADD COLUMN history_version BIGINT NOT NULL DEFAULT 0;

CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
-- Money is not cached, so it does not count. Who had blocked the bot and writes again has to be met again.
CREATE TRIGGER count_change BEFORE UPDATE ON users FOR EACH ROW
    WHEN ((OLD.first_name, OLD.last_name, OLD.username, OLD.language_code, OLD.is_bot, OLD.is_premium, OLD.model_id,
           OLD.blocked_at)
        IS DISTINCT FROM
        (NEW.first_name, NEW.last_name, NEW.username, NEW.language_code, NEW.is_bot, NEW.is_premium, NEW.model_id,
         NEW.blocked_at))
    EXECUTE FUNCTION count_change();
CREATE TRIGGER count_change BEFORE UPDATE ON chats FOR EACH ROW
    WHEN ((OLD.kind, OLD.title, OLD.username, OLD.is_forum)
        IS DISTINCT FROM (NEW.kind, NEW.title, NEW.username, NEW.is_forum))
    EXECUTE FUNCTION count_change();

-- Whether a closed turn is in the statistics.
ALTER TABLE turns ADD COLUMN counted BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX turns_uncounted ON turns (id) WHERE closed_at IS NOT NULL AND NOT counted;

-- What a user did on a day (UTC) and what it cost; the sums of the books, kept beside them for the operator's eyes.
CREATE TABLE user_statistics (
    user_id     BIGINT NOT NULL REFERENCES users ON DELETE RESTRICT,
    day         DATE NOT NULL,
    turns       BIGINT NOT NULL,
    messages    BIGINT NOT NULL,
    input       BIGINT NOT NULL,
    cache_write BIGINT NOT NULL,
    cache_read  BIGINT NOT NULL,
    output      BIGINT NOT NULL,
    -- US dollars that the user paid.
    cost        NUMERIC(20, 9) NOT NULL,
    PRIMARY KEY (user_id, day)
);

CREATE TABLE tool_calls (
    turn_id     BIGINT NOT NULL REFERENCES turns ON DELETE RESTRICT,
    attempt     INTEGER NOT NULL,
    -- The model's own name for the call.
    call_id     TEXT NOT NULL,
    tool        TEXT NOT NULL,
    failed      BOOLEAN NOT NULL,
    duration_ms BIGINT NOT NULL,
    -- US dollars.
    cost        NUMERIC(20, 9) NOT NULL,
    started_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (turn_id, attempt, call_id)
);

-- How far the answer of an open turn had come when it was last written down.
CREATE TABLE checkpoints (
    turn_id    BIGINT PRIMARY KEY REFERENCES turns ON DELETE RESTRICT,
    attempt    INTEGER NOT NULL,
    -- Counts the checkpoints of an attempt.
    sequence   INTEGER NOT NULL,
    text       TEXT NOT NULL,
    written_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Items of the write-behind that the database refused. They wait for a person.
CREATE TABLE dead_letters (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id         TEXT NOT NULL UNIQUE,
    -- As it was found, which may be no JSON.
    payload         TEXT NOT NULL,
    error           TEXT NOT NULL,
    -- How often it was refused alone; outages do not count.
    attempts        INTEGER NOT NULL DEFAULT 1,
    first_failed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    last_failed_at  TIMESTAMPTZ NOT NULL DEFAULT now()
);
