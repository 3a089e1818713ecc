-- Conversations: what came in, who said what, what was answered, what is still owed to a chat.

-- Every update, stored before its offset is confirmed to Telegram. A row is handled once its effects are committed.
CREATE TABLE inbox (
    update_id   BIGINT PRIMARY KEY,
    kind        TEXT NOT NULL,
    -- JSON, not JSONB: as it came, also with escapes that JSONB refuses.
    payload     JSON NOT NULL,
    received_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    handled_at  TIMESTAMPTZ
);
CREATE INDEX inbox_unhandled ON inbox (update_id) WHERE handled_at IS NULL;

CREATE TABLE users (
    id            BIGINT PRIMARY KEY,
    first_name    TEXT NOT NULL,
    last_name     TEXT,
    -- Not unique: a name moves between accounts, and we hear of it only with the next message.
    username      TEXT,
    language_code TEXT,
    is_bot        BOOLEAN NOT NULL DEFAULT FALSE,
    is_premium    BOOLEAN NOT NULL DEFAULT FALSE,
    -- NULL means the default model of the table.
    model_id      TEXT,
    first_seen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    last_seen_at  TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX users_username ON users (lower(username)) WHERE username IS NOT NULL;

CREATE TABLE chats (
    id         BIGINT PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('private', 'group', 'supergroup', 'channel')),
    title      TEXT,
    username   TEXT,
    is_forum   BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE threads (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chat_id    BIGINT NOT NULL REFERENCES chats ON DELETE RESTRICT,
    user_id    BIGINT NOT NULL REFERENCES users ON DELETE RESTRICT,
    topic_id   INTEGER,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    -- "No topic" is one value, so that two racing first messages make one thread.
    UNIQUE NULLS NOT DISTINCT (chat_id, user_id, topic_id)
);

CREATE TABLE turns (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thread_id       BIGINT NOT NULL REFERENCES threads ON DELETE RESTRICT,
    -- The last message of the batch, which the answer belongs to.
    question_id     INTEGER NOT NULL,
    model_id        TEXT NOT NULL,
    state           TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered', 'interrupted', 'failed')),
    -- What exactly happened, once the turn is closed.
    detail          TEXT,
    -- The first attempt is 1; a crash leads to the next.
    attempt         INTEGER NOT NULL DEFAULT 1,
    -- A message in a group that shows the unfinished answer.
    live_message_id INTEGER,
    opened_at       TIMESTAMPTZ NOT NULL DEFAULT now(),
    closed_at       TIMESTAMPTZ,
    CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE INDEX turns_thread ON turns (thread_id);
CREATE INDEX turns_open ON turns (id) WHERE state = 'open';

CREATE TABLE messages (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thread_id      BIGINT NOT NULL REFERENCES threads ON DELETE RESTRICT,
    turn_id        BIGINT NOT NULL REFERENCES turns ON DELETE RESTRICT,
    chat_id        BIGINT NOT NULL,
    -- NULL for answers: the numbers of their parts stand in the outbox.
    message_id     INTEGER,
    role           TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    text           TEXT NOT NULL,
    sender         TEXT,
    reply_to       INTEGER,
    reply_sender   TEXT,
    reply_snippet  TEXT,
    quote          TEXT,
    forwarded_from TEXT,
    interrupted    BOOLEAN NOT NULL DEFAULT FALSE,
    edits          INTEGER NOT NULL DEFAULT 0,
    original_text  TEXT,
    sent_at        TIMESTAMPTZ NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (chat_id, message_id),
    CHECK ((role = 'user') = (message_id IS NOT NULL))
);
CREATE INDEX messages_thread ON messages (thread_id, id);
CREATE INDEX messages_turn ON messages (turn_id);
CREATE UNIQUE INDEX messages_one_answer ON messages (turn_id) WHERE role = 'assistant';

-- Every call of a model, also failed and cut ones.
CREATE TABLE model_calls (
    turn_id        BIGINT NOT NULL REFERENCES turns ON DELETE RESTRICT,
    attempt        INTEGER NOT NULL,
    call           INTEGER NOT NULL,
    model_id       TEXT NOT NULL,
    request_id     TEXT,
    ended          TEXT NOT NULL,
    input          BIGINT NOT NULL,
    cache_write_5m BIGINT NOT NULL,
    cache_write_1h BIGINT NOT NULL,
    cache_read     BIGINT NOT NULL,
    output         BIGINT NOT NULL,
    thinking       BIGINT NOT NULL,
    web_searches   BIGINT NOT NULL,
    first_text_ms  BIGINT,
    duration_ms    BIGINT NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (turn_id, attempt, call)
);

-- Messages that we owe a chat: written with the decision to send them, ticked off when Telegram has them.
CREATE TABLE outbox (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- What the message is for; writing the same one twice is one message.
    key             TEXT NOT NULL UNIQUE,
    chat_id         BIGINT NOT NULL,
    topic_id        INTEGER,
    turn_id         BIGINT REFERENCES turns ON DELETE RESTRICT,
    text            TEXT NOT NULL,
    entities        JSONB NOT NULL,
    -- The message to answer, or the unfinished message to replace.
    reply_to        INTEGER,
    replaces        INTEGER,
    state           TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'refused')),
    message_id      INTEGER,
    refusal         TEXT,
    created_at      TIMESTAMPTZ NOT NULL DEFAULT now(),
    settled_at      TIMESTAMPTZ,
    CHECK ((state = 'sent') = (message_id IS NOT NULL)),
    CHECK ((state = 'pending') = (settled_at IS NULL))
);
CREATE INDEX outbox_pending ON outbox (id) WHERE state = 'pending';
CREATE INDEX outbox_turn ON outbox (turn_id) WHERE turn_id IS NOT NULL;
