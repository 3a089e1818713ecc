-- Ann has chosen all that can be chosen; Bob is asked for his personality; a card in the forum is Bob's.
UPDATE users SET effort = 'high', turn_limit = 0.5, shows_cost = TRUE, shows_thinking = FALSE,
    personality = 'Answer in rhymes.' WHERE id = 42;
INSERT INTO dialogs (chat_id, user_id, topic_id, kind, expires_at) VALUES (43, 43, NULL, 'personality', now() + interval '1 hour');
INSERT INTO outbox (key, chat_id, text, entities, keyboard, owner_id, begun, state, message_id, settled_at) VALUES
    ('update:900000028', -1000042, 'Settings', '[]', '{"inline_keyboard": [[{"text": "S", "callback_data": "set:cost:on"}]]}', 43,
     TRUE, 'sent', 9028, now() - interval '2 days');
