-- Several instances work at once, each for its share of 1,024 buckets of chats. The bucket of a chat is
-- `chat_id & 1023`, in SQL and in the program.

CREATE TABLE leases (
    bucket BIGINT PRIMARY KEY CHECK (bucket BETWEEN 0 AND 1023),
    -- Who answers its chats. Never taken from an instance that is alive.
    holder BIGINT REFERENCES instances,
    -- The epoch of the duty `work` at the time when it was taken, which rises with each taking: no two holders have
    -- the same. It stands in the open turns that the holder answers.
    epoch  BIGINT NOT NULL DEFAULT 0,
    -- When it was taken; when it became free, if nobody holds it.
    since  TIMESTAMPTZ NOT NULL DEFAULT now()
);

INSERT INTO leases (bucket) SELECT generate_series(0, 1023);

-- Whether an instance takes buckets. One of the former version takes the duty `work`, with which all chats are its.
ALTER TABLE instances ADD COLUMN takes_buckets BOOLEAN NOT NULL DEFAULT FALSE;

-- The chat that decides who handles an update; the person, if it belongs to no chat. NULL: 0, or stored by the former
-- version.
ALTER TABLE inbox ADD COLUMN route BIGINT;

CREATE INDEX inbox_waiting ON inbox ((coalesce(route, 0) & 1023), update_id) WHERE handled_at IS NULL;
DROP INDEX inbox_unhandled;

-- Whether the instance that stored a message leaves its delivery to the holder of its chat.
ALTER TABLE outbox ADD COLUMN left_to_holder BOOLEAN;

CREATE INDEX outbox_left ON outbox (id) WHERE state = 'pending' AND left_to_holder;
