-- Files that came with messages. Message numbers repeat from chat to chat, so a file belongs to (chat, message), and to the
-- conversation that the message belongs to; whoever reads one names the conversation. The bytes are elsewhere: at
-- Telegram, and at the model's provider as a copy that expires.
CREATE TABLE files (
    id                  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thread_id           BIGINT NOT NULL REFERENCES threads ON DELETE RESTRICT,
    chat_id             BIGINT NOT NULL,
    message_id          INTEGER NOT NULL,
    kind                TEXT NOT NULL CHECK (kind IN ('photo', 'document', 'audio', 'voice', 'video', 'video_note',
                                                      'animation', 'sticker')),
    -- Telegram's names: for the file, good for downloading, and for its content.
    telegram_id         TEXT NOT NULL CHECK (telegram_id <> ''),
    unique_id           TEXT NOT NULL,
    name                TEXT NOT NULL CHECK (name <> ''),
    mime                TEXT NOT NULL CHECK (mime <> ''),
    -- Bytes; 0 if Telegram does not tell and nobody has fetched it.
    size                BIGINT NOT NULL CHECK (size >= 0),
    -- NULL while the provider has no copy.
    provider_id         TEXT CHECK (provider_id <> ''),
    provider_expires_at TIMESTAMPTZ,
    created_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (chat_id, message_id),
    -- Who deletes a message deletes its file.
    FOREIGN KEY (chat_id, message_id) REFERENCES messages (chat_id, message_id) ON DELETE CASCADE,
    CHECK ((provider_id IS NULL) = (provider_expires_at IS NULL))
);
CREATE INDEX files_thread ON files (thread_id, id);
