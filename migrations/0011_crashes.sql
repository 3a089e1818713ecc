-- What a crash finds: which work was in flight, whether nothing else was, and how often that has happened. Work that was
-- begun is in flight until it is finished or the service stops in an orderly way; the first start after a crash counts.

ALTER TABLE turns
    ADD COLUMN in_flight     BOOLEAN NOT NULL DEFAULT TRUE,
    -- Whether it runs with nothing else in flight. If something does, a crash is counted for nothing else.
    ADD COLUMN alone         BOOLEAN NOT NULL DEFAULT FALSE,
    -- In how many crashes it was in flight, and in how many of them nothing else was.
    ADD COLUMN crashes       INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN crashes_alone INTEGER NOT NULL DEFAULT 0,
    ADD CHECK (crashes_alone BETWEEN 0 AND crashes);
UPDATE turns SET in_flight = NOT postponed, crashes = lost WHERE state = 'open';
ALTER TABLE turns DROP COLUMN postponed, DROP COLUMN lost;

ALTER TABLE inbox
    ADD COLUMN in_flight     BOOLEAN NOT NULL DEFAULT TRUE,
    ADD COLUMN alone         BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN crashes       INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN crashes_alone INTEGER NOT NULL DEFAULT 0,
    ADD CHECK (crashes_alone BETWEEN 0 AND crashes);
