-- Changes a balance and books the operation in one statement, so that no stale balance is ever written back.
WITH account AS (
    UPDATE users SET balance = balance + $2, last_operation = coalesce(last_operation, 0) + 1
    WHERE id = $1
    RETURNING balance, last_operation
)
INSERT INTO balance_operations
    (user_id, seq, kind, amount, balance_before, balance_after, key, payment_id, actor_id, subject, turn_id)
SELECT $1, last_operation, $3, $2, balance - $2, balance, $4, $5, $6, $7, $8
FROM account
RETURNING balance_after
