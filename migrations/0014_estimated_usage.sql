-- A provider does not always report what a call has used. What was not reported is estimated from the text, so that it is
-- not free, and marked.
ALTER TABLE model_calls ADD COLUMN estimated BOOLEAN NOT NULL DEFAULT FALSE;
