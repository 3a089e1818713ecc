//! Starling.

pub mod telegram;
