-- Ann's question in the forum was cut by a crash; the hold stands with the turn.
BEGIN;
INSERT INTO threads (chat_id, user_id) VALUES (-1000042, 42);
UPDATE users SET held = held + 0.5 WHERE id = 42;
INSERT INTO turns (thread_id, question_id, model_id, held, opened_at) VALUES
    (5, 941, 'claude-sonnet-5-5', 0.5, now() - interval '1 minute');
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, sent_at) VALUES
    (5, 9, -1000042, 941, 'user', '@starling_bot Ann asks before the upgrade', 'Ann', now() - interval '1 minute');
COMMIT;
