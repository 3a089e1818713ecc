-- A copy that the provider did not delete at the first attempt.
INSERT INTO copy_deletions (provider_id, created_at, due_at, attempts) VALUES
    ('file_011abandoned', now() - interval '2 hours', now() + interval '1 hour', 1);
