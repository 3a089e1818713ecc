-- Bob replies in the forum to a message of another chat that carries a photo; his own message carries a file as well.
INSERT INTO turns (thread_id, question_id, model_id, state, detail, opened_at, closed_at) VALUES
    (4, 951, 'claude-sonnet-5-5', 'answered', 'complete', now() - interval '40 minutes', now() - interval '40 minutes');
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, reply_to, reply_sender, reply_snippet,
                      reply_chat, reply_content, sent_at)
SELECT 4, max(id), -1000042, 951, 'user', 'What is this?', 'Bob', NULL, 'News', 'Look!', 'World News', 'a photo',
       now() - interval '40 minutes' FROM turns;
INSERT INTO files (thread_id, chat_id, message_id, kind, telegram_id, unique_id, name, mime, size, replied, fetched) VALUES
    (4, -1000042, 951, 'photo', 'AgACAgJ', 'AQADnew', 'photo_951.jpg', 'image/jpeg', 0, TRUE, FALSE),
    (4, -1000042, 951, 'document', 'BQACAgI', 'AgADdoc', 'notes.txt', 'text/plain', 120, FALSE, TRUE);
