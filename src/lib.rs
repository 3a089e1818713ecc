//! Starling: a self-hosted Telegram bot that sells access to an AI assistant.
//!
//! The path of one message: `telegram::intake` stores the update, `telegram::dispatcher` routes it,
//! `telegram::pipeline` turns it into a turn, `conversation` answers, `telegram::streaming` shows the answer,
//! and `services::settlement` settles the turn. `docs/ARCHITECTURE.md` explains the rest.

pub mod app;
pub mod bot_api;
pub mod cache;
pub mod config;
pub mod conversation;
pub mod db;
pub mod dead_letters;
pub mod doctor;
pub mod domain;
pub mod http;
pub mod lifecycle;
pub mod llm;
pub mod rendering;
pub mod services;
pub mod telegram;
pub mod telemetry;
pub mod tools;
