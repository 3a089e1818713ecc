-- Creates or refreshes a user and a chat (people::meet), and the user's thread if $15 is set (people::enter). $16 is whose
-- thread it is: the user's, or the group's id for a thread that its members share.
WITH place AS (
  INSERT INTO chats (id, kind, title, username, is_forum) VALUES ($8, $9, $10, $11, $12)
  ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, title = excluded.title, username = excluded.username,
    is_forum = excluded.is_forum, removed_at = NULL
  WHERE (chats.kind, chats.title, chats.username, chats.is_forum, chats.removed_at)
    IS DISTINCT FROM (excluded.kind, excluded.title, excluded.username, excluded.is_forum, NULL::timestamptz)
  RETURNING version
), met AS (
  INSERT INTO users (id, first_name, last_name, username, language_code, is_bot, is_premium, balance, last_operation)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $14, 1)
  ON CONFLICT (id) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name,
    username = excluded.username, language_code = coalesce(excluded.language_code, users.language_code),
    is_bot = excluded.is_bot, is_premium = excluded.is_premium, last_seen_at = now(), blocked_at = NULL,
    -- A user who is older than the ledger gets the starter balance now.
    balance = CASE WHEN users.last_operation IS NULL THEN excluded.balance ELSE users.balance END,
    last_operation = coalesce(users.last_operation, excluded.last_operation)
  RETURNING xmax = 0 AS is_new, model_id, effort, turn_limit, shows_cost, shows_thinking, announcements, personality,
    coalesce(language, language_code) AS language, version
), opened AS (
  -- The loser of a race finds the operation booked. Both runs set the same balance, because the key of
  -- `users` is the same.
  INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, subject)
  SELECT $1, 1, 'starter', $14, 0, $14, 'starter:' || $1, '' FROM met
  WHERE NOT EXISTS (SELECT 1 FROM balance_operations WHERE user_id = $1 AND seq = 1)
  ON CONFLICT DO NOTHING
), found AS (
  -- The conversation of an upgraded group continues in its new chat.
  SELECT threads.id FROM threads, (SELECT coalesce((SELECT migrated_to FROM chats WHERE id = $8), $8) AS id) AS home
  WHERE chat_id = home.id AND user_id = CASE WHEN $16::bigint < 0 THEN home.id ELSE $16 END
    AND topic_id IS NOT DISTINCT FROM $13 AND $15
), made AS (
  INSERT INTO threads (chat_id, user_id, topic_id) SELECT $8, $16, $13 FROM met
  WHERE $15 AND NOT EXISTS (SELECT 1 FROM found)
  -- The update changes nothing, but makes the row of a concurrent insert visible to RETURNING.
  ON CONFLICT (chat_id, user_id, topic_id) DO UPDATE SET topic_id = excluded.topic_id
  RETURNING id, xmax = 0 AS is_new
)
SELECT met.is_new AS "is_new!", model_id, effort, turn_limit, shows_cost AS "shows_cost!",
       shows_thinking AS "shows_thinking!", announcements AS "announcements!", personality, language, met.version AS "version!",
       coalesce((SELECT version FROM place), (SELECT version FROM chats WHERE id = $8), 0) AS "chat_version!",
       dialogs.kind AS "dialog?", dialogs.opened_by AS "dialog_opened_by?",
       coalesce((SELECT id FROM found), made.id) AS thread, coalesce(made.is_new, FALSE) AS "is_new_thread!"
FROM met LEFT JOIN made ON TRUE
  LEFT JOIN dialogs ON dialogs.chat_id = $8 AND dialogs.user_id = $1 AND dialogs.topic_id IS NOT DISTINCT FROM $13
    AND dialogs.expires_at > now()
