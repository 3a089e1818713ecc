-- A topic that waits for its first answer, one that a person has named, and one that cannot be named.
INSERT INTO topic_names (chat_id, topic_id, state, due_at) VALUES (-1000042, 70, 'implicit', NULL);
INSERT INTO topic_names (chat_id, topic_id, state, settled_at) VALUES (-1000042, 71, 'given', now());
INSERT INTO topic_names (chat_id, topic_id, state, failure, settled_at) VALUES (-1000042, 72, 'left', 'gone', now());
