//! Records: facts that may reach the database a little later than they happened. Each says by itself what makes it
//! unique, so writing one twice is writing it once.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::ids::TurnId;
use crate::domain::money::Usd;

/// A fact on its way into the database.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// A turn is closed and belongs into the user's statistics. Its figures are taken from the books.
    UserStats {
        /// The turn.
        turn: TurnId,
    },
    /// A tool was called.
    ToolCall(ToolCallRecord),
    /// An answer has come so far.
    Checkpoint(Checkpoint),
}

/// One call of a tool.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToolCallRecord {
    /// The turn that it belongs to.
    pub turn: TurnId,
    /// The turn's attempt.
    pub attempt: i32,
    /// The model's own name for the call; unique in the attempt.
    pub call: String,
    /// The tool's name.
    pub tool: String,
    /// Whether it failed.
    pub failed: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// What it cost.
    pub cost: Usd,
    /// When it began.
    pub started_at: DateTime<Utc>,
}

/// How far an answer has come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The turn.
    pub turn: TurnId,
    /// Its attempt.
    pub attempt: i32,
    /// Counts the checkpoints of an attempt; a later one replaces an earlier one.
    pub sequence: i32,
    /// The visible text so far. What the attempt has used stands on the turn's tab.
    pub text: String,
}

impl Record {
    /// What makes it unique.
    pub fn id(&self) -> String {
        match self {
            Self::UserStats { turn } => format!("user_stats:{turn}"),
            Self::ToolCall(call) => format!("tool_call:{}:{}:{}", call.turn, call.attempt, call.call),
            Self::Checkpoint(mark) => format!("checkpoint:{}:{}:{}", mark.turn, mark.attempt, mark.sequence),
        }
    }

    /// The name of its type in metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::UserStats { .. } => "user_stats",
            Self::ToolCall(_) => "tool_call",
            Self::Checkpoint(_) => "checkpoint",
        }
    }
}
