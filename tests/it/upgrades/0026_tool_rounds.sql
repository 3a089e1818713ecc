-- The tool calls of an answer.
UPDATE turns SET tool_rounds = '[{"text_end": 2, "calls": [{"id": "toolu_1", "tool": "list_files", "input": "{}", "result": "{}", "failed": false}]}]'
WHERE id = (SELECT max(id) FROM turns WHERE closed_at IS NOT NULL);
