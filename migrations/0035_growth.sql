-- The audit of every night reads only what changed since the last one that found nothing.

-- Block ranges, not trees: rows of these tables stay in the order of their times, and an index of a few kilobytes
-- costs an insert nothing.
CREATE INDEX operations_time ON balance_operations USING brin (created_at) WITH (pages_per_range = 64, autosummarize = on);
CREATE INDEX turns_closed ON turns USING brin (closed_at) WITH (pages_per_range = 64, autosummarize = on);
CREATE INDEX transcriptions_time ON transcriptions USING brin (created_at, settled_at)
    WITH (pages_per_range = 64, autosummarize = on);

-- One row: how far the books are proved.
CREATE TABLE audited (
    id       INTEGER PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    -- Everything older was found to be right; NULL until an audit of all books finds nothing.
    clean_at TIMESTAMPTZ,
    -- When an audit of all books last found nothing.
    full_at  TIMESTAMPTZ,
    CHECK (clean_at IS NULL OR clean_at >= full_at)
);
INSERT INTO audited DEFAULT VALUES;
