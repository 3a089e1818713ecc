//! Records: facts that may reach the database a little later than they happened. Each contains its unique
//! key, so writing it twice has the effect of writing it once.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::ids::TurnId;
use crate::domain::money::Usd;

/// A fact to be written to the database.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// A turn was closed and counts in the user's statistics. Its figures are taken from the books.
    UserStats {
        /// The closed turn.
        turn: TurnId,
    },
    /// A tool was called.
    ToolCall(ToolCallRecord),
    /// An answer has reached this checkpoint.
    Checkpoint(Checkpoint),
}

/// A finished tool call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToolCallRecord {
    /// The turn of the call.
    pub turn: TurnId,
    /// The number of the attempt.
    pub attempt: i32,
    /// The model's id of the call; unique within the attempt.
    pub call: String,
    /// The tool's name.
    pub tool: String,
    /// Whether the call failed.
    pub failed: bool,
    /// Duration in milliseconds.
    pub duration_ms: i64,
    /// The cost, US dollars.
    pub cost: Usd,
    /// When the call started.
    pub started_at: DateTime<Utc>,
}

/// A checkpoint of a growing answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The turn of the answer.
    pub turn: TurnId,
    /// The number of the attempt.
    pub attempt: i32,
    /// The number of the checkpoint within the attempt; a later one replaces an earlier one.
    pub sequence: i32,
    /// The visible text so far; the cost is recorded by the meter instead.
    pub text: String,
}

impl Record {
    /// Returns the unique key.
    pub fn id(&self) -> String {
        match self {
            Self::UserStats { turn } => format!("user_stats:{turn}"),
            Self::ToolCall(call) => format!("tool_call:{}:{}:{}", call.turn, call.attempt, call.call),
            Self::Checkpoint(mark) => format!("checkpoint:{}:{}:{}", mark.turn, mark.attempt, mark.sequence),
        }
    }

    /// Returns the name of its type in metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::UserStats { .. } => "user_stats",
            Self::ToolCall(_) => "tool_call",
            Self::Checkpoint(_) => "checkpoint",
        }
    }
}
