-- Of Ann: an export that is long finished, and an erasure that she has not confirmed.
INSERT INTO data_requests (asked_by, user_id, owner_id, chat_id, topic_id, message_id, kind, state, attempts, due_at, lease, leased_until,
                           file_id, created_at, finished_at)
SELECT 900000090, 42, 42, -1000042, 5, 930, 'conversation', 'done', 1, now(), 7, now(), gen_random_uuid(), now() - interval '1 day',
       now() - interval '1 day';
INSERT INTO data_requests (asked_by, user_id, owner_id, chat_id, message_id, kind, state, language, expires_at)
VALUES (900000091, 42, 42, 42, 931, 'erasure', 'offered', 'en', now() + interval '1 hour');
