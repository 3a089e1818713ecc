-- Two files of the forum that were not fetched, and what was counted for the sender of the second.
INSERT INTO turns (thread_id, question_id, model_id, state, detail, opened_at, closed_at) VALUES
    (3, 956, 'claude-sonnet-5-5', 'answered', 'complete', now() - interval '40 minutes', now() - interval '40 minutes');
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, sent_at)
SELECT 3, max(id), -1000042, said.message_id, 'user', said.text, 'Ann', now() - interval '40 minutes'
FROM turns, (VALUES (955, 'And these?'), (956, 'Read them.')) AS said (message_id, text)
GROUP BY said.message_id, said.text ORDER BY said.message_id;
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, sent_at)
SELECT 3, max(id), -1000042, NULL, 'assistant', 'I cannot.', NULL, now() - interval '40 minutes' FROM turns;
INSERT INTO files (thread_id, chat_id, message_id, kind, telegram_id, unique_id, name, mime, size, replied, fetched, refusal,
                   size_limit) VALUES
    (3, -1000042, 955, 'document', 'BQACAgK', 'AgADlarge', 'large.pdf', 'application/pdf', 30000000, FALSE, NULL, 'too_large',
     20971520),
    (3, -1000042, 956, 'document', 'BQACAgL', 'AgADlate', 'late.pdf', 'application/pdf', 9000000, FALSE, NULL, 'daily_limit',
     NULL);
INSERT INTO file_days (user_id, day, bytes) VALUES (42, (now() AT TIME ZONE 'UTC')::date, 495000000);
INSERT INTO file_fetches (chat_id, message_id, replied, unique_id, user_id, day, bytes) VALUES
    (-1000042, 953, FALSE, 'AgADsales', 42, (now() AT TIME ZONE 'UTC')::date, 495000000);
