//! `web_search` and `web_fetch`, which the provider runs: what people see of them, numbered sources below the
//! answer, the books, the next prompt, pauses, limits, and pages that give orders.

mod pauses;
mod searching;
mod sources;

use playground::anthropic::Step;
use playground::anthropic::web::{page, search_citation};
use rust_decimal::Decimal;
use serde_json::json;

use crate::harness::{ANN, BOUND, Bot};

const RATES: &str = "https://rates.example/eur";

/// Returns a step that cites a page.
fn citing(text: &str, url: &str) -> Step {
    Step::Cited { text: text.to_owned(), citations: vec![search_citation(page(url).unwrap())] }
}

fn said(text: &str) -> Step {
    Step::Text(text.to_owned())
}

/// A call of the provider's search without its result.
fn open_call(query: &str) -> Step {
    let input = json!({"query": query});
    Step::Block(
        json!({"type": "server_tool_use", "name": "web_search", "input": input, "caller": {"type": "direct"}}),
    )
}

async fn charged(bot: &Bot) -> Decimal {
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    Decimal::from(1_000) - bot.balance(ANN).await
}

/// Waits for a draft that contains `part`.
async fn draft_with(bot: &Bot, part: &str) {
    let what = format!("a draft with {part}");
    let seen = bot
        .telegram
        .until(&what, BOUND, |view| view.live_draft(ANN).filter(|draft| draft.text.contains(part)).map(drop));
    seen.await.unwrap();
}
