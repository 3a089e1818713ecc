-- A charge for an answer that never reached its chat is given back: an operation of its own kind, once for each turn.
DO $$
DECLARE
    rule TEXT;
BEGIN
    -- The rules that name the kinds of operations; they were made without names of their own.
    FOR rule IN
        SELECT conname FROM pg_constraint
        WHERE conrelid = 'balance_operations'::regclass AND contype = 'c'
          AND (pg_get_constraintdef(oid) LIKE '%''usage''%' OR pg_get_constraintdef(oid) LIKE '%CASE kind%')
    LOOP
        EXECUTE format('ALTER TABLE balance_operations DROP CONSTRAINT %I', rule);
    END LOOP;
END $$;

ALTER TABLE balance_operations
    ADD CONSTRAINT operations_kind
        CHECK (kind IN ('starter', 'usage', 'return', 'payment', 'refund', 'adjustment')),
    ADD CONSTRAINT operations_turn CHECK ((kind IN ('usage', 'return')) = (turn_id IS NOT NULL)),
    ADD CONSTRAINT operations_sign
        CHECK (CASE kind WHEN 'starter' THEN amount >= 0 WHEN 'payment' THEN amount > 0 WHEN 'return' THEN amount > 0
                         WHEN 'adjustment' THEN amount <> 0 ELSE amount < 0 END);

DROP INDEX operations_one_charge;
CREATE UNIQUE INDEX operations_one_charge ON balance_operations (turn_id, kind) WHERE turn_id IS NOT NULL;

-- Whether a message was refused because the bot is blocked, was thrown out or may not write. Of the refusals that are
-- there already nobody has written that down.
ALTER TABLE outbox ADD COLUMN shut_out BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE outbox SET shut_out = TRUE WHERE state = 'refused';
CREATE INDEX outbox_refused ON outbox (turn_id) WHERE state = 'refused' AND NOT shut_out;
