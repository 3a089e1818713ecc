-- A call whose usage the provider did not report in full, of a turn that the owner pays.
INSERT INTO model_calls (turn_id, attempt, call, model_id, request_id, ended, input, cache_write_5m, cache_write_1h,
                         cache_read, output, thinking, web_searches, first_text_ms, duration_ms, payer, estimated) VALUES
    (3, 2, 1, 'claude-sonnet-5-5', 'req_estimated', 'cut', 40, 0, 0, 0, 7, 0, 0, 300, 500, 'owner', TRUE);
