-- Bob was sent one file that a tool had made, another one waits, and a third was never asked for.
INSERT INTO made_files (id, thread_id, turn_id, name, mime, size, sha256, description, cached, state, telegram_id, sent_as,
                        expires_at)
SELECT made.id::uuid, thread_id, turns.id, name, 'image/png', 3, sha256('abc'), 'A chart.', FALSE, made.state, telegram_id,
       CASE WHEN telegram_id IS NOT NULL THEN 'photo' END, now() + interval '1 hour'
FROM (SELECT id, thread_id FROM turns ORDER BY id DESC LIMIT 1) AS turns,
     (VALUES ('00000000-0000-4000-8000-000000000001', 'chart.png', 'delivered', 'AgACAgNew'),
             ('00000000-0000-4000-8000-000000000002', 'map.png', 'kept', NULL),
             ('00000000-0000-4000-8000-000000000003', 'draft.png', 'kept', NULL))
       AS made (id, name, state, telegram_id);
INSERT INTO made_file_contents (file_id, content)
SELECT id, 'abc' FROM made_files WHERE state = 'kept';
INSERT INTO outbox (key, chat_id, turn_id, text, entities, state, message_id, settled_at, media, instead)
SELECT 'turn:' || max(id) || ':files:1:0:0', -1000042, max(id), 'A chart.', '[]', 'sent', 990, now(),
       '[{"id": "00000000-0000-4000-8000-000000000001", "kind": "photo", "telegram_id": null, "name": "chart.png",
          "mime": "image/png", "size": 3}]', 'It could not be sent.'
FROM turns;
UPDATE turns SET sent_files = '[{"id": "00000000-0000-4000-8000-000000000001", "name": "chart.png", "sent": true}]'
WHERE id = (SELECT max(id) FROM turns);
