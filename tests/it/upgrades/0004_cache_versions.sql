-- What comes by the write-behind: Bob's statistics, tool calls, how far the answer had come that a crash has cut (turn 5).
UPDATE turns SET counted = TRUE WHERE id = 6;
UPDATE threads SET history_version = 3 WHERE id = 1;
INSERT INTO user_statistics (user_id, day, turns, messages, input, cache_write, cache_read, output, cost) VALUES
    (43, current_date - 1, 1, 1, 2000, 600, 6000, 1000, 0.0182);
INSERT INTO tool_calls (turn_id, attempt, call_id, tool, failed, duration_ms, cost, started_at) VALUES
    (6, 1, 'toolu_1', 'cost_estimator', TRUE, 3, 0, now() - interval '2 hours'),
    (6, 2, 'toolu_1', 'cost_estimator', FALSE, 2, 0, now() - interval '2 hours');
INSERT INTO checkpoints (turn_id, attempt, sequence, text) VALUES (5, 1, 2, 'Half of an answer');
INSERT INTO dead_letters (item_id, payload, error, attempts) VALUES ('1790000000000-0', 'no { JSON', 'expected a value', 3);
