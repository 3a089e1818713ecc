-- Sandboxes in which code of a conversation runs, and those that are to be killed at the provider.

-- At most one per conversation.
CREATE TABLE sandboxes (
    thread_id    BIGINT PRIMARY KEY REFERENCES threads ON DELETE CASCADE,
    -- Names it in its metadata at the provider, known before it exists there.
    key          TEXT NOT NULL UNIQUE CHECK (key <> ''),
    -- The provider's id; NULL until the provider has told it.
    provider_id  TEXT CHECK (provider_id <> ''),
    -- The files of the conversation that it has been given: their public ids and paths.
    inputs       JSONB NOT NULL DEFAULT '{}',
    -- Which worker may use it, and until when unless it renews that.
    lease        BIGINT NOT NULL,
    leased_until TIMESTAMPTZ NOT NULL,
    -- When the provider kills it unless its life is extended.
    expires_at   TIMESTAMPTZ NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX sandboxes_expiry ON sandboxes (expires_at);

-- A worker kills them; an hour after they were queued the provider has done so itself.
CREATE TABLE sandbox_deletions (
    key         TEXT PRIMARY KEY CHECK (key <> ''),
    -- NULL if nobody knows whether it exists: it is then searched for by its key.
    provider_id TEXT CHECK (provider_id <> ''),
    created_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    -- When it is tried next. Claiming a row moves this on, so that several instances do not try the same one.
    due_at      TIMESTAMPTZ NOT NULL DEFAULT now(),
    attempts    INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0)
);
CREATE INDEX sandbox_deletions_due ON sandbox_deletions (due_at);

-- However a conversation loses its sandbox, the sandbox is queued.
CREATE FUNCTION queue_sandbox_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sandbox_deletions (key, provider_id) VALUES (OLD.key, OLD.provider_id)
    ON CONFLICT (key) DO UPDATE SET provider_id = coalesce(excluded.provider_id, sandbox_deletions.provider_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER sandbox_dropped AFTER DELETE ON sandboxes FOR EACH ROW EXECUTE FUNCTION queue_sandbox_deletion();
CREATE TRIGGER sandbox_replaced AFTER UPDATE OF key ON sandboxes FOR EACH ROW
    WHEN (OLD.key IS DISTINCT FROM NEW.key) EXECUTE FUNCTION queue_sandbox_deletion();

-- A conversation that is forgotten (/clear, a deleted topic) loses its sandbox.
CREATE FUNCTION drop_sandbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM sandboxes WHERE thread_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER thread_cleared AFTER UPDATE OF cleared_up_to ON threads FOR EACH ROW
    WHEN (NEW.cleared_up_to > OLD.cleared_up_to) EXECUTE FUNCTION drop_sandbox();
