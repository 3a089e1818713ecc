-- An instance that was killed an hour ago, while it held half of the chats.
INSERT INTO instances (name, version, host, pid, process_started, started_at, beat_at, takes_buckets)
VALUES ('old-host', '0.2.0', 'another boot', 3, 1, now() - interval '2 hours', now() - interval '1 hour', TRUE);
UPDATE leases SET holder = (SELECT max(id) FROM instances), epoch = 8, since = now() - interval '2 hours' WHERE bucket < 512;
UPDATE duties SET epoch = 8 WHERE name = 'work';
UPDATE turns SET epoch = 8 WHERE state = 'open';
UPDATE inbox SET route = coalesce((payload -> 'message' -> 'chat' ->> 'id')::bigint, chat_id, 0) WHERE handled_at IS NULL;
UPDATE outbox SET left_to_holder = TRUE WHERE state = 'pending';
