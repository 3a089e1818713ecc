-- Two documents of the forum: one that was read, and one that needs a password.
INSERT INTO turns (thread_id, question_id, model_id, state, detail, opened_at, closed_at) VALUES
    (3, 954, 'claude-sonnet-5-5', 'answered', 'complete', now() - interval '50 minutes', now() - interval '50 minutes');
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, sent_at)
SELECT 3, max(id), -1000042, said.message_id, 'user', said.text, 'Ann', now() - interval '50 minutes'
FROM turns, (VALUES (953, ''), (954, 'What was sold?')) AS said (message_id, text)
GROUP BY said.message_id, said.text ORDER BY said.message_id;
INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, sent_at)
SELECT 3, max(id), -1000042, NULL, 'assistant', 'Tea.', NULL, now() - interval '50 minutes' FROM turns;
INSERT INTO files (thread_id, chat_id, message_id, kind, telegram_id, unique_id, name, mime, size, replied, fetched, preview,
                   preview_fault) VALUES
    (3, -1000042, 953, 'document', 'BQACAgI', 'AgADsales', 'sales.xlsx', 'application/vnd.ms-excel', 9000, FALSE, TRUE,
     E'Excel workbook (XLSX), 1 part\n## Part 1: sheet "Sales", 1 rows x 2 columns\nTea\t5\n', NULL),
    (3, -1000042, 954, 'document', 'BQACAgJ', 'AgADlocked', 'locked.docx', 'application/msword', 9000, FALSE, TRUE, NULL,
     'encrypted');
