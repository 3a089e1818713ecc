-- Two payments of one invoice, which no key may forbid: Telegram has taken the Stars twice.
BEGIN;
INSERT INTO invoices (payload, user_id, chat_id, stars, credit, margin, created_at, expires_at) VALUES
    ('invoice-5', 1001, 1001, 20, 0.13, 0, now() - interval '1 day', now() - interval '23 hours');
INSERT INTO payments (charge_id, user_id, invoice_id, chat_id, stars, credit, source, paid_at)
SELECT charge, 1001, invoices.id, 1001, 20, 0.13, 'message', now() - interval '23 hours'
FROM invoices, unnest(ARRAY['charge-4', 'charge-5']) AS charge WHERE payload = 'invoice-5';
INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, payment_id, subject) VALUES
    (1001, 1, 'starter', 1, 0, 1, 'starter:1001', NULL, ''),
    (1001, 2, 'payment', 0.13, 1, 1.13, 'payment:charge-4', (SELECT id FROM payments WHERE charge_id = 'charge-4'), '20'),
    (1001, 3, 'payment', 0.13, 1.13, 1.26, 'payment:charge-5', (SELECT id FROM payments WHERE charge_id = 'charge-5'), '20');
UPDATE users SET balance = 1.26, last_operation = 3 WHERE id = 1001;
COMMIT;
