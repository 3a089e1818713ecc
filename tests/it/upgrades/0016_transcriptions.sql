-- Bob has paid for the transcript of a voice message in the forum; another recording could not be transcribed.
BEGIN;
INSERT INTO transcriptions (chat_id, message_id, replied, user_id, topic_id, unique_id, duration, state, held, lease,
                            leased_until, attempts, lost, text, language, seconds, prices, cost, request_id, failure,
                            settled_at) VALUES
    (-1000042, 961, FALSE, 43, 7, 'AgADvoice', 12, 'done', 0, 1, now(), 1, 0, 'Is the moon far away?', 'en', 12,
     '{"transcription": "0.000075"}', 0.0009, 'req_voice', NULL, now()),
    (-1000042, 962, FALSE, 43, 7, 'AgADother', 3, 'failed', 0, 2, now(), 2, 0.000225, NULL, NULL, 0, '{}', 0, NULL,
     'provider_error', now());
INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, subject)
SELECT 43, last_operation + 1, 'transcription', -0.0009, balance, balance - 0.0009, 'transcription:-1000042:961', '0:12'
FROM users WHERE id = 43;
UPDATE users SET last_operation = last_operation + 1, balance = balance - 0.0009 WHERE id = 43;
COMMIT;
