-- Closes a turn: see closing::close. The turn is locked first, then the conversation, then the user, as everywhere; of a
-- turn that is closed nothing is found and nothing is done.
WITH turn AS (
  UPDATE turns SET state = $2, detail = $3, closed_at = now() FROM threads
  WHERE turns.id = $1 AND turns.state = 'open' AND threads.id = turns.thread_id
  RETURNING turns.id, threads.id AS thread_id, threads.chat_id, threads.user_id
), over AS (
  DELETE FROM checkpoints USING turn WHERE turn_id = turn.id
), thread AS (
  UPDATE threads SET history_version = history_version + 1 FROM turn
  WHERE threads.id = turn.thread_id AND ($4::text IS NOT NULL OR $7) RETURNING history_version
), answer AS (
  INSERT INTO messages (thread_id, turn_id, chat_id, role, text, interrupted, sent_at)
  SELECT thread_id, id, chat_id, 'assistant', $4, $5, $6 FROM turn WHERE $4 IS NOT NULL
), reported AS (
  INSERT INTO model_calls (turn_id, attempt, call, model_id, request_id, ended, input, cache_write_5m, cache_write_1h,
                           cache_read, output, thinking, web_searches, first_text_ms, duration_ms, cost, prices, payer)
  SELECT turn.id, $8, call.*, $10
  FROM turn, jsonb_to_recordset($9) AS call (
    call integer, model_id text, request_id text, ended text, input bigint, cache_write_5m bigint,
    cache_write_1h bigint, cache_read bigint, output bigint, thinking bigint, web_searches bigint,
    first_text_ms bigint, duration_ms bigint, cost numeric, prices jsonb)
  ON CONFLICT (turn_id, attempt, call) DO UPDATE SET request_id = excluded.request_id, ended = excluded.ended,
    input = excluded.input, cache_write_5m = excluded.cache_write_5m, cache_write_1h = excluded.cache_write_1h,
    cache_read = excluded.cache_read, output = excluded.output, thinking = excluded.thinking,
    web_searches = excluded.web_searches, first_text_ms = excluded.first_text_ms,
    duration_ms = excluded.duration_ms, cost = excluded.cost, prices = excluded.prices, payer = excluded.payer
  WHERE model_calls.payer IS NULL
  RETURNING cost
), noted AS (
  -- Calls that only the tab knows of, because the report was lost.
  UPDATE model_calls SET payer = $10 FROM turn
  WHERE turn_id = turn.id AND payer IS NULL AND NOT (attempt = $8 AND call = ANY($11)) RETURNING cost
), bill AS (
  SELECT coalesce(sum(cost), 0) AS cost, CASE WHEN $10 = 'user' THEN coalesce(sum(cost), 0) ELSE 0 END AS charge
  FROM (SELECT cost FROM reported UNION ALL SELECT cost FROM noted) AS calls
), hold AS (
  UPDATE balance_holds SET state = CASE WHEN bill.charge > 0 THEN 'settled' ELSE 'released' END, closed_at = now()
  FROM turn, bill WHERE turn_id = turn.id AND balance_holds.user_id = turn.user_id AND state = 'open'
  RETURNING amount
), account AS (
  UPDATE users
  SET balance = balance - bill.charge, last_operation = last_operation + (bill.charge > 0)::integer,
      held = held - coalesce(hold.amount, 0)
  FROM turn CROSS JOIN bill LEFT JOIN hold ON TRUE
  WHERE users.id = turn.user_id AND (bill.charge > 0 OR hold.amount IS NOT NULL)
  RETURNING users.id, balance, last_operation
), charged AS (
  INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, turn_id, subject)
  SELECT account.id, last_operation, 'usage', -charge, balance + charge, balance, 'turn:' || turn.id, turn.id, $12
  FROM account, bill, turn WHERE charge > 0
), tools AS (
  INSERT INTO tool_calls (turn_id, attempt, call_id, tool, failed, duration_ms, cost, started_at)
  SELECT turn.id, call.*
  FROM turn, jsonb_to_recordset($13) AS call (
    attempt integer, call_id text, tool text, failed boolean, duration_ms bigint, cost numeric,
    started_at timestamptz)
  ORDER BY attempt, call_id
  ON CONFLICT (turn_id, attempt, call_id) DO NOTHING
), owed AS (
  INSERT INTO outbox (key, chat_id, topic_id, turn_id, text, entities, reply_to, replaces, keyboard, invoice_id, after_id,
                      begun)
  SELECT part.key, part.chat_id, part.topic_id, turn.id, part.text, part.entities, part.reply_to, part.replaces,
         part.keyboard, part.invoice_id, part.after_id, part.begun
  FROM turn, jsonb_to_recordset($14) AS part (
    position integer, key text, chat_id bigint, topic_id integer, text text, entities jsonb, reply_to integer,
    replaces integer, keyboard jsonb, invoice_id bigint, after_id integer, begun boolean)
  ORDER BY position
  ON CONFLICT (key) DO UPDATE SET key = excluded.key WHERE outbox.state = 'pending'
  RETURNING id, key, text, entities, keyboard, invoice_id, xmax = 0 AS fresh
)
SELECT bill.cost AS "cost!", thread.history_version AS "version?", owed.id AS "outbox?", owed.key AS "key?",
       owed.text AS "text?", owed.entities AS "entities?", owed.keyboard AS "keyboard?", owed.invoice_id AS "invoice?", owed.fresh AS "fresh?"
FROM turn CROSS JOIN bill LEFT JOIN thread ON TRUE LEFT JOIN owed ON TRUE ORDER BY owed.id
