-- Several instances: which processes of the bot are alive, and which of them does what only one may do.

CREATE TABLE instances (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The name of its host, for people.
    name            TEXT NOT NULL,
    version         TEXT NOT NULL,
    -- The running system and its process there: whoever shares the host sees at once when the process is gone.
    host            TEXT NOT NULL,
    pid             INTEGER NOT NULL,
    -- In ticks since the system has started, because process ids are used again.
    process_started BIGINT NOT NULL,
    started_at      TIMESTAMPTZ NOT NULL DEFAULT now(),
    -- Renewed every 2 s. All times are those of this server.
    beat_at         TIMESTAMPTZ NOT NULL DEFAULT now(),
    draining        BOOLEAN NOT NULL DEFAULT FALSE,
    -- When it stopped, or was found not to beat any more. Set before anybody takes what it held, and for good: who
    -- comes back gets another id.
    dead_at         TIMESTAMPTZ
);

CREATE INDEX instances_alive ON instances (id) WHERE dead_at IS NULL;

-- What only one instance does at a time.
CREATE TABLE duties (
    name     TEXT PRIMARY KEY,
    holder   BIGINT REFERENCES instances,
    -- How often it was taken; whoever has a lower one has lost it.
    epoch    BIGINT NOT NULL DEFAULT 0,
    taken_at TIMESTAMPTZ
);

INSERT INTO duties (name) VALUES ('work');

-- The epoch of the duty `work` under which an open turn is answered: an instance with a lower one can no longer
-- promise anything of its answer or close it.
ALTER TABLE turns ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
