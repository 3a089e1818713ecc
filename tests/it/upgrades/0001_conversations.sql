-- Ann (42) and Bob (43) write in private and in a forum. Ann's private conversation stays as it is here: the test asks her
-- bot what it remembers. Bob's last question was cut by a crash, and one of his commands has not been handled.
INSERT INTO users (id, first_name, last_name, username, language_code, is_premium, model_id) VALUES
    (42, 'Ann', NULL, NULL, NULL, FALSE, NULL),
    (43, 'Bob', NULL, NULL, NULL, FALSE, NULL),
    (1001, 'Карла', 'Ли', 'carla', 'ru', TRUE, 'claude-sonnet-5-5');
INSERT INTO chats (id, kind, title, username, is_forum) VALUES
    (42, 'private', NULL, NULL, FALSE), (43, 'private', NULL, NULL, FALSE), (1001, 'private', NULL, 'carla', FALSE),
    (-1000042, 'supergroup', 'Friends', NULL, TRUE);
INSERT INTO threads (chat_id, user_id, topic_id) VALUES (42, 42, NULL), (43, 43, NULL), (-1000042, 42, 5);

INSERT INTO turns (thread_id, question_id, model_id, state, detail, attempt, live_message_id, opened_at, closed_at) VALUES
    (1, 901, 'claude-sonnet-5-5', 'answered', 'complete', 1, NULL, now() - interval '5 hours', now() - interval '5 hours'),
    (1, 903, 'claude-sonnet-5-5', 'interrupted', 'stopped', 1, NULL, now() - interval '4 hours', now() - interval '4 hours'),
    (2, 911, 'claude-sonnet-5-5', 'failed', 'overloaded', 2, NULL, now() - interval '3 hours', now() - interval '3 hours'),
    (3, 921, 'claude-sonnet-5-5', 'answered', 'complete', 1, 922, now() - interval '2 hours', now() - interval '2 hours'),
    (2, 914, 'claude-sonnet-5-5', 'open', NULL, 1, NULL, now() - interval '1 minute', NULL);
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, interrupted, sent_at) VALUES
    (1, 1, 42, 901, 'user', 'What is the capital of Peru?', 'Ann', FALSE, now() - interval '5 hours'),
    (1, 1, 42, NULL, 'assistant', 'Lima.', NULL, FALSE, now() - interval '5 hours'),
    (1, 2, 42, 903, 'user', 'And of Chile?', 'Ann', FALSE, now() - interval '4 hours'),
    (1, 2, 42, NULL, 'assistant', 'It is Santiago', NULL, TRUE, now() - interval '4 hours'),
    (2, 3, 43, 911, 'user', 'Tabs	and "quotes", \ and Привет 🌍', 'Bob', FALSE, now() - interval '3 hours'),
    (2, 5, 43, 914, 'user', 'Bob asks before the upgrade', 'Bob', FALSE, now() - interval '1 minute');
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, reply_to, reply_sender, reply_snippet,
                      quote, forwarded_from, edits, original_text, sent_at) VALUES
    (3, 4, -1000042, 921, 'user', '@starling_bot is this right?', 'Ann', 920, 'Bob', 'The sky is green.', 'green', 'News', 1,
     '@starling_bot is it right?', now() - interval '2 hours'),
    (3, 4, -1000042, NULL, 'assistant', 'It is **blue**.', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL,
     now() - interval '2 hours');
INSERT INTO model_calls (turn_id, attempt, call, model_id, request_id, ended, input, cache_write_5m, cache_write_1h,
                         cache_read, output, thinking, web_searches, first_text_ms, duration_ms) VALUES
    (1, 1, 1, 'claude-sonnet-5-5', 'req_1', 'end_turn', 1000, 200, 100, 3000, 5, 0, 0, 400, 900),
    (2, 1, 1, 'claude-sonnet-5-5', 'req_2', 'cut', 1010, 0, 0, 3200, 9, 0, 0, 410, 600),
    (3, 1, 1, 'claude-sonnet-5-5', NULL, 'overloaded', 0, 0, 0, 0, 0, 0, 0, NULL, 120),
    (4, 1, 1, 'claude-sonnet-5-5', 'req_4', 'end_turn', 900, 0, 0, 0, 40, 30, 1, 2000, 5000);

INSERT INTO outbox (key, chat_id, topic_id, turn_id, text, entities, reply_to, replaces, state, message_id, refusal,
                    settled_at) VALUES
    ('turn:1:0', 42, NULL, 1, 'Lima.', '[]', NULL, NULL, 'sent', 902, NULL, now() - interval '5 hours'),
    ('turn:2:0', 42, NULL, 2, 'It is Santiago', '[]', NULL, NULL, 'sent', 904, NULL, now() - interval '4 hours'),
    ('turn:3:0', 43, NULL, 3, 'The model is busy.', '[]', NULL, NULL, 'refused', NULL, 'Forbidden: bot was blocked by the user',
     now() - interval '3 hours'),
    ('turn:4:0', -1000042, 5, 4, 'It is blue.', '[{"type": "bold", "offset": 6, "length": 4}]', 921, 922, 'sent', 922, NULL,
     now() - interval '2 hours'),
    ('update:900000002', 42, NULL, NULL, 'What Ann was owed before the upgrade.', '[]', NULL, NULL, 'pending', NULL, NULL,
     NULL);
INSERT INTO inbox (update_id, kind, payload, handled_at) VALUES
    (900000001, 'message', '{"update_id": 900000001, "message": {"message_id": 901, "date": 1790000000, "chat": {"id": 42,
     "type": "private", "first_name": "Ann"}, "from": {"id": 42, "is_bot": false, "first_name": "Ann"}, "text":
     "What is the capital of Peru?"}}', now() - interval '5 hours'),
    (900000003, 'message', '{"update_id": 900000003, "message": {"message_id": 916, "date": 1790000000, "chat": {"id": 43,
     "type": "private", "first_name": "Bob"}, "from": {"id": 43, "is_bot": false, "first_name": "Bob"}, "text": "/terms",
     "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}}', NULL);
