-- compatible: yes

-- What only one instance does at a time, beside the duty `work`.
INSERT INTO duties (name) VALUES ('poller'), ('refunds'), ('reconciliation'), ('recount'), ('janitor');

-- Which former binaries work with this schema: those of the version `oldest` and newer ones. A migration begins with
-- `-- compatible: yes` if the binary before it works with what it leaves behind; otherwise with `-- compatible: no`,
-- and it sets `oldest` to its own number.
CREATE TABLE schema_support (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    oldest   BIGINT NOT NULL
);
INSERT INTO schema_support (oldest) VALUES (37);
