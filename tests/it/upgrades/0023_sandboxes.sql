INSERT INTO sandboxes (thread_id, key, provider_id, inputs, lease, leased_until, expires_at)
SELECT min(id), '5f2c0a9e8b7d46310000000000000001', 'i1abc', '{"5f2c0a9e-8b7d-4631-a0c4-1d2e3f405162": "/home/user/inputs/отчёт.csv"}',
  7, now() + interval '10 years', now() + interval '10 years' FROM threads;
INSERT INTO sandbox_deletions (key, provider_id, due_at) VALUES ('5f2c0a9e8b7d46310000000000000002', 'i2abc', now() + interval '10 years');
