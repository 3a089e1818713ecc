-- An announcement that an administrator has sent to two people, and one that is being prepared; a ban that was lifted; a group
-- that the bot has left.
INSERT INTO announcements (asked_by, admin_id, chat_id, topic_id, targets, state, given_by, message_id, progress_id, lease,
                           leased_until, failure, tally, begun_at, finished_at) VALUES
    (900000901, 43, 43, 3, '{42, 1002}', 'stopped', 900000902, 990, 991, 7, now() - interval '1 hour', 'content_gone',
     '{"sent": 1, "refused": 1}', now() - interval '1 hour', now() - interval '1 hour'),
    (900000903, 43, 43, NULL, NULL, 'asked', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO announcement_recipients (announcement_id, user_id, state, lease, message_id, detail)
SELECT min(id), 42, 'sent', 7, 992, NULL FROM announcements UNION ALL
SELECT min(id), 1002, 'refused', 7, NULL, 'Bad Request: VOICE_MESSAGES_FORBIDDEN' FROM announcements;
INSERT INTO bans (update_id, user_id, reason, changed_by) VALUES (900000904, 1002, 'spam', 43), (900000905, 1002, NULL, 43);
UPDATE chats SET removed_at = now(), membership_at = now() WHERE id = -77;
