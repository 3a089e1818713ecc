//! `/stop` while a tool waits for somebody else: nothing of ours goes on, whoever is asked learns of it, the
//! turn is closed, and the books have what was used.

use std::time::{Duration, Instant};

use futures::StreamExt;
use playground::e2b::{self, Operation};
use playground::{gemini, openai};
use rust_decimal::{Decimal, dec};
use serde_json::json;
use starling::domain::tool::ToolName;
use strum::VariantArray;

use super::obstacle::{self, BEFORE, Obstacle, Place};
use super::rows;
use super::workshop::{Workshop, calling, results};
use crate::harness::{ANN, prices};

/// Bots that run at once: fewer than elsewhere, because times are measured.
const AT_ONCE: usize = 2;
/// Far more than a busy machine needs for a stop, far less than the time limits of requests.
const GENEROUS: Duration = Duration::from_secs(10);

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the times are figures to read")]
async fn a_stop_ends_every_tool_wherever_it_waits() {
    let trials =
        ToolName::VARIANTS.iter().flat_map(|&tool| obstacle::places(tool).iter().map(move |&at| (tool, at)));
    let trials =
        futures::stream::iter(trials).map(|(tool, at)| async move { (tool, at, stop(tool, at).await) });
    let ended: Vec<(ToolName, Place, Times)> = trials.buffered(AT_ONCE).collect().await;
    let (mut last_told, mut last_closed) = (Duration::ZERO, Duration::ZERO);
    for (tool, at, Times { told, closed }) in ended {
        (last_told, last_closed) = (last_told.max(told.unwrap_or_default()), last_closed.max(closed));
        let told = told.map_or_else(|| "-".to_owned(), |told| format!("{} ms", told.as_millis()));
        let (tool, at, closed) = (tool.name(), format!("{at:?}"), closed.as_millis());
        println!("{tool:16} {at:10} told after {told:>7}, turn closed after {closed} ms");
    }
    println!(
        "the longest: told after {} ms, turn closed after {} ms",
        last_told.as_millis(),
        last_closed.as_millis()
    );
    assert!(last_told < GENEROUS && last_closed < GENEROUS, "{last_told:?}, {last_closed:?}");
}

/// How long after the stop something was seen.
struct Times {
    /// That the other side knew; `None` if it is not told.
    told: Option<Duration>,
    /// That the turn was closed.
    closed: Duration,
}

async fn stop(tool: ToolName, at: Place) -> Times {
    let name = format!("{} at {at:?}", tool.name());
    // Without the files that a cache has kept, so that the tool has to wait for Telegram.
    let shop = Workshop::with([("REDIS_URL", "")]).await;
    let file = shop.begin(obstacle::file(tool, at)).await;
    let obstacle = Obstacle::put(&shop, tool, at, &file).await;
    let line = match at {
        Place::Stream if tool == ToolName::WebSearch => "searching: dollars euro",
        _ => rows::row(tool).line,
    };
    // A file that is drawn or found at once is on its way before the line is shown. A query waits for 15 s at most, and
    // drafts are not in a hurry on a busy machine.
    if !matches!(at, Place::Sending | Place::Books) {
        shop.draft_with(&format!("🔧 {line}")).await;
    }
    obstacle.reached(&shop).await;

    let stopped = Instant::now();
    shop.bot.ann("/stop");
    let closed = async {
        shop.bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
        stopped.elapsed()
    };
    let told = async {
        let is_told = obstacle.told(&shop).await;
        is_told.then(|| stopped.elapsed())
    };
    let (told, closed) = tokio::join!(told, closed);

    obstacle.remove().await;
    shop.settled().await;
    let answers = shop.bot.answers(ANN);
    let cut = answers.iter().any(|text| text.contains("⏹ Stopped."));
    let begun = answers.iter().filter(|text| text.starts_with(BEFORE)).count();
    assert!(cut && begun == 1, "{name}: {}", shop.bot.screen(ANN));
    shop.bot.database.until("SELECT count(*) FROM transcriptions WHERE state = 'pending'", 0).await;
    nothing_runs(&shop, &name).await;
    used(&shop, at, &name).await;
    if tool == ToolName::ExecutePython {
        works_again(&shop, &name).await;
    }
    shop.end().await;
    Times { told, closed }
}

/// Asserts that no request of ours is open anywhere, and that no money is held.
async fn nothing_runs(shop: &Workshop, name: &str) {
    // Code has been interrupted, so the sandbox is there for the next call.
    let sandboxes = shop.resting_sandboxes().await;
    let has_run = !shop.e2b.calls_of(Operation::Execute).is_empty();
    assert!(sandboxes <= 1 && (sandboxes == 1 || !has_run), "{name}: {sandboxes}");
    assert_eq!(shop.bot.model.open_streams(), 0, "{name}");
    let open: Vec<e2b::Call> =
        shop.e2b.calls().into_iter().filter(|call| call.outcome == e2b::Outcome::Open).collect();
    assert!(open.is_empty(), "{name}: {open:?}");
    assert!(shop.gemini.requests().iter().all(|asked| asked.outcome != gemini::Outcome::Open), "{name}");
    assert!(shop.openai.requests().iter().all(|asked| asked.outcome != openai::Outcome::Open), "{name}");
    let held = "SELECT count(*) FROM users WHERE held <> 0";
    let running = "SELECT count(*) FROM model_calls WHERE ended = 'running' OR payer IS NULL";
    for query in [held, running] {
        assert_eq!(shop.bot.database.count(query).await, 0, "{name}: {query}");
    }
}

/// Asserts that the next code runs, in the only sandbox.
async fn works_again(shop: &Workshop, name: &str) {
    let call = (ToolName::ExecutePython.name().to_owned(), json!({"code": "6 * 7"}));
    shop.bot.model.script(calling("", [call]));
    shop.bot.ask("And now?").await;
    shop.settled().await;
    let told = results(&shop.bot.model.requests().pop().unwrap());
    assert_eq!(told[0].content["value"], "42", "{name}: {}", told[0].content);
    assert_eq!(shop.resting_sandboxes().await, 1, "{name}");
}

/// Returns the costs of the calls of a service that ended in this way.
async fn costs(shop: &Workshop, ended: &str, service: &str) -> Vec<Decimal> {
    sqlx::query_scalar("SELECT cost FROM model_calls WHERE ended LIKE $1 AND model_id LIKE $2")
        .bind(ended)
        .bind(service)
        .fetch_all(shop.bot.books())
        .await
        .unwrap()
}

/// Asserts that what the tool has used is charged.
async fn used(shop: &Workshop, at: Place, name: &str) {
    let calls: Decimal =
        shop.sum("SELECT coalesce(sum(cost), 0) FROM model_calls WHERE payer = 'user'").await;
    let transcripts = shop.charged().await - calls;
    let heard = if at == Place::Speech { dec!(10) * prices::SPEECH_SECOND } else { Decimal::ZERO };
    assert_eq!(transcripts, heard, "{name}");
    match at {
        // The service may go on listening, so the request is charged by the length of the recording, once.
        Place::Speech => {
            let stopped = "SELECT count(*) FROM balance_operations WHERE kind = 'transcription' AND key LIKE '%:stopped:%'";
            assert_eq!(shop.bot.database.count(stopped).await, 1, "{name}");
        }
        Place::Model | Place::Stream => assert_eq!(costs(shop, "cut", "claude%").await.len(), 1, "{name}"),
        // The service goes on drawing, so one picture is charged as an estimate.
        Place::Drawing => assert_eq!(costs(shop, "cut", "gemini%").await, [dec!(0.134404)], "{name}"),
        Place::Uploading | Place::Installing | Place::Executing | Place::Collecting => {
            let cut = costs(shop, "cut", "e2b").await;
            assert!(cut.len() == 1 && cut[0] > Decimal::ZERO, "{name}: {cut:?}");
        }
        Place::Creating => {
            assert!(costs(shop, "%", "e2b").await.is_empty(), "{name}: there was no sandbox");
        }
        _ => {}
    }
}
