-- Announcements to many people, bans with their history, and chats that the bot was removed from.

ALTER TABLE users
    -- Whether the user takes announcements.
    ADD COLUMN announcements BOOLEAN NOT NULL DEFAULT TRUE;

ALTER TABLE chats
    -- Since when the bot is no longer in the group: told by Telegram, or found out by a refusal. NULL while it is.
    ADD COLUMN removed_at TIMESTAMPTZ,
    -- When the newest change of that was made which Telegram told of.
    ADD COLUMN membership_at TIMESTAMPTZ;

-- One that an administrator prepares or has sent. The content is a message in the administrator's private chat.
CREATE TABLE announcements (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The update with the command; the same one again is the same announcement.
    asked_by     BIGINT NOT NULL UNIQUE,
    admin_id     BIGINT NOT NULL REFERENCES users ON DELETE RESTRICT,
    chat_id      BIGINT NOT NULL,
    topic_id     INTEGER,
    -- The users it is for; NULL means all.
    targets      BIGINT[] CHECK (cardinality(targets) > 0),
    -- Asked: its content is awaited. Given: the content has come and is shown for approval. Offered: approval is awaited.
    state        TEXT NOT NULL DEFAULT 'asked'
        CHECK (state IN ('asked', 'given', 'offered', 'sending', 'stopping', 'sent', 'stopped', 'cancelled')),
    -- The update with the content, and the message.
    given_by     BIGINT UNIQUE,
    message_id   INTEGER,
    -- The message of the bot that shows the progress.
    progress_id  INTEGER,
    -- Which worker sends it, and until when unless it renews that.
    lease        BIGINT,
    leased_until TIMESTAMPTZ,
    -- Why it was stopped if no administrator has done so.
    failure      TEXT,
    -- How many recipients ended in each state; the rows of the recipients are deleted later.
    tally        JSONB,
    created_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    begun_at     TIMESTAMPTZ,
    finished_at  TIMESTAMPTZ,
    CHECK ((given_by IS NULL) = (message_id IS NULL)),
    CHECK (state IN ('asked', 'cancelled') OR message_id IS NOT NULL),
    CHECK ((state IN ('sending', 'stopping', 'sent', 'stopped')) = (begun_at IS NOT NULL)),
    CHECK ((state IN ('sent', 'stopped', 'cancelled')) = (finished_at IS NOT NULL))
);
-- At most one is being sent.
CREATE UNIQUE INDEX announcements_running ON announcements ((TRUE)) WHERE state IN ('sending', 'stopping');
CREATE INDEX announcements_prepared ON announcements (admin_id, id) WHERE state IN ('asked', 'given', 'offered');
CREATE INDEX announcements_finished ON announcements (finished_at) WHERE finished_at IS NOT NULL;

-- Who gets one. A row is marked as begun right before the request leaves, so nobody gets an announcement twice: what was
-- begun by a worker that is gone is unknown for good.
CREATE TABLE announcement_recipients (
    announcement_id BIGINT NOT NULL REFERENCES announcements ON DELETE RESTRICT,
    user_id         BIGINT NOT NULL REFERENCES users ON DELETE RESTRICT,
    state           TEXT NOT NULL CHECK (state IN
        ('waiting', 'begun', 'sent', 'unknown', 'blocked', 'closed', 'refused', 'opted_out', 'banned')),
    -- The worker that has begun it.
    lease           BIGINT,
    message_id      INTEGER,
    -- Telegram's words about a refusal.
    detail          TEXT,
    changed_at      TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (announcement_id, user_id),
    CHECK ((state = 'sent') = (message_id IS NOT NULL))
);
CREATE INDEX announcement_recipients_waiting ON announcement_recipients (announcement_id, user_id) WHERE state = 'waiting';
CREATE INDEX announcement_recipients_begun ON announcement_recipients (announcement_id) WHERE state = 'begun';

-- Who was banned and let in again, when and why. `users.banned_at` is what counts.
CREATE TABLE bans (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The update with the command; the same one again is the same change.
    update_id  BIGINT NOT NULL UNIQUE,
    user_id    BIGINT NOT NULL REFERENCES users ON DELETE RESTRICT,
    -- NULL: the ban was lifted.
    reason     TEXT CHECK (char_length(reason) BETWEEN 1 AND 200),
    changed_by BIGINT NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX bans_user ON bans (user_id, id);

ALTER TABLE dialogs
    DROP CONSTRAINT dialogs_kind_check,
    ADD CONSTRAINT dialogs_kind_check CHECK (kind IN ('custom_amount', 'personality', 'announcement'));

-- The report of an announcement is a file that belongs to no conversation.
ALTER TABLE made_files
    ALTER COLUMN thread_id DROP NOT NULL,
    ALTER COLUMN turn_id DROP NOT NULL,
    ADD CHECK ((thread_id IS NULL) = (turn_id IS NULL));

-- What administrators ask for: all that concerns a user, and what happened in a time. Rows come in the order of these
-- columns, so a BRIN index is small and costs next to nothing to keep.
CREATE INDEX threads_user ON threads (user_id);
CREATE INDEX turns_opened ON turns USING brin (opened_at);
CREATE INDEX model_calls_created ON model_calls USING brin (created_at);
CREATE INDEX transcriptions_created ON transcriptions USING brin (created_at);
CREATE INDEX payments_paid ON payments (paid_at);
