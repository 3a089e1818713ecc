-- Ann has changed her message in the forum once more, and Dana has blocked the bot.
UPDATE messages SET text = '@starling_bot is that right?', edits = 2, edited_at = now(), edited_by = 900000007
WHERE chat_id = -1000042 AND message_id = 921;
UPDATE users SET blocked_at = now() - interval '1 hour', membership_at = now() - interval '1 hour' WHERE id = 1002;
