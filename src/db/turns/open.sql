-- Opens turns (opening::open), each of a different user. Threads are locked before users, as in all
-- transactions.
WITH asked AS (
  SELECT * FROM jsonb_to_recordset($1)
    AS asked (thread_id bigint, owner_id bigint, user_id bigint, chat_id bigint, topic_id integer, user_version bigint,
              history_version bigint, model_id text, amount numeric, free boolean, epoch bigint, said jsonb)
), place AS (
  SELECT asked.*, threads.cleared_up_to, threads.chat_id AS home_id,
         -- Message ids of a group before its upgrade are lowered, so that they sort before all later ones.
         CASE WHEN threads.chat_id <> asked.chat_id THEN 2147483648 ELSE 0 END AS lowered
  FROM asked JOIN threads ON threads.id = asked.thread_id JOIN users ON users.id = asked.user_id
  -- The group may have been upgraded since the message was sent.
  WHERE threads.user_id = CASE WHEN owner_id < 0 THEN threads.chat_id ELSE owner_id END
    AND threads.chat_id IN (asked.chat_id, (SELECT migrated_to FROM chats WHERE chats.id = asked.chat_id))
    AND threads.topic_id IS NOT DISTINCT FROM asked.topic_id
    AND users.version = coalesce(asked.user_version, users.version)
    AND threads.history_version = coalesce(asked.history_version, threads.history_version)
    AND (asked.user_version IS NULL OR NOT EXISTS (
      SELECT 1 FROM dialogs WHERE dialogs.chat_id = asked.chat_id AND dialogs.user_id = asked.user_id
        AND dialogs.topic_id IS NOT DISTINCT FROM asked.topic_id AND dialogs.expires_at > now()
        -- What was written before the question does not answer it.
        AND dialogs.opened_by < (
          SELECT max(update_id) FROM jsonb_to_recordset(asked.said) AS said (update_id bigint))))
), said AS (
  SELECT user_id, chat_id, said.*
  FROM asked, jsonb_to_recordset(asked.said)
    AS said (update_id bigint, message_id integer, text text, sender text, reply_to integer, reply_chat text,
             reply_sender text, reply_snippet text, reply_content text, quote text, forwarded_from text,
             sent_at timestamptz, files jsonb)
), new AS (
  SELECT * FROM said
  WHERE NOT EXISTS (SELECT 1 FROM messages old WHERE old.chat_id = said.chat_id AND old.message_id = said.message_id)
), span AS (
  SELECT place.user_id, max(message_id) AS newest,
         max(message_id) FILTER (WHERE message_id - lowered <= cleared_up_to) AS newest_cleared
  FROM place JOIN new ON new.user_id = place.user_id GROUP BY place.user_id
), due AS (
  -- Each row is of another user, and no two of the same thread: its session opens one turn at a time.
  SELECT place.*, (newest - lowered)::integer AS question_id
  FROM place JOIN span ON span.user_id = place.user_id
  -- Messages from before a /clear share no turn with later ones.
  WHERE newest = coalesce(newest_cleared, newest)
  ORDER BY place.user_id
), marked AS (
  UPDATE threads SET history_version = threads.history_version + 1 FROM due
  -- Not if a /clear was carried out since the snapshot of this statement.
  WHERE threads.id = due.thread_id AND threads.cleared_up_to = due.cleared_up_to
  -- No version if a later /clear covers the messages: the history then does not contain them.
  RETURNING threads.id,
            CASE WHEN threads.cleared_up_to < question_id THEN threads.history_version END AS history_version
), gate AS (
  UPDATE users SET held = held + amount FROM due JOIN marked ON marked.id = due.thread_id
  WHERE users.id = due.user_id AND banned_at IS NULL AND (free OR balance - held > 0)
    -- Whether a sponsor pays is decided when the turn begins. A scalar query is looked up by its key.
    AND (SELECT sponsor_id FROM group_settings WHERE group_settings.chat_id = due.home_id) IS NULL
  RETURNING users.id, amount
), turn AS (
  INSERT INTO turns (thread_id, question_id, model_id, held, asker_id, epoch)
  SELECT due.thread_id, question_id, model_id, gate.amount, CASE WHEN due.owner_id < 0 THEN due.user_id END, due.epoch
  FROM due JOIN marked ON marked.id = due.thread_id LEFT JOIN gate ON gate.id = due.user_id ORDER BY due.user_id
  RETURNING id, thread_id, held
), stored AS (
  INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, reply_to, reply_chat, reply_sender,
                        reply_snippet, reply_content, quote, forwarded_from, sent_at, author_id)
  SELECT due.thread_id, turn.id, new.chat_id, message_id, 'user', text, sender, reply_to, reply_chat, reply_sender,
         reply_snippet, reply_content, quote, forwarded_from, sent_at,
         CASE WHEN due.owner_id < 0 THEN due.user_id END
  FROM due JOIN turn ON turn.thread_id = due.thread_id JOIN new ON new.user_id = due.user_id
  ORDER BY due.user_id, message_id
), kept AS (
  INSERT INTO files (thread_id, chat_id, message_id, kind, telegram_id, unique_id, name, mime, size, replied, fetched,
                     provider_id, provider_expires_at, preview, preview_fault, refusal, size_limit, sha256)
  SELECT due.thread_id, new.chat_id, message_id, kind, telegram_id, unique_id, name, mime, size, replied, fetched,
         provider_id, provider_expires_at, preview, preview_fault, refusal, size_limit, decode(sha256, 'hex')
  FROM due JOIN new ON new.user_id = due.user_id, jsonb_to_recordset(new.files)
    AS file_of (kind text, telegram_id text, unique_id text, name text, mime text, size bigint, replied boolean,
                fetched boolean, provider_id text, provider_expires_at timestamptz, preview text, preview_fault text,
                refusal text, size_limit bigint, sha256 text)
  ORDER BY due.user_id, message_id, replied DESC
  RETURNING id, thread_id, message_id, replied, public_id::text AS public_id
), handled AS (
  -- CASE as in close.sql, so that updates are found by their ids.
  UPDATE inbox SET handled_at = now() FROM said
  WHERE inbox.update_id = said.update_id AND CASE WHEN handled_at IS NULL THEN TRUE END
    AND (EXISTS (SELECT 1 FROM due JOIN marked ON marked.id = due.thread_id WHERE due.user_id = said.user_id)
         OR NOT EXISTS (SELECT 1 FROM new WHERE new.user_id = said.user_id))
)
SELECT asked.user_id AS "user!", turn.id AS "turn?", marked.history_version AS "version?",
       turn.held IS NOT NULL AS "held!",
       ARRAY(SELECT kept.id FROM kept WHERE kept.thread_id = due.thread_id ORDER BY id) AS "files!",
       ARRAY(SELECT message_id FROM kept WHERE kept.thread_id = due.thread_id ORDER BY id) AS "of!",
       ARRAY(SELECT replied FROM kept WHERE kept.thread_id = due.thread_id ORDER BY id) AS "replied!",
       ARRAY(SELECT public_id FROM kept WHERE kept.thread_id = due.thread_id ORDER BY id) AS "public_ids!",
       (SELECT count(*) FROM new WHERE new.user_id = asked.user_id) AS "fresh!",
       CASE WHEN newest_cleared < newest THEN newest_cleared END AS "older_up_to?"
FROM asked LEFT JOIN span ON span.user_id = asked.user_id
  LEFT JOIN due ON due.user_id = asked.user_id LEFT JOIN marked ON marked.id = due.thread_id
  LEFT JOIN turn ON turn.thread_id = due.thread_id
