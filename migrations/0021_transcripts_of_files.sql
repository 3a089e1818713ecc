-- Files are transcribed on demand, too: audio and video files of people, and files that tools have made. The latter belong
-- to no message, so a transcription has a key of its own: 'chat:message' or 'chat:message:replied' for a recording made in
-- a chat, the public id of the file (file_...) for any other. The ledger's key is 'transcription:' and this.
ALTER TABLE transcriptions ADD COLUMN key TEXT;
UPDATE transcriptions SET key = chat_id || ':' || message_id || CASE WHEN replied THEN ':replied' ELSE '' END;
ALTER TABLE transcriptions
    DROP CONSTRAINT transcriptions_pkey,
    ADD PRIMARY KEY (key),
    ALTER COLUMN chat_id DROP NOT NULL,
    ALTER COLUMN message_id DROP NOT NULL,
    ALTER COLUMN replied DROP NOT NULL,
    ADD CHECK (num_nonnulls(chat_id, message_id, replied) IN (0, 3));
-- The history joins the words of recordings by their message.
CREATE UNIQUE INDEX transcriptions_message ON transcriptions (chat_id, message_id, replied);
