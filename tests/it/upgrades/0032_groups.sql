-- A group that shares its conversations and whose sponsor pays, with a turn that was paid so.
INSERT INTO group_settings (chat_id, hears_all, shared, sponsor_id, day_limit, changed_by)
SELECT id, FALSE, FALSE, 43, 0.000000001, 43 FROM chats WHERE id = -1000042;
UPDATE transcriptions SET sponsored_in = -1000042 WHERE key = 'file_0000000000000000000001';
INSERT INTO group_notices (chat_id, notice) VALUES (-1000042, 'anonymous');
INSERT INTO threads (chat_id, user_id, topic_id) SELECT id, id, 4711 FROM chats WHERE id = -1000042;
INSERT INTO turns (thread_id, question_id, model_id, state, detail, closed_at, counted, asker_id, payer_id, sponsored_in)
SELECT id, 4712, 'claude-sonnet-5-5', 'failed', 'overloaded', now(), TRUE,
       (SELECT min(id) FROM users), (SELECT max(id) FROM users), chat_id
FROM threads WHERE user_id < 0;
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, author_id, sent_at)
SELECT thread_id, id, -1000042, 4712, 'user', 'A question in a shared conversation', '@ann', asker_id, now()
FROM turns WHERE sponsored_in IS NOT NULL;
