-- A topic that waits for its first answer, one that a person has named, and one that cannot be named.
INSERT INTO topic_names (chat_id, topic_id, state, due_at) VALUES (-1000042, 70, 'implicit', NULL);
INSERT INTO topic_names (chat_id, topic_id, state, settled_at) VALUES (-1000042, 71, 'given', now());
INSERT INTO topic_names (chat_id, topic_id, state, failure, settled_at) VALUES (-1000042, 72, 'left', 'gone', now());
-- A topic whose name is paid, and Telegram is still to be told.
INSERT INTO topic_names (chat_id, topic_id, state, due_at, attempts, turn_id, user_id, name, icon)
SELECT threads.chat_id, 73, 'chosen', now() + interval '1 year', 1, turns.id, threads.user_id, 'Borscht', '5312536423851630010'
FROM turns JOIN threads ON threads.id = turns.thread_id WHERE turns.state = 'answered' ORDER BY turns.id DESC LIMIT 1;
-- A question that was asked again.
INSERT INTO turns (thread_id, question_id, model_id, state, detail, closed_at, counted, retry_of)
SELECT thread_id, question_id, model_id, 'failed', 'overloaded', now(), TRUE, id
FROM turns WHERE state = 'failed' ORDER BY id DESC LIMIT 1;
