-- Bob has stopped the transcription of a third file.
BEGIN;
INSERT INTO transcriptions (key, user_id, topic_id, unique_id, duration, state, held, lease, leased_until, failure,
                            seconds, prices, cost, estimated, settled_at) VALUES
    ('file_0000000000000000000003', 43, 7, 'AgADsong', 1, 'failed', 0, 3, now(), 'stopped', 0, '{}', 0, FALSE, now()),
    ('file_0000000000000000000003:stopped:3', 43, 7, 'AgADsong', 1, 'done', 0, 3, now(), NULL, 0.1,
     '{"transcription": "0.000075"}', 0.0000075, TRUE, now());
INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, subject)
SELECT 43, last_operation + 1, 'transcription', -0.0000075, balance, balance - 0.0000075,
       'transcription:file_0000000000000000000003:stopped:3', '0:01'
FROM users WHERE id = 43;
UPDATE users SET last_operation = last_operation + 1, balance = balance - 0.0000075 WHERE id = 43;
COMMIT;
