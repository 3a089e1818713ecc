-- Bob has paid for the transcript of a file of the forum; another one is being transcribed.
BEGIN;
INSERT INTO transcriptions (key, user_id, topic_id, unique_id, duration, state, held, lease, leased_until, text, language,
                            seconds, prices, cost, request_id, settled_at) VALUES
    ('file_0000000000000000000001', 43, 7, 'AgADtalk', 60, 'done', 0, 1, now(), 'Good morning.', 'en', 59.5,
     '{"transcription": "0.000075"}', 0.0044625, 'req_talk', now()),
    ('file_0000000000000000000002', 43, 7, 'AgADfilm', 60, 'pending', 0.0045, 2, now(), NULL, NULL, 0, '{}', 0, NULL, NULL);
INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, subject)
SELECT 43, last_operation + 1, 'transcription', -0.0044625, balance, balance - 0.0044625,
       'transcription:file_0000000000000000000001', '1:00'
FROM users WHERE id = 43;
UPDATE users SET last_operation = last_operation + 1, balance = balance - 0.0044625, held = held + 0.0045 WHERE id = 43;
COMMIT;
