-- Records calls of open turns: see call_notes::note. A call that has a payer is not changed.
INSERT INTO model_calls
SELECT call.*
FROM jsonb_to_recordset($1) AS note (turn_id bigint, attempt integer, calls jsonb)
  -- CASE as in close.sql, so that turns are found by their ids.
  JOIN turns ON turns.id = note.turn_id AND CASE WHEN turns.closed_at IS NULL THEN TRUE END,
  -- The calls of an attempt that is not the newest are the owner's loss.
  jsonb_populate_recordset(jsonb_populate_record(NULL::model_calls, jsonb_build_object(
    'turn_id', turns.id, 'attempt', note.attempt, 'created_at', now(),
    'payer', CASE WHEN note.attempt < turns.attempt THEN 'owner' END)), note.calls) AS call
ON CONFLICT (turn_id, attempt, call) DO UPDATE SET request_id = excluded.request_id, ended = excluded.ended,
  input = excluded.input, cache_write_5m = excluded.cache_write_5m, cache_write_1h = excluded.cache_write_1h,
  cache_read = excluded.cache_read, output = excluded.output, thinking = excluded.thinking,
  web_searches = excluded.web_searches, image_output = excluded.image_output, seconds = excluded.seconds,
  estimated = excluded.estimated, first_text_ms = excluded.first_text_ms,
  duration_ms = excluded.duration_ms, cost = excluded.cost, prices = excluded.prices
WHERE model_calls.payer IS NULL
