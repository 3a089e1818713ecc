-- Closes turns (closing::close), each of a different user. Locks turns, then threads, then users, as in all
-- transactions. Skips a turn that is closed already, one that another instance has taken over (`epoch`), and one
-- whose other attempts may have calls without a payer (`decided` is NULL).
WITH closing AS (
  SELECT * FROM jsonb_to_recordset($1)
    AS closing (turn_id bigint, state text, detail text, answer text, interrupted boolean, answered_at timestamptz,
                tool_rounds jsonb, left_out boolean, attempt integer, epoch bigint, payer text, subject text, calls jsonb, decided numeric, owed jsonb)
), turn AS (
  -- CASE hides the condition from the planner, so that turns are found by their ids. A condition on `state`
  -- would search each among all open turns. Without statistics, the planner expects few open turns and would
  -- scan the whole table.
  UPDATE turns SET state = closing.state, detail = closing.detail, closed_at = now(), tool_rounds = closing.tool_rounds
  FROM closing, threads
  WHERE turns.id = closing.turn_id AND CASE WHEN turns.closed_at IS NULL THEN TRUE END AND threads.id = turns.thread_id
    AND (decided IS NOT NULL OR turns.attempt = closing.attempt) AND turns.epoch = closing.epoch
  RETURNING closing.*, threads.id AS thread_id, threads.chat_id,
    coalesce(turns.payer_id, turns.asker_id, threads.user_id) AS user_id, turns.held
), thread AS (
  UPDATE threads SET history_version = history_version + 1 FROM turn
  WHERE threads.id = turn.thread_id AND (answer IS NOT NULL OR left_out) RETURNING threads.id, history_version
), answer AS (
  INSERT INTO messages (thread_id, turn_id, chat_id, role, text, interrupted, sent_at)
  SELECT thread_id, turn_id, chat_id, 'assistant', answer, interrupted, answered_at FROM turn WHERE answer IS NOT NULL
), reported AS (
  INSERT INTO model_calls
  SELECT call.*
  FROM turn, jsonb_populate_recordset(jsonb_populate_record(NULL::model_calls, jsonb_build_object(
    'turn_id', turn.turn_id, 'attempt', turn.attempt, 'payer', turn.payer, 'created_at', now())), turn.calls) AS call
  ON CONFLICT (turn_id, attempt, call) DO UPDATE SET request_id = excluded.request_id, ended = excluded.ended,
    input = excluded.input, cache_write_5m = excluded.cache_write_5m, cache_write_1h = excluded.cache_write_1h,
    cache_read = excluded.cache_read, output = excluded.output, thinking = excluded.thinking,
    web_searches = excluded.web_searches, image_output = excluded.image_output, seconds = excluded.seconds,
    estimated = excluded.estimated, first_text_ms = excluded.first_text_ms,
    duration_ms = excluded.duration_ms, cost = excluded.cost, prices = excluded.prices, payer = excluded.payer
  WHERE model_calls.payer IS NULL
  RETURNING turn_id, cost
), bill AS (
  SELECT turn.turn_id, thread_id, user_id, subject, held AS reserved, cost,
         CASE payer WHEN 'user' THEN cost ELSE 0 END AS charge
  FROM turn, LATERAL (
    SELECT coalesce(decided, 0) + coalesce(sum(cost), 0) AS cost FROM reported WHERE reported.turn_id = turn.turn_id) AS calls
), account AS (
  UPDATE users
  SET balance = balance - bill.charge, last_operation = last_operation + (bill.charge > 0)::integer,
      held = held - coalesce(bill.reserved, 0)
  FROM bill WHERE users.id = bill.user_id AND (bill.charge > 0 OR bill.reserved > 0)
  RETURNING users.id, balance, last_operation, bill.turn_id, charge, subject
), charged AS (
  INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, turn_id, subject)
  SELECT id, last_operation, 'usage', -charge, balance + charge, balance, 'turn:' || turn_id, turn_id, subject
  FROM account WHERE charge > 0
), owed AS (
  INSERT INTO outbox OVERRIDING USER VALUE
  SELECT part.*
  FROM turn CROSS JOIN LATERAL jsonb_array_elements(turn.owed) WITH ORDINALITY AS element (item, position)
  CROSS JOIN LATERAL jsonb_populate_record(NULL::outbox, item) AS part
  ORDER BY turn.turn_id, position
  ON CONFLICT (key) DO UPDATE SET key = excluded.key WHERE outbox.state = 'pending'
  -- What was there before is what was enqueued; what is new, the caller has.
  RETURNING id, turn_id, key, CASE WHEN xmax <> 0 THEN to_jsonb(outbox) END AS stored
)
SELECT bill.turn_id AS "turn!", bill.cost AS "cost!", thread.history_version AS "version?", owed.id AS "outbox?",
       owed.key AS "key?", owed.stored AS "stored?: Json<OutboxMessage>"
FROM bill LEFT JOIN thread ON thread.id = bill.thread_id LEFT JOIN owed ON owed.turn_id = bill.turn_id ORDER BY owed.id
