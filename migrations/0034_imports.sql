-- What `starling import` takes over from the database of the predecessor.

-- A person's balance there is one operation here, of either sign: usually the first one, or a later one if the person
-- had met this bot before.
ALTER TABLE balance_operations
    DROP CONSTRAINT operations_kind,
    ADD CONSTRAINT operations_kind
        CHECK (kind IN ('starter', 'usage', 'return', 'payment', 'refund', 'adjustment', 'transcription', 'topic_name',
                        'opening')),
    DROP CONSTRAINT balance_operations_check2,
    ADD CONSTRAINT operations_first
        CHECK (CASE kind WHEN 'starter' THEN seq = 1 WHEN 'opening' THEN TRUE ELSE seq > 1 END),
    DROP CONSTRAINT operations_sign,
    ADD CONSTRAINT operations_sign
        CHECK (CASE kind WHEN 'starter' THEN amount >= 0 WHEN 'payment' THEN amount > 0 WHEN 'return' THEN amount > 0
                         WHEN 'adjustment' THEN amount <> 0 WHEN 'opening' THEN TRUE ELSE amount < 0 END);

-- How far the messages were read, in the order of the predecessor's times.
CREATE TABLE imports (
    -- There is one predecessor.
    id         BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (id),
    -- The last message that was read: seconds since 1970, chat, number in it.
    sent_s     BIGINT NOT NULL,
    chat_id    BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
