-- Bob has forgotten his conversation in a topic that was deleted later; the topics of the forum were offered for deletion.
INSERT INTO threads (chat_id, user_id, topic_id, history_version, cleared_up_to, topic_gone) VALUES
    (-1000042, 43, 6, 2, 931, TRUE);
INSERT INTO turns (thread_id, question_id, model_id, state, detail, opened_at, closed_at) VALUES
    (4, 931, 'claude-sonnet-5-5', 'answered', 'complete', now() - interval '90 minutes', now() - interval '90 minutes');
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, sent_at) VALUES
    (4, 7, -1000042, 931, 'user', 'Forget this.', 'Bob', now() - interval '90 minutes'),
    (4, 7, -1000042, NULL, 'assistant', 'As you wish.', NULL, now() - interval '90 minutes');
INSERT INTO topic_deletions (asked_by, chat_id, user_id, topics, deleted, failed, expires_at, used_by, used_at, finished_at)
VALUES
    (900000008, -1000042, 43, '{6, 7}', '{6}', '{7}', now() - interval '1 hour', 900000009, now() - interval '80 minutes',
     now() - interval '80 minutes'),
    (900000010, -1000042, 43, '{5}', '{}', '{}', now() - interval '1 hour', NULL, NULL, NULL);
