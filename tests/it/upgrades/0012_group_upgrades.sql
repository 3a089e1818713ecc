-- The group of Friends was an ordinary group before; its history has moved with it.
INSERT INTO chats (id, kind, title, migrated_to) VALUES (-77, 'group', 'Friends', -1000042);
INSERT INTO turns (thread_id, question_id, model_id, state, detail, opened_at, closed_at)
SELECT id, 12 - 2147483648, 'claude-sonnet-5-5', 'answered', 'complete', now() - interval '6 hours', now() - interval '6 hours'
FROM threads WHERE chat_id = -1000042 AND user_id = 42 AND topic_id IS NULL;
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, sent_at)
SELECT thread_id, id, -77, 12, 'user', '@starling_bot hello from the old group', 'Ann', now() - interval '6 hours'
FROM turns WHERE question_id < 0;
