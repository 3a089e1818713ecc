-- What is reserved stands where it is reserved for: with an open turn, or as the worth of a payment whose refund is under
-- way. A table of holds beside them said the same once more, and cost an update of its own at the end of every turn.
ALTER TABLE turns
    -- What was reserved for it, if anything was. It is free again when the turn is closed.
    ADD COLUMN held NUMERIC(20, 9) CHECK (held >= 0);

UPDATE turns SET held = amount FROM balance_holds
WHERE balance_holds.turn_id = turns.id AND balance_holds.state = 'open' AND turns.state = 'open';

-- Whatever was still reserved for a turn that is closed.
UPDATE users SET held = users.held - stray.amount
FROM (
    SELECT balance_holds.user_id, sum(amount) AS amount
    FROM balance_holds JOIN turns ON turns.id = balance_holds.turn_id
    WHERE balance_holds.state = 'open' AND turns.state <> 'open' GROUP BY balance_holds.user_id
) AS stray
WHERE users.id = stray.user_id;

DROP TABLE balance_holds;
