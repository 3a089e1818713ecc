-- Later prompts repeat the tool calls of an answer and their results. NULL for an answer without any, and when its words
-- have been deleted.
ALTER TABLE turns ADD COLUMN tool_rounds JSONB;
