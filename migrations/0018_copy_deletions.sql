-- Copies at the model's provider that no file refers to any more. A worker deletes them there; after 90 days the provider
-- has done so itself.
CREATE TABLE copy_deletions (
    provider_id TEXT PRIMARY KEY CHECK (provider_id <> ''),
    created_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    -- When it is tried next. Claiming a row moves this on, so that several instances do not try the same one.
    due_at      TIMESTAMPTZ NOT NULL DEFAULT now(),
    attempts    INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0)
);
CREATE INDEX copy_deletions_due ON copy_deletions (due_at);

-- Whether another file of the conversation refers to the same copy.
CREATE INDEX files_copy ON files (provider_id) WHERE provider_id IS NOT NULL;

-- However a file loses its copy (retention, /clear, a deleted topic, a provider that forgot it), the copy is queued.
CREATE FUNCTION queue_copy_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO copy_deletions (provider_id)
    SELECT OLD.provider_id WHERE NOT EXISTS (SELECT 1 FROM files WHERE provider_id = OLD.provider_id)
    ON CONFLICT (provider_id) DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER file_deleted AFTER DELETE ON files FOR EACH ROW
    WHEN (OLD.provider_id IS NOT NULL) EXECUTE FUNCTION queue_copy_deletion();
CREATE TRIGGER file_copy_dropped AFTER UPDATE OF provider_id ON files FOR EACH ROW
    WHEN (OLD.provider_id IS NOT NULL AND OLD.provider_id IS DISTINCT FROM NEW.provider_id)
    EXECUTE FUNCTION queue_copy_deletion();
