//! Everything that touches Telegram.

pub mod rendering;
