-- Fills an empty database with $answers answers of the last 120 days, in the shares and sizes of ordinary use: a
-- hundred answers a person, questions of 200 characters, answers of 1,500 (half of them Cyrillic), 3,000 or 6,000 with
-- code, a tool round in three of ten, a payment and three recordings in a hundred. Messages of 120 days, deliveries of
-- 40 and updates of 10 are there, so that a quarter of each has expired. Rows come in the order of their times, as in
-- use. Constraints between tables are not checked while it runs: the audit does that afterwards.
SET session_replication_role = replica;
SET work_mem = '256MB';
SELECT setseed(0.5);

CREATE TEMPORARY TABLE words AS
SELECT n, CASE WHEN n <= 3000 THEN
         (SELECT string_agg(substr('оеаинтсрвлкмдпуяыьгзбчйхжшюцщэ', 1 + floor(power(random(), 2) * 30)::int, 1), '')
          FROM generate_series(1, 2 + (n * 7) % 9) WHERE n > 0)
       ELSE (SELECT string_agg(substr('etaoinshrdlcumwfgypbvkjxqz_(){};', 1 + floor(power(random(), 2) * 32)::int, 1), '')
          FROM generate_series(1, 2 + (n * 5) % 8) WHERE n > 0) END AS word
FROM generate_series(1, 6000) AS n;
CREATE UNIQUE INDEX ON words (n);
ANALYZE words;
-- Texts of each kind: 0 a question, 1 Cyrillic, 2 Latin, 3 long, 4 with code.
CREATE TEMPORARY TABLE texts AS
SELECT kind, series.n, left(string_agg(word, ' '), size) AS text
FROM (VALUES (0, 200, 0, 3000), (1, 1500, 0, 3000), (2, 1500, 3000, 3000), (3, 3000, 0, 6000), (4, 6000, 3000, 3000))
       AS kinds (kind, size, first, range)
CROSS JOIN generate_series(0, 99) AS series (n)
CROSS JOIN LATERAL (SELECT 1 + first + floor(random() * range)::int AS w
                    FROM generate_series(1, size / 3) WHERE series.n >= 0) AS picked
JOIN words ON words.n = picked.w
GROUP BY kind, series.n, size;
CREATE UNIQUE INDEX ON texts (kind, n);
ANALYZE texts;
CREATE TEMPORARY TABLE answers AS
SELECT n, 1 + (n - 1) % $people AS person, (n - 1) / $people AS number,
       now() - interval '120 days' * ($answers - n)::float8 / $answers - interval '1 minute' AS at,
       CASE WHEN n % 10 < 4 THEN 1 WHEN n % 10 < 7 THEN 2 WHEN n % 10 < 9 THEN 3 ELSE 4 END AS kind,
       -- Per person, so that every answer of a person costs the same.
       1 + ((n - 1) % $people % 10 < 3)::int AS calls
FROM generate_series(1, $answers) AS n;

INSERT INTO users (id, first_name, username, balance, last_operation, last_seen_at)
SELECT 1000000 + n, 'Somebody', 'somebody' || n,
       1000 - 0.0118 * (1 + ((n - 1) % 10 < 3)::int) * ($answers / $people), 1 + $answers / $people, now()
FROM generate_series(1, $people) AS n;
-- People who pay and speak, apart from the others.
INSERT INTO users (id, first_name, balance, last_operation)
SELECT 2000000 + n, 'Somebody', 0.1 + 0.6422 - 3 * 0.001, 5 FROM generate_series(1, $answers / 100) AS n;
INSERT INTO chats (id, kind) SELECT id, 'private' FROM users;
INSERT INTO threads (chat_id, user_id) SELECT id, id FROM users ORDER BY id;

INSERT INTO turns (thread_id, question_id, model_id, state, opened_at, closed_at, counted, in_flight)
SELECT person, 2 * number + 1, 'claude-sonnet-5-5', 'answered', at, at + interval '12 seconds', TRUE, FALSE
FROM answers ORDER BY n;
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, sent_at, created_at)
SELECT person, answers.n, 1000000 + person, CASE said.role WHEN 'user' THEN 2 * number + 1 END, said.role, texts.text,
       CASE said.role WHEN 'user' THEN 'Somebody' END, at, at
FROM answers
CROSS JOIN (VALUES ('user'), ('assistant')) AS said (role)
JOIN texts ON texts.kind = CASE said.role WHEN 'user' THEN 0 ELSE answers.kind END AND texts.n = answers.n % 100
ORDER BY answers.n, said.role DESC;
INSERT INTO outbox (key, chat_id, turn_id, text, entities, reply_to, state, message_id, created_at, settled_at, begun)
SELECT 'turn:' || answers.n || ':0', 1000000 + person, answers.n, text,
       (SELECT jsonb_agg(jsonb_build_object('type', 'code', 'offset', part * 90, 'length', 12))
        FROM generate_series(1, length(text) / 200) AS part),
       2 * number + 1, 'sent', 2 * number + 2, at + interval '12 seconds', at + interval '13 seconds', TRUE
FROM answers JOIN texts ON texts.kind = answers.kind AND texts.n = answers.n % 100
WHERE at > now() - interval '40 days' ORDER BY answers.n;
INSERT INTO inbox (update_id, kind, payload, received_at, handled_at, chat_id, message_id, in_flight)
SELECT answers.n, 'message', json_build_object('update_id', answers.n, 'message', json_build_object(
         'message_id', 2 * number + 1, 'date', 1790000000 + answers.n, 'text', text,
         'chat', json_build_object('id', 1000000 + person, 'type', 'private', 'first_name', 'Somebody', 'username', 'somebody'),
         'from', json_build_object('id', 1000000 + person, 'is_bot', FALSE, 'first_name', 'Somebody',
                                   'username', 'somebody', 'language_code', 'ru'))),
       at, at, 1000000 + person, 2 * number + 1, FALSE
FROM answers JOIN texts ON texts.kind = 0 AND texts.n = answers.n % 100
WHERE at > now() - interval '10 days' ORDER BY answers.n;
INSERT INTO model_calls (turn_id, attempt, call, model_id, request_id, ended, input, cache_write_5m, cache_write_1h,
                         cache_read, output, thinking, web_searches, first_text_ms, duration_ms, created_at, cost, prices, payer)
SELECT n, 1, call, 'claude-sonnet-5-5', 'req_' || md5(n || '.' || call), 'end_turn', 1000, 0, 0, 8000, 900, 200, 0, 700, 9000,
       at + interval '12 seconds', 0.0118,
       '{"tokens": {"input": "2", "output": "10", "cache_read": "0.10", "cache_write_1h": "4", "cache_write_5m": "2.50"}, "web_search": "0.01"}',
       'user'
FROM answers CROSS JOIN LATERAL generate_series(1, calls) AS call ORDER BY n;
INSERT INTO tool_calls (turn_id, attempt, call_id, tool, cost, failed, started_at, duration_ms)
SELECT n, 1, 'toolu_' || md5(n::text), 'web_search', 0, FALSE, at, 900 FROM answers WHERE calls > 1 ORDER BY n;

INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, subject, created_at)
SELECT 1000000 + n, 1, 'starter', 1000, 0, 1000, 'starter:' || 1000000 + n, '', now() - interval '121 days'
FROM generate_series(1, $people) AS n;
INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, turn_id, subject, created_at)
SELECT 1000000 + person, number + 2, 'usage', -0.0118 * calls, 1000 - 0.0118 * calls * number,
       1000 - 0.0118 * calls * (number + 1), 'turn:' || n, n, 'claude-sonnet-5-5', at + interval '12 seconds'
FROM answers ORDER BY n;
INSERT INTO user_statistics (user_id, day, turns, messages, input, cache_write, cache_read, output, cost)
SELECT 1000000 + person, (at AT TIME ZONE 'UTC')::date, count(*), count(*), 1000, 0, 8000, 900, 0.0118
FROM answers GROUP BY 1, 2 ORDER BY 2, 1;

INSERT INTO invoices (payload, user_id, chat_id, stars, credit, margin, created_at, expires_at)
SELECT 'invoice' || n, 2000000 + n, 2000000 + n, 100, 0.6422, 0.006, now() - interval '1 day', now()
FROM generate_series(1, $answers / 100) AS n;
INSERT INTO payments (charge_id, user_id, invoice_id, chat_id, stars, credit, source, paid_at, created_at)
SELECT 'charge' || n, 2000000 + n, n, 2000000 + n, 100, 0.6422, 'message',
       now() - interval '120 days' * ($answers / 100 - n)::float8 / ($answers / 100), now() - interval '1 day'
FROM generate_series(1, $answers / 100) AS n;
INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, payment_id, subject, created_at)
SELECT 2000000 + n, seq, CASE seq WHEN 1 THEN 'starter' WHEN 2 THEN 'payment' ELSE 'transcription' END,
       CASE seq WHEN 1 THEN 0.1 WHEN 2 THEN 0.6422 ELSE -0.001 END,
       CASE seq WHEN 1 THEN 0 WHEN 2 THEN 0.1 ELSE 0.7422 - 0.001 * (seq - 3) END,
       CASE seq WHEN 1 THEN 0.1 WHEN 2 THEN 0.7422 ELSE 0.7422 - 0.001 * (seq - 2) END,
       CASE seq WHEN 1 THEN 'starter:' || 2000000 + n WHEN 2 THEN 'payment:charge' || n
                ELSE 'transcription:' || 2000000 + n || ':' || seq END,
       CASE seq WHEN 2 THEN n END, CASE seq WHEN 2 THEN '100' ELSE '' END,
       now() - interval '120 days' * ($answers / 100 - n)::float8 / ($answers / 100)
FROM generate_series(1, $answers / 100) AS n CROSS JOIN generate_series(1, 5) AS seq ORDER BY n, seq;
INSERT INTO transcriptions (key, chat_id, message_id, replied, user_id, unique_id, duration, state, held, lease, leased_until,
                            text, language, seconds, prices, cost, created_at, settled_at)
SELECT 2000000 + n || ':' || seq, 2000000 + n, seq, FALSE, 2000000 + n, 'unique' || n || seq, 10, 'done', 0, 1, now(),
       (SELECT text FROM texts WHERE kind = 0 AND texts.n = series.n % 100), 'ru', 10, '{"transcription": "0.0001"}', 0.001,
       at, at
FROM (SELECT n, now() - interval '120 days' * ($answers / 100 - n)::float8 / ($answers / 100) AS at
      FROM generate_series(1, $answers / 100) AS n) AS series
CROSS JOIN generate_series(3, 5) AS seq ORDER BY n, seq;
-- The night before found nothing.
UPDATE audited SET clean_at = now() - interval '1 day', full_at = now() - interval '1 day';
SET session_replication_role = origin;
