//! Write-behind: no queued record gets lost or counted twice, whatever happens to Redis, and an item that the
//! database refuses does not affect others.

mod stream;
mod whole_bot;

use starling::domain::ids::TurnId;
use starling::domain::money::Usd;
use starling::domain::record::{Record, ToolCallRecord};

fn call(turn: i64, number: usize) -> Record {
    Record::ToolCall(ToolCallRecord {
        turn: TurnId(turn),
        attempt: 1,
        call: format!("toolu_{number}"),
        tool: "web_search".to_owned(),
        failed: false,
        duration_ms: 12,
        cost: Usd::typed("0.01").unwrap(),
        started_at: chrono::DateTime::UNIX_EPOCH,
    })
}

const CALLS: &str = "SELECT count(*) FROM tool_calls";
