-- A predecessor with every known defect. Text is stored without an encoding, so it may be any bytes.
INSERT INTO users (id, first_name, username, language_code, model_id, custom_prompt, balance, first_seen_at) VALUES
    (42, 'Ann', 'ann', 'en', 'claude:opus', 'Answer like a pirate, please.', 1.2345, '2025-11-03 10:00+00'),
    -- In debt; known here before the import.
    (43, 'Bob', NULL, 'de', 'claude:sonnet', NULL, -0.0312, now()),
    -- Balances that are no numbers, with and without operations; a model that is gone; a time without end.
    (46, 'Eve', NULL, NULL, 'google:flash-lite', 'too short', 'NaN', 'infinity'),
    (47, 'Fay', NULL, NULL, 'claude:sonnet', repeat('Be kind. ', 300), 'NaN', '-infinity'),
    -- Paid with Stars.
    (49, E'Z\xfcrich', NULL, 'ru', 'claude:sonnet', NULL, 0.9, now() + interval '3 years'),
    -- No person.
    (-5, 'Nobody', NULL, NULL, 'claude:sonnet', NULL, 0.5, now());
INSERT INTO balance_operations (user_id, operation_type, amount, balance_before, balance_after, description) VALUES
    (46, 'usage', -0.25, 1, 0.75, ''), (46, 'admin_topup', 'NaN', 0.75, 'NaN', '');
INSERT INTO payments (user_id, telegram_payment_charge_id, stars_amount, credited_usd_amount, status, created_at) VALUES
    (49, 'new', 100, 0.65, 'completed', now() - interval '3 days'),
    (49, 'ahead', 10, 0.065, 'completed', now() + interval '1 year'),
    (49, 'old', 50, 0.325, 'completed', now() - interval '40 days'),
    (49, 'back', 50, 0.325, 'refunded', now() - interval '2 days'),
    (49, 'broken', 0, 0.325, 'completed', now()),
    (-5, 'nobody', 1, 0.0065, 'completed', now());
INSERT INTO chats (id, type, title, is_forum) VALUES
    (42, 'private', NULL, FALSE), (43, 'private', NULL, FALSE), (49, 'private', NULL, FALSE),
    -- A command in a topic made it a private chat without a title.
    (-1000042, 'private', NULL, TRUE), (0, 'nothing', NULL, FALSE);
INSERT INTO threads (id, chat_id, user_id, thread_id, is_cleared) VALUES
    -- Two conversations of Ann in one place, and the topic "General" of the group as two.
    (1, 42, 42, NULL, FALSE), (2, 42, 42, NULL, FALSE),
    (3, -1000042, 42, 1, FALSE), (4, -1000042, 42, NULL, FALSE),
    -- A deleted topic; people and chats that do not exist; a topic that cannot be.
    (5, -1000042, 42, 7, TRUE), (6, 42, 99, NULL, FALSE), (7, 77, 42, NULL, FALSE), (8, 42, 42, -3, FALSE),
    (9, 43, 43, NULL, FALSE), (10, 49, 49, NULL, FALSE);
INSERT INTO messages (chat_id, message_id, thread_id, from_user_id, date, role, text_content, caption, sender_display,
                      reply_to_message_id, reply_snippet, reply_sender_display, quote_data, forward_origin, edit_count,
                      original_content, model_id)
SELECT chat_id, message_id, thread_id, CASE role WHEN 'USER' THEN 42 END, extract(epoch FROM now())::integer - 86400 + at,
       role::messagerole, text_content, caption, '@ann', reply_to, snippet, replied, quote::jsonb, origin::jsonb, edits, original, model
FROM (VALUES
    -- Two questions and their answer, then a question that was never answered, in the other half of the conversation.
    (42, 1001, 1, 0, 'USER', 'Who wrote Hamlet?', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    (42, 1002, 1, 0, 'USER', 'And when?', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    (42, 1004, 1, 0, 'ASSISTANT', 'Shakespeare, about 1600.', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, 'claude:sonnet'),
    (42, 1005, 2, 10, 'USER', E'Where? \xff', NULL, 1004, 'Shakespeare...', '@bot', '{"text": "about 1600"}', '["no object"]', 2,
     'Were?', NULL),
    (42, 1006, 1, 20, 'USER', NULL, 'A caption', NULL, NULL, NULL, '"no object"', '{"type": "user", "display": "Carl"}', 0, NULL, NULL),
    -- An answer whose question is gone, and two in a row.
    (42, 1008, 1, 30, 'ASSISTANT', 'In London.', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    (42, 1009, 1, 40, 'ASSISTANT', 'That is in England.', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    -- No text; no role; no conversation; one that does not exist; one in another chat; a deleted topic; a wrong number.
    (42, 1010, 1, 50, 'USER', ' ', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    (42, 1011, 1, 50, 'SYSTEM', 'You are a bot.', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    (42, 1012, NULL, 50, 'USER', 'lost', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    (42, 1013, 88, 50, 'USER', 'lost', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    (42, 1014, 9, 50, 'USER', 'lost', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    (-1000042, 1015, 5, 50, 'USER', 'deleted', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    (42, 0, 1, 50, 'USER', 'lost', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    (42, 1016, 6, 50, 'USER', 'of nobody', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    -- The halves of "General".
    (-1000042, 2001, 3, 60, 'USER', 'Hello all', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    (-1000042, 1002, 4, 70, 'ASSISTANT', 'Hello Ann', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    -- Older than anything is kept, without a time, and from a time that has not come.
    (42, 900, 1, -8640000, 'USER', 'old', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL),
    (49, 901, 10, 8640000, 'USER', 'ahead', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL)
) AS said (chat_id, message_id, thread_id, at, role, text_content, caption, reply_to, snippet, replied, quote, origin,
           edits, original, model);
INSERT INTO messages (chat_id, message_id, thread_id, date, role, text_content) VALUES (42, 902, 1, 0, 'USER', 'no time');
INSERT INTO user_files (message_id, telegram_file_id, telegram_file_unique_id, claude_file_id, filename, mime_type,
                        file_type, file_size, source) VALUES
    (1006, 'AgAC1', 'U1', 'unavailable:0001', 'photo.jpg', 'image/jpeg', 'image', 1000, 'user'),
    (1001, 'CQAC1', 'U8', 'file_018abc', 'song.mp3', 'audio/mpeg', 'audio', 1000, 'user'),
    -- A second one of this message; one that two chats may have; no message; no copy and no Telegram; a made one.
    (1006, 'AgAC2', 'U2', 'file_012abc', 'photo.jpg', 'image/jpeg', 'image', 1000, 'user'),
    (1002, 'AgAC3', 'U3', 'file_013abc', 'secret.pdf', 'application/pdf', 'pdf', 1000, 'user'),
    (5555, 'AgAC4', 'U4', 'file_014abc', 'a.txt', 'text/plain', 'document', 1, 'user'),
    (1005, 'AgAC5', 'U5', 'unavailable:0123', 'a.csv', 'text/csv', 'document', -1, 'user'),
    (1005, NULL, NULL, 'file_015abc', 'b.txt', 'text/plain', 'document', 1, 'user'),
    (1005, 'AgAC6', 'U6', 'file_016abc', 'plot.png', 'image/png', 'generated', 1, 'assistant'),
    (1012, 'AgAC7', 'U7', 'file_017abc', 'c.txt', 'text/plain', 'document', 1, 'user');
