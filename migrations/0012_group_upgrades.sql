-- A group that becomes a supergroup gets another id, and its messages begin to count anew. Messages, files and what was
-- delivered keep the id of the chat in which they have their numbers; conversations and what is still owed move. Numbers of
-- questions in the former chat are kept 2^31 lower, so that they are below all numbers of the new one and in their order.
ALTER TABLE chats ADD COLUMN migrated_to BIGINT REFERENCES chats ON DELETE RESTRICT;
