-- Topics whose name nobody has given on purpose are named after their first answer.
CREATE TABLE topic_names (
    chat_id      BIGINT NOT NULL,
    topic_id     INTEGER NOT NULL,
    -- implicit: Telegram has made up the name. chosen: a better one is known and paid, and Telegram is to be told.
    -- named: Telegram has it. given: a person has named the topic. left: the topic keeps its name, see `failure`.
    state        TEXT NOT NULL CHECK (state IN ('implicit', 'chosen', 'named', 'given', 'left')),
    -- Whether a person has chosen the icon.
    icon_given   BOOLEAN NOT NULL DEFAULT FALSE,
    -- When it is tried next; NULL while an answer is awaited.
    due_at       TIMESTAMPTZ,
    -- How often it was tried in this state.
    attempts     INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- Which worker has it, and until when unless it renews that.
    lease        BIGINT NOT NULL DEFAULT 0,
    leased_until TIMESTAMPTZ NOT NULL DEFAULT now(),
    -- The answer after which it is named: its person pays, and its books have the call.
    turn_id      BIGINT REFERENCES turns ON DELETE RESTRICT,
    user_id      BIGINT REFERENCES users ON DELETE RESTRICT,
    -- What is reserved while the model is asked.
    held         NUMERIC(20, 9) NOT NULL DEFAULT 0 CHECK (held >= 0),
    -- The most that calls may have cost whose result was lost; the owner's loss.
    lost         NUMERIC(20, 9) NOT NULL DEFAULT 0 CHECK (lost >= 0),
    -- The chosen name and icon, until Telegram has them.
    name         TEXT,
    icon         TEXT,
    -- Why it is left as it is, in a word.
    failure      TEXT,
    created_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    settled_at   TIMESTAMPTZ,
    PRIMARY KEY (chat_id, topic_id),
    CHECK ((state = 'chosen') = (name IS NOT NULL)),
    CHECK (state = 'implicit' OR held = 0),
    CHECK (held = 0 OR user_id IS NOT NULL),
    CHECK ((state IN ('named', 'given', 'left')) = (settled_at IS NOT NULL)),
    CHECK ((state = 'left') = (failure IS NOT NULL))
);
CREATE INDEX topic_names_due ON topic_names (due_at) WHERE state IN ('implicit', 'chosen');
CREATE INDEX topic_names_settled ON topic_names (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX topic_names_held ON topic_names (user_id) WHERE held > 0;

-- The call is one of its turn, made after that was charged, so it has an operation of its own.
ALTER TABLE balance_operations
    DROP CONSTRAINT operations_kind,
    ADD CONSTRAINT operations_kind
        CHECK (kind IN ('starter', 'usage', 'return', 'payment', 'refund', 'adjustment', 'transcription', 'topic_name')),
    DROP CONSTRAINT operations_turn,
    ADD CONSTRAINT operations_turn
        CHECK ((kind IN ('usage', 'return', 'topic_name')) = (turn_id IS NOT NULL));

-- A question that is asked again moves to a new turn. The former one, with what was answered, is in no prompt any more.
ALTER TABLE turns
    ADD COLUMN retried  BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN retry_of BIGINT REFERENCES turns ON DELETE RESTRICT;
CREATE UNIQUE INDEX turns_retry_of ON turns (retry_of) WHERE retry_of IS NOT NULL;
