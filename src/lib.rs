//! Starling: a self-hosted Telegram bot that sells access to an AI assistant.
//!
//! The way of one message: `telegram::intake` stores the update, `telegram::dispatcher` routes it,
//! `telegram::pipeline` makes it a turn, `conversation` answers, `telegram::streaming` shows,
//! `services::settlement` writes the books. `docs/ARCHITECTURE.md` tells the rest.

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
