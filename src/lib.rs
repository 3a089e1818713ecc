//! Starling: a self-hosted Telegram bot that sells access to an AI assistant.
//!
//! The path of one message: `telegram::intake` stores the update, `telegram::dispatcher` routes it,
//! `telegram::pipeline` turns it into a turn, `conversation` answers, `telegram::streaming` shows the answer,
//! and `services::settlement` settles the turn. `docs/ARCHITECTURE.md` explains the rest.

pub mod app;
mod bot_api;
pub mod cache;
pub mod config;
mod conversation;
pub mod db;
pub mod dead_letters;
pub mod doctor;
mod documents;
pub mod domain;
mod http;
mod images;
pub mod import;
pub mod lifecycle;
pub mod llm;
pub mod rendering;
mod sandbox;
pub mod services;
mod telegram;
pub mod telemetry;
mod tools;
mod typeset;
