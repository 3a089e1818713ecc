-- The instance that was killed had taken duties. One of them was given back.
UPDATE duties SET holder = (SELECT id FROM instances WHERE dead_at IS NULL ORDER BY id LIMIT 1), epoch = 3,
                  taken_at = now() - interval '2 hours'
WHERE name IN ('janitor', 'poller');
UPDATE duties SET epoch = 2 WHERE name = 'refunds';
