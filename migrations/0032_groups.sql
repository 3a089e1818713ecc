-- What the administrators of a group set with /group, whose money pays there, and conversations that members share.

CREATE TABLE group_settings (
    chat_id    BIGINT PRIMARY KEY REFERENCES chats ON DELETE RESTRICT,
    -- Whether every message is answered; otherwise those that mention the bot or reply to it, and commands.
    hears_all  BOOLEAN NOT NULL DEFAULT FALSE,
    -- Whether all members share one conversation, in each topic one.
    shared     BOOLEAN NOT NULL DEFAULT FALSE,
    -- Who pays for the answers to all members; NULL: each member pays for their own.
    sponsor_id BIGINT REFERENCES users ON DELETE RESTRICT,
    -- The most that the sponsor pays here in a day (UTC), US dollars.
    day_limit  NUMERIC(20, 9) CHECK (day_limit > 0),
    changed_by BIGINT NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CHECK ((sponsor_id IS NULL) = (day_limit IS NULL))
);

-- What a group was told that it is not to be told each time.
CREATE TABLE group_notices (
    chat_id BIGINT NOT NULL,
    notice  TEXT NOT NULL,
    told_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (chat_id, notice)
);

ALTER TABLE turns
    -- The person who asked; NULL: the one whose thread it is.
    ADD COLUMN asker_id     BIGINT,
    -- The person who pays; NULL: the one who asked.
    ADD COLUMN payer_id     BIGINT REFERENCES users ON DELETE RESTRICT,
    -- The group whose sponsor pays.
    ADD COLUMN sponsored_in BIGINT,
    ADD CHECK (sponsored_in IS NULL OR payer_id IS NOT NULL);
-- What a sponsor has paid today, and what is reserved for open turns.
CREATE INDEX turns_sponsored ON turns (sponsored_in, closed_at) WHERE sponsored_in IS NOT NULL;

-- The same for the transcript of a file that was made for a turn that a sponsor pays.
ALTER TABLE transcriptions ADD COLUMN sponsored_in BIGINT;
CREATE INDEX transcriptions_sponsored ON transcriptions (sponsored_in, settled_at) WHERE sponsored_in IS NOT NULL;

-- A thread that the members of a group share belongs to nobody: its `user_id` is the id of the group.
ALTER TABLE threads
    DROP CONSTRAINT threads_user_id_fkey,
    ADD CONSTRAINT threads_owner CHECK (user_id > 0 OR user_id = chat_id);
-- Who wrote a message; NULL: the one whose thread it is.
ALTER TABLE messages ADD COLUMN author_id BIGINT;
