-- The newest change of a message stands, and who has blocked the bot is known.

-- When the newest change that was taken over was made, and the update that told of it: changes may be taken over in
-- another order than they were made, and the date counts whole seconds.
ALTER TABLE messages ADD COLUMN edited_at TIMESTAMPTZ, ADD COLUMN edited_by BIGINT;

ALTER TABLE users
    -- Since when the user takes no messages: told by Telegram, or found out by a refusal. NULL while messages arrive.
    ADD COLUMN blocked_at TIMESTAMPTZ,
    -- When the newest change of that was made which Telegram told of; an older one that comes late changes nothing.
    ADD COLUMN membership_at TIMESTAMPTZ;
