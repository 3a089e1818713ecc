-- What a person points at: where the message stands that is replied to, what it carries, its file; and whether a file could
-- be fetched. Nothing here writes a table anew.
ALTER TABLE messages
    -- The title of the other chat in which the message stands that this one replies to, if that is known.
    ADD COLUMN reply_chat    TEXT,
    -- What that message carries beside its text, in words.
    ADD COLUMN reply_content TEXT;
COMMENT ON COLUMN messages.reply_snippet IS
    'The text of the message that is replied to; only its beginning if the conversation held that message already.';

ALTER TABLE files
    -- Whether it came with the message that this one replies to. A message has at most one file of each.
    ADD COLUMN replied BOOLEAN NOT NULL DEFAULT FALSE,
    -- Whether it could be fetched from Telegram; NULL if that was not tried, and for rows from before this column.
    ADD COLUMN fetched BOOLEAN,
    DROP CONSTRAINT files_chat_id_message_id_key,
    ADD CONSTRAINT files_of_message UNIQUE (chat_id, message_id, replied);
COMMENT ON COLUMN files.size IS 'Bytes; 0 also if it is not known, which it is of a file that was fetched.';

-- Which answer a message of ours is part of, when somebody replies to it.
CREATE INDEX outbox_message ON outbox (chat_id, message_id) WHERE message_id IS NOT NULL;
