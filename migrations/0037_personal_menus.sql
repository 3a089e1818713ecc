-- The menus of commands that Telegram has for private chats: of people who have chosen a language, and of administrators.
-- Without a row, a chat shows the menus that belong to nobody in particular.

CREATE TABLE personal_menus (
    user_id          BIGINT PRIMARY KEY REFERENCES users ON DELETE RESTRICT,
    -- The SHA-256 digest of the commands; NULL if nobody knows what Telegram has.
    digest           BYTEA CHECK (octet_length(digest) = 32),
    -- Whether Telegram may have the commands of administrators, which are set once for each language of apps.
    of_administrator BOOLEAN NOT NULL,
    -- Which worker last had it, and until when it may be at work.
    lease            BIGINT NOT NULL,
    leased_until     TIMESTAMPTZ NOT NULL
);
CREATE INDEX personal_menus_of_administrators ON personal_menus (user_id) WHERE of_administrator;

-- Former versions have not stored whose menus they have set. Whoever has chosen a language gets a row with the next
-- update; administrators may be none any more.
INSERT INTO personal_menus (user_id, of_administrator, lease, leased_until)
SELECT id, TRUE, 0, now() FROM users
WHERE id IN (SELECT admin_id FROM announcements UNION SELECT changed_by FROM settings UNION SELECT changed_by FROM bans
             UNION SELECT actor_id FROM balance_operations WHERE kind = 'adjustment');

-- Whose made files are whose. In a conversation that the members of a group share, they are those of the person who
-- asked.
CREATE VIEW made_files_of_people AS
    SELECT threads.user_id AS person_id, made_files.id AS file_id
    FROM threads JOIN made_files ON made_files.thread_id = threads.id WHERE threads.user_id > 0
    UNION ALL
    SELECT turns.asker_id, made_files.id
    FROM turns JOIN made_files ON made_files.thread_id = turns.thread_id AND made_files.turn_id = turns.id
    WHERE turns.asker_id IS NOT NULL;
