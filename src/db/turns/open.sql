-- Opens a turn: see opening::open. The conversation's row is locked before the user's, as everywhere.
WITH place AS (
  SELECT threads.id FROM threads JOIN users ON users.id = threads.user_id
  WHERE threads.id = $11 AND threads.user_id = $14 AND threads.chat_id = $17
    AND threads.topic_id IS NOT DISTINCT FROM $18 AND users.version = coalesce($19, users.version)
    AND threads.history_version = coalesce($20, threads.history_version)
    AND ($19::bigint IS NULL OR NOT EXISTS (
      SELECT 1 FROM dialogs WHERE dialogs.chat_id = $17 AND dialogs.user_id = $14
        AND dialogs.topic_id IS NOT DISTINCT FROM $18 AND dialogs.expires_at > now()))
), new AS (
  SELECT * FROM UNNEST($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::integer[], $6::text[],
                       $7::text[], $8::text[], $9::text[], $10::timestamptz[])
    WITH ORDINALITY
    AS new (chat_id, message_id, text, sender, reply_to, reply_sender, reply_snippet, quote,
            forwarded_from, sent_at, position)
  WHERE NOT EXISTS (SELECT 1 FROM messages old
                    WHERE old.chat_id = new.chat_id AND old.message_id = new.message_id)
), turn AS (
  INSERT INTO turns (thread_id, question_id, model_id)
  SELECT place.id, max(message_id), $12 FROM new, place GROUP BY place.id RETURNING id
), marked AS (
  UPDATE threads SET history_version = history_version + 1
  WHERE id = $11 AND EXISTS (SELECT 1 FROM turn)
  -- What a later /clear has overtaken is in no history, so the caller must not count on a version.
  RETURNING CASE WHEN cleared_up_to < (SELECT max(message_id) FROM new) THEN history_version END AS history_version
), gate AS (
  UPDATE users SET held = held + $15
  WHERE id = $14 AND banned_at IS NULL AND ($16 OR balance - held > 0) AND EXISTS (SELECT 1 FROM marked)
  RETURNING id
), hold AS (
  INSERT INTO balance_holds (user_id, turn_id, amount) SELECT gate.id, turn.id, $15 FROM gate, turn
  RETURNING id
), stored AS (
  INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, reply_to,
                        reply_sender, reply_snippet, quote, forwarded_from, sent_at)
  SELECT $11, turn.id, chat_id, message_id, 'user', text, sender, reply_to, reply_sender, reply_snippet,
         quote, forwarded_from, sent_at
  FROM new, turn ORDER BY position
), kept AS (
  INSERT INTO files (thread_id, chat_id, message_id, kind, telegram_id, unique_id, name, mime, size, provider_id,
                     provider_expires_at)
  SELECT $11, new.chat_id, new.message_id, kind, telegram_id, unique_id, name, mime, size, provider_id,
         provider_expires_at
  FROM turn, new JOIN jsonb_to_recordset($21::jsonb)
    AS file (message_id integer, kind text, telegram_id text, unique_id text, name text, mime text, size bigint,
             provider_id text, provider_expires_at timestamptz)
    ON file.message_id = new.message_id
  ORDER BY new.position RETURNING id, message_id
), handled AS (
  UPDATE inbox SET handled_at = now() WHERE update_id = ANY($13) AND handled_at IS NULL
    AND (EXISTS (SELECT 1 FROM place) OR NOT EXISTS (SELECT 1 FROM new))
)
SELECT turn.id AS "id?", EXISTS (SELECT 1 FROM hold) AS "held!", marked.history_version AS "version?",
       ARRAY(SELECT id FROM kept ORDER BY id) AS "files!", ARRAY(SELECT message_id FROM kept ORDER BY id) AS "of!",
       (SELECT count(*) FROM new) AS "fresh!", EXISTS (SELECT 1 FROM new) AND NOT EXISTS (SELECT 1 FROM place) AS "stale!"
FROM (SELECT 1) AS one LEFT JOIN turn ON TRUE LEFT JOIN marked ON TRUE
