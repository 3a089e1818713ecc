-- A picture and a sandbox, of a turn that the owner pays.
INSERT INTO model_calls (turn_id, attempt, call, model_id, ended, input, cache_write_5m, cache_write_1h, cache_read, output,
                         thinking, web_searches, duration_ms, payer, estimated, image_output, seconds) VALUES
    (3, 2, 2, 'a-model-that-draws', 'STOP', 40, 0, 0, 0, 7, 0, 0, 500, 'owner', FALSE, 1290, 0),
    (3, 2, 3, 'a-sandbox', 'end', 0, 0, 0, 0, 0, 0, 0, 12345, 'owner', FALSE, 0, 12.345);
