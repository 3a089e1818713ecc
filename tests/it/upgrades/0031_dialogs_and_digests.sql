-- Ann is asked for an amount by an update that is known; one of her files was loaded.
INSERT INTO dialogs (chat_id, user_id, topic_id, kind, opened_by, expires_at)
    VALUES (42, 42, NULL, 'custom_amount', 900000031, now() + interval '1 hour');
UPDATE files SET sha256 = sha256('content') WHERE id = (SELECT min(id) FROM files);
