-- Carla came by a link and wants German. One of the bot's messages was for Ann.
UPDATE users SET language = 'de', campaign = 'spring_26-B' WHERE id = 1001;
UPDATE outbox SET owner_id = 42 WHERE id = (SELECT min(id) FROM outbox WHERE chat_id = 42);
