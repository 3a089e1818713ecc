//! Plain types that every layer shares: identifiers, people, messages, turns, usage, models, money, time.
//! No I/O happens here, and nothing depends on the formats of Telegram, Anthropic or PostgreSQL.

pub(crate) mod backoff;
pub(crate) mod blank;
pub mod bucket;
pub mod citations;
pub mod clock;
pub mod digest;
pub(crate) mod duty;
pub mod file;
pub mod file_id;
pub(crate) mod group;
pub mod history;
pub mod ids;
pub mod media;
pub mod message;
pub mod model;
pub mod money;
pub mod outcome;
pub mod people;
pub mod preferences;
pub mod record;
pub mod speech;
pub(crate) mod stars;
pub mod tool;
pub mod tool_round;
pub(crate) mod topic;
pub mod turn;
pub mod usage;
