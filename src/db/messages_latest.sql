-- Reads the history of a thread: see messages::latest.
SELECT threads.history_version AS "version!", beginning.skipped AS "skipped!", said.id AS "id?",
       -- A message id of the group before its upgrade is not valid in the supergroup.
       CASE WHEN said.chat_id = threads.chat_id THEN said.message_id END AS "message_id?",
       said.role AS "role?", said.text AS "text?", sender, reply_to, reply_chat, reply_sender, reply_snippet,
       reply_content, quote, forwarded_from, edits AS "edits?", interrupted AS "interrupted?",
       CASE WHEN said.role = 'assistant' THEN said.sent_files END AS "sent_files?: Json<Vec<SentFileNote>>",
       CASE WHEN said.role = 'assistant' THEN said.tool_rounds END AS "tool_rounds?: Json<Vec<ToolRound>>", sent_at AS "sent_at?",
       files.id AS "file?", files.kind AS "kind?", files.name AS "name?", files.mime AS "mime?",
       files.size AS "size?", files.replied AS "replied?", files.fetched AS "fetched?",
       files.public_id::text AS "public_id?", files.preview AS "preview?", files.preview_fault AS "preview_fault?",
       files.refusal AS "refusal?", files.size_limit AS "size_limit?",
       heard.duration AS "heard_s?", heard.text AS "heard?", provider_id
FROM threads
CROSS JOIN LATERAL (
  SELECT greatest(0, $4::bigint - 1 - $3::bigint + count(*)) / $4::bigint * $4::bigint AS skipped
  FROM messages JOIN turns ON turns.id = messages.turn_id
  WHERE messages.thread_id = threads.id AND turns.detail IS DISTINCT FROM 'refused'
    AND turns.detail IS DISTINCT FROM 'too_long' AND NOT turns.retried AND ($2::bigint IS NULL OR messages.turn_id <= $2)
    AND (turns.question_id > threads.cleared_up_to OR messages.turn_id = $2)
) AS beginning
LEFT JOIN LATERAL (
  SELECT messages.*, turns.sent_files, turns.tool_rounds FROM messages JOIN turns ON turns.id = messages.turn_id
  WHERE messages.thread_id = threads.id AND turns.detail IS DISTINCT FROM 'refused'
    AND turns.detail IS DISTINCT FROM 'too_long' AND NOT turns.retried AND ($2::bigint IS NULL OR messages.turn_id <= $2)
    AND (turns.question_id > threads.cleared_up_to OR messages.turn_id = $2)
  ORDER BY messages.id OFFSET beginning.skipped
) AS said ON TRUE
LEFT JOIN files ON files.chat_id = said.chat_id AND files.message_id = said.message_id
  AND files.thread_id = said.thread_id
-- CASE, so that only recordings are looked up.
LEFT JOIN transcriptions AS heard ON heard.chat_id = files.chat_id AND NOT heard.replied AND heard.state = 'done'
  AND heard.unique_id = files.unique_id
  AND heard.message_id = CASE WHEN files.kind IN ('voice', 'video_note') AND NOT files.replied THEN files.message_id END
WHERE threads.id = $1 ORDER BY said.id, files.replied DESC
