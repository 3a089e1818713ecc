-- Records calls of turns: see call_notes::note. A call that has a payer is not changed, but one of an abandoned
-- attempt may turn out to have cost more.
INSERT INTO model_calls
SELECT call.*
FROM jsonb_to_recordset($1) AS note (turn_id bigint, attempt integer, epoch bigint, calls jsonb)
  JOIN turns ON turns.id = note.turn_id,
  -- The calls of an attempt that is not the newest, or of an instance that has lost the turn, are the operator's loss.
  jsonb_populate_recordset(jsonb_populate_record(NULL::model_calls, jsonb_build_object(
    'turn_id', turns.id, 'attempt', note.attempt, 'created_at', now(),
    'payer', CASE WHEN note.attempt < turns.attempt OR note.epoch < turns.epoch OR turns.closed_at IS NOT NULL
                  THEN 'owner' END)), note.calls) AS call
ON CONFLICT (turn_id, attempt, call) DO UPDATE SET request_id = excluded.request_id, ended = excluded.ended,
  input = excluded.input, cache_write_5m = excluded.cache_write_5m, cache_write_1h = excluded.cache_write_1h,
  cache_read = excluded.cache_read, output = excluded.output, thinking = excluded.thinking,
  web_searches = excluded.web_searches, image_output = excluded.image_output, seconds = excluded.seconds,
  estimated = excluded.estimated, first_text_ms = excluded.first_text_ms,
  duration_ms = excluded.duration_ms, cost = excluded.cost, prices = excluded.prices
WHERE model_calls.payer IS NULL
  OR (model_calls.payer = 'owner' AND excluded.payer = 'owner' AND model_calls.cost < excluded.cost)
