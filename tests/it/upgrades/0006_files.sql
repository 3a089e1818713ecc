-- Files of the forum: one that the provider has a copy of, and one that nobody has fetched.
INSERT INTO turns (thread_id, question_id, model_id, state, detail, opened_at, closed_at) VALUES
    (3, 924, 'claude-sonnet-5-5', 'answered', 'complete', now() - interval '80 minutes', now() - interval '80 minutes');
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, sent_at) VALUES
    (3, 8, -1000042, 923, 'user', '', 'Ann', now() - interval '80 minutes'),
    (3, 8, -1000042, 924, 'user', 'What is in these files?', 'Ann', now() - interval '80 minutes'),
    (3, 8, -1000042, NULL, 'assistant', 'A cat.', NULL, now() - interval '80 minutes');
INSERT INTO files (thread_id, chat_id, message_id, kind, telegram_id, unique_id, name, mime, size, provider_id,
                   provider_expires_at) VALUES
    (3, -1000042, 923, 'photo', 'AgACAgI', 'AQADcat', 'photo_923.jpg', 'image/jpeg', 48000, 'file_011', now() + interval '9 days'),
    (3, -1000042, 924, 'sticker', 'CAACAgI', 'AgADcat', 'cat.webp', 'image/webp', 0, NULL, NULL);
