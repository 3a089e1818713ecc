-- An instance that was killed an hour ago, while it did the work.
INSERT INTO instances (name, version, host, pid, process_started, started_at, beat_at)
VALUES ('old-host', '0.1.0', 'another boot', 1, 1, now() - interval '2 hours', now() - interval '1 hour');
UPDATE duties SET holder = (SELECT id FROM instances WHERE dead_at IS NULL), epoch = 7, taken_at = now() - interval '2 hours';
-- One that had stopped before.
INSERT INTO instances (name, version, host, pid, process_started, started_at, beat_at, draining, dead_at)
VALUES ('old-host', '0.1.0', 'another boot', 2, 1, now() - interval '4 hours', now() - interval '3 hours', TRUE,
        now() - interval '3 hours');
UPDATE turns SET epoch = 7 WHERE state = 'open';
