-- The tables of the predecessor, without the constraints that its defects break.
CREATE TYPE filesource AS ENUM ('user', 'assistant');
CREATE TYPE filetype AS ENUM ('image', 'pdf', 'document', 'audio', 'voice', 'video', 'generated');
CREATE TYPE messagerole AS ENUM ('USER', 'ASSISTANT', 'SYSTEM');
CREATE TYPE operationtype AS ENUM ('payment', 'usage', 'refund', 'admin_topup');
CREATE TYPE paymentstatus AS ENUM ('completed', 'refunded');
CREATE TABLE users (
    id BIGINT PRIMARY KEY, is_bot BOOLEAN NOT NULL DEFAULT FALSE, is_premium BOOLEAN NOT NULL DEFAULT FALSE,
    added_to_attachment_menu BOOLEAN NOT NULL DEFAULT FALSE, first_name TEXT NOT NULL, last_name TEXT,
    username TEXT UNIQUE, language_code VARCHAR(10), model_id VARCHAR(100) NOT NULL DEFAULT 'claude:sonnet',
    custom_prompt TEXT, balance NUMERIC(10, 4) NOT NULL, message_count BIGINT NOT NULL DEFAULT 0,
    total_tokens_used BIGINT NOT NULL DEFAULT 0, first_seen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    last_seen_at TIMESTAMPTZ NOT NULL DEFAULT now());
CREATE TABLE chats (
    id BIGINT PRIMARY KEY, type VARCHAR(20) NOT NULL, title TEXT, username TEXT, first_name TEXT, last_name TEXT,
    is_forum BOOLEAN NOT NULL DEFAULT FALSE);
CREATE TABLE threads (
    id BIGSERIAL PRIMARY KEY, chat_id BIGINT NOT NULL, user_id BIGINT NOT NULL, thread_id INTEGER, title TEXT,
    files_context TEXT, needs_topic_naming BOOLEAN NOT NULL DEFAULT FALSE, is_cleared BOOLEAN NOT NULL DEFAULT FALSE,
    UNIQUE (chat_id, user_id, thread_id));
CREATE TABLE messages (
    chat_id BIGINT NOT NULL, message_id INTEGER NOT NULL, thread_id BIGINT, from_user_id BIGINT, date INTEGER NOT NULL,
    edit_date INTEGER, role messagerole NOT NULL, text_content TEXT, caption TEXT, reply_to_message_id INTEGER,
    reply_snippet TEXT, reply_sender_display TEXT, sender_display TEXT, quote_data JSONB, forward_origin JSONB,
    edit_count INTEGER NOT NULL DEFAULT 0, original_content TEXT, attachments JSONB NOT NULL DEFAULT '[]',
    thinking_blocks TEXT, model_id VARCHAR(64), PRIMARY KEY (chat_id, message_id));
CREATE INDEX messages_date ON messages (date);
CREATE TABLE user_files (
    id SERIAL PRIMARY KEY, message_id BIGINT NOT NULL, telegram_file_id VARCHAR, telegram_file_unique_id VARCHAR,
    claude_file_id VARCHAR NOT NULL UNIQUE, filename VARCHAR NOT NULL, mime_type VARCHAR NOT NULL, file_type filetype NOT NULL,
    file_size INTEGER NOT NULL, uploaded_at TIMESTAMPTZ NOT NULL DEFAULT now(), source filesource NOT NULL);
CREATE TABLE payments (
    id SERIAL PRIMARY KEY, user_id BIGINT NOT NULL, telegram_payment_charge_id VARCHAR(255) NOT NULL UNIQUE,
    stars_amount INTEGER NOT NULL, credited_usd_amount NUMERIC(10, 4) NOT NULL, status paymentstatus NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now());
CREATE TABLE balance_operations (
    id SERIAL PRIMARY KEY, user_id BIGINT, operation_type operationtype NOT NULL, amount NUMERIC(10, 4) NOT NULL,
    balance_before NUMERIC(10, 4) NOT NULL, balance_after NUMERIC(10, 4) NOT NULL, description TEXT NOT NULL);
CREATE TABLE tool_calls (id SERIAL PRIMARY KEY, user_id BIGINT NOT NULL, tool_name VARCHAR(64) NOT NULL);
