-- What people ask of the data about them: a conversation or everything as a file, or that it is erased. And
-- announcements become a choice in /settings.

CREATE TABLE data_requests (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The update that asked; the same one again is the same request.
    asked_by     BIGINT NOT NULL UNIQUE,
    user_id      BIGINT NOT NULL REFERENCES users ON DELETE RESTRICT,
    -- Where it was asked, by which message of the person or below which message of the bot.
    chat_id      BIGINT NOT NULL,
    topic_id     INTEGER,
    -- Whose conversation that is: the person's, or the one that the members of a group share (the id of the group).
    owner_id     BIGINT NOT NULL,
    message_id   INTEGER NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('conversation', 'everything', 'erasure')),
    -- Offered: an erasure that the person has still to confirm. Waiting: to be carried out by a worker.
    state        TEXT NOT NULL CHECK (state IN ('offered', 'cancelled', 'waiting', 'done', 'failed')),
    -- The language of the answer (two-letter code), because an erasure forgets the person's. NULL once it is answered.
    language     TEXT,
    -- Until when an erasure can be confirmed.
    expires_at   TIMESTAMPTZ,
    -- How many steps of an erasure are finished; 0 again if more was found in the end.
    step         INTEGER NOT NULL DEFAULT 0 CHECK (step >= 0),
    -- How often a worker has taken it, and when it is taken next.
    attempts     INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due_at       TIMESTAMPTZ NOT NULL DEFAULT now(),
    -- Which worker has it, and until when unless it renews that.
    lease        BIGINT,
    leased_until TIMESTAMPTZ,
    -- The file that answers it.
    file_id      UUID,
    created_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    finished_at  TIMESTAMPTZ,
    CHECK (kind = 'erasure' OR state NOT IN ('offered', 'cancelled')),
    CHECK ((kind = 'erasure') = (expires_at IS NOT NULL)),
    CHECK ((state IN ('cancelled', 'done', 'failed')) = (finished_at IS NOT NULL))
);
CREATE INDEX data_requests_due ON data_requests (due_at) WHERE state = 'waiting';
CREATE INDEX data_requests_user ON data_requests (user_id, id);
CREATE INDEX data_requests_finished ON data_requests (finished_at) WHERE finished_at IS NOT NULL;

-- Announcements are cached with what a person has chosen. Beside the other triggers that count: all set the same number.
CREATE TRIGGER count_announcements BEFORE UPDATE OF announcements ON users FOR EACH ROW
    WHEN (OLD.announcements IS DISTINCT FROM NEW.announcements) EXECUTE FUNCTION count_change();

-- Whose turns and messages are whose. In a conversation that the members of a group share, they are those of the person
-- who asked, with the answers.
CREATE INDEX turns_asker ON turns (asker_id) WHERE asker_id IS NOT NULL;
CREATE VIEW turns_of_people AS
    SELECT threads.user_id AS person_id, turns.id AS turn_id FROM threads JOIN turns ON turns.thread_id = threads.id
    WHERE turns.asker_id IS NULL
    UNION ALL SELECT asker_id, id FROM turns WHERE asker_id IS NOT NULL;
CREATE VIEW messages_of_people AS
    SELECT threads.user_id AS person_id, messages.id AS message_row
    FROM threads JOIN messages ON messages.thread_id = threads.id WHERE threads.user_id > 0
    UNION ALL
    SELECT turns.asker_id, messages.id FROM turns JOIN messages ON messages.turn_id = turns.id
    WHERE turns.asker_id IS NOT NULL;
