-- A new name counts as a change of what is cached, money does not.
BEGIN;
UPDATE users SET first_name = 'Dana', last_name = 'Berg', username = 'dana' WHERE id = 1002;
INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, actor_id, subject) VALUES
    (1002, 2, 'adjustment', -0.75, 0, -0.75, 'adjustment:900000011', 43, '');
UPDATE users SET balance = -0.75, last_operation = 2 WHERE id = 1002;
COMMIT;
