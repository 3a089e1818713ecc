-- A person who came from the predecessor in debt, and one who has paid here since.
INSERT INTO users (id, first_name, balance, last_operation) VALUES (3401, 'Mia', -0.0312, 1), (3402, 'Noa', 2.5, 1);
INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, subject)
VALUES (3401, 1, 'opening', -0.0312, 0, -0.0312, 'opening:3401', ''), (3402, 1, 'opening', 2.5, 0, 2.5, 'opening:3402', '');
INSERT INTO imports (sent_s, chat_id, message_id) VALUES (1769644800, 3401, 17);
