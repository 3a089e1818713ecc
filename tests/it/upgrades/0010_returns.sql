-- Bob's charge for an answer that was refused by his chat is given back: the owner pays its call.
BEGIN;
INSERT INTO turns (thread_id, question_id, model_id, state, detail, opened_at, closed_at) VALUES
    (2, 913, 'claude-sonnet-5-5', 'answered', 'complete', now() - interval '50 minutes', now() - interval '50 minutes');
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, sent_at)
SELECT 2, max(id), 43, 913, 'user', 'And the sun?', 'Bob', now() - interval '50 minutes' FROM turns;
INSERT INTO model_calls (turn_id, attempt, call, model_id, request_id, ended, input, cache_write_5m, cache_write_1h,
                         cache_read, output, thinking, web_searches, first_text_ms, duration_ms, cost, prices, payer)
SELECT max(id), 1, 1, 'claude-sonnet-5-5', 'req_return', 'end_turn', 1000, 0, 0, 0, 100, 0, 0, 300, 900, 0.003,
       '{"tokens": {"input": "2", "cache_write_5m": "2.50", "cache_write_1h": "4", "cache_read": "0.10", "output": "10"},
         "web_search": "0.01"}', 'owner'
FROM turns;
INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, turn_id, subject)
SELECT 43, 7 + step, kind, amount, 6.956800001 - before, 6.956800001 - before + amount, key || max(id), max(id),
       'Claude Sonnet 5.5'
FROM turns, (VALUES (1, 'usage', -0.003, 0, 'turn:'), (2, 'return', 0.003, 0.003, 'return:turn:'))
    AS operations (step, kind, amount, before, key)
GROUP BY step, kind, amount, before, key ORDER BY step;
UPDATE users SET last_operation = 9 WHERE id = 43;
INSERT INTO outbox (key, chat_id, turn_id, text, entities, state, refusal, settled_at, shut_out)
SELECT 'turn:' || max(id) || ':0', 43, max(id), '150 million km.', '[]', 'refused', 'Bad Request: can''t parse entities',
       now() - interval '50 minutes', FALSE
FROM turns;
COMMIT;
