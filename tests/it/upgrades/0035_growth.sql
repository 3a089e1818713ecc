-- The books were proved an hour ago.
UPDATE audited SET clean_at = now() - interval '1 hour', full_at = now() - interval '1 day';
