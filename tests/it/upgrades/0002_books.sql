-- Everybody has money; every kind of operation is in the books. Bob has a refund under way, a hold for the question that
-- was cut (turn 5), and one that a turn left behind when it was closed (turn 3).
BEGIN;
INSERT INTO users (id, first_name, banned_at) VALUES (1002, 'Dana', now() - interval '1 day');
INSERT INTO chats (id, kind) VALUES (1002, 'private');
INSERT INTO settings (name, value, changed_by) VALUES ('margin', '0.1', 43), ('margin', '0', 43);
INSERT INTO invoices (payload, user_id, chat_id, topic_id, stars, credit, margin, created_at, expires_at) VALUES
    ('invoice-1', 43, 43, NULL, 100, 0.65, 0, now() - interval '2 days', now() - interval '1 day'),
    ('invoice-2', 43, -1000042, 5, 50, 0.26, 0.1, now() - interval '2 days', now() - interval '1 day'),
    ('invoice-3', 43, 43, NULL, 50, 0.325, 0, now() - interval '2 days', now() - interval '1 day'),
    ('invoice-4', 42, 42, NULL, 10, 0.065, 0, now(), now() + interval '1 day');
INSERT INTO payments (charge_id, user_id, invoice_id, chat_id, topic_id, stars, credit, source, state, paid_at, asked_at,
                      asked_in, tries, next_try_at, refunded_at) VALUES
    ('charge-1', 43, 1, 43, NULL, 100, 0.65, 'message', 'credited', now() - interval '47 hours', NULL, NULL, 0, NULL, NULL),
    ('charge-2', 43, 2, -1000042, 5, 50, 0.26, 'list', 'refunded', now() - interval '46 hours', now() - interval '40 hours',
     'en', 1, now() - interval '40 hours', now() - interval '40 hours'),
    ('charge-3', 43, 3, 43, NULL, 50, 0.325, 'message', 'refunding', now() - interval '45 hours', now(), 'ru', 1,
     now() + interval '1 hour', NULL);

INSERT INTO turns (thread_id, question_id, model_id, state, detail, attempt, lost, postponed, live_begun, opened_at,
                   closed_at) VALUES
    (2, 912, 'claude-sonnet-5-5', 'answered', 'complete', 2, 1, TRUE, TRUE, now() - interval '2 hours',
     now() - interval '2 hours');
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, sent_at) VALUES
    (2, 6, 43, 912, 'user', 'How far is the moon?', 'Bob', now() - interval '2 hours'),
    (2, 6, 43, NULL, 'assistant', '384,400 km.', NULL, now() - interval '2 hours');
-- (1000 * 2 + 200 * 2.5 + 100 * 4 + 3000 * 0.1 + 500 * 10) / 1,000,000 + 0.01 = 0.0182 for the person.
INSERT INTO model_calls (turn_id, attempt, call, model_id, request_id, ended, input, cache_write_5m, cache_write_1h,
                         cache_read, output, thinking, web_searches, first_text_ms, duration_ms, cost, prices, payer)
SELECT 6, attempt, 1, 'claude-sonnet-5-5', 'req_6_' || attempt, ended, 1000, 200, 100, 3000, 500, 100, 1, 700, 4000, 0.0182,
       '{"tokens": {"input": "2", "cache_write_5m": "2.50", "cache_write_1h": "4", "cache_read": "0.10", "output": "10"},
         "web_search": "0.01"}', payer
FROM (VALUES (1, 'cut', 'owner'), (2, 'end_turn', 'user')) AS calls (attempt, ended, payer);

INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, turn_id, payment_id,
                                actor_id, subject) VALUES
    (42, 1, 'starter', 10, 0, 10, 'starter:42', NULL, NULL, NULL, ''),
    (43, 1, 'starter', 5, 0, 5, 'starter:43', NULL, NULL, NULL, ''),
    (43, 2, 'payment', 0.65, 5, 5.65, 'payment:charge-1', NULL, 1, NULL, '100'),
    (43, 3, 'payment', 0.26, 5.65, 5.91, 'payment:charge-2', NULL, 2, NULL, '50'),
    (43, 4, 'refund', -0.26, 5.91, 5.65, 'refund:charge-2', NULL, 2, NULL, '50'),
    (43, 5, 'payment', 0.325, 5.65, 5.975, 'payment:charge-3', NULL, 3, NULL, '50'),
    (43, 6, 'usage', -0.0182, 5.975, 5.9568, 'turn:6', 6, NULL, NULL, 'Claude Sonnet 5.5'),
    (43, 7, 'adjustment', 1.000000001, 5.9568, 6.956800001, 'adjustment:900000004', NULL, NULL, 43, ''),
    (1002, 1, 'starter', 0, 0, 0, 'starter:1002', NULL, NULL, NULL, '');
UPDATE users SET balance = 10, last_operation = 1 WHERE id = 42;
UPDATE users SET balance = 6.956800001, last_operation = 7, held = 0.325 + 0.5 + 0.25 WHERE id = 43;
UPDATE users SET last_operation = 1 WHERE id = 1002;
INSERT INTO balance_holds (user_id, turn_id, payment_id, amount, state, closed_at) VALUES
    (43, 3, NULL, 0.25, 'open', NULL), (43, 5, NULL, 0.5, 'open', NULL), (43, NULL, 3, 0.325, 'open', NULL),
    (43, 6, NULL, 0.1, 'settled', now()), (43, NULL, 2, 0.26, 'settled', now()), (42, 1, NULL, 0.1, 'released', now());

INSERT INTO dialogs (chat_id, user_id, topic_id, kind, expires_at) VALUES
    (-1000042, 43, 5, 'custom_amount', now() + interval '1 hour');
INSERT INTO reconciliations (known, credited, refunded) VALUES (3, 1, 0);
INSERT INTO outbox (key, chat_id, turn_id, text, entities, keyboard, invoice_id, after_id, begun, state, message_id,
                    settled_at) VALUES
    ('update:900000005', 43, NULL, 'Balance', '[]', NULL, 1, 905, TRUE, 'sent', 906, now() - interval '2 days'),
    ('update:900000006', 43, NULL, 'Top up your balance', '[]', '{"inline_keyboard": [[{"text": "S", "callback_data": "buy:100"}]]}',
     NULL, 906, TRUE, 'sent', 907, now() - interval '2 days');
INSERT INTO inbox (update_id, kind, payload, handled_at, chat_id, message_id, tries, given_up) VALUES
    (900000004, 'message', '{"update_id": 900000004}', now() - interval '1 day', 43, 910, 10, TRUE);
COMMIT;
