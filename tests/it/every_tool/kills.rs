//! The process dies while a tool works or as it ends. After the next start the question is answered once, the
//! files arrive once, and the person pays for one attempt.

use std::time::{Duration, Instant};

use futures::StreamExt;
use starling::domain::tool::ToolName;
use strum::VariantArray;

use super::AT_ONCE;
use super::rows::{self, Row};
use super::workshop::{Workshop, calling};
use crate::harness::{ANN, BOUND, scaled};

/// Reached when the result of a tool is known to nobody yet.
const ENDED: &str = "tool: ended";
const KEPT: &str = "tool: file kept";
const SUBAGENT: &str = "subagent: answered";
const WEB: &str = "web: result noted";

/// Returns the kill points of a tool, apart from those that `python/sandboxes.rs`, `drawing_faults.rs`
/// and `transcripts/paid_once.rs` cover.
fn points(tool: ToolName) -> &'static [&'static str] {
    match tool {
        ToolName::CostEstimator
        | ToolName::ListFiles
        | ToolName::PreviewFile
        | ToolName::DeliverFile
        | ToolName::TranscribeAudio => &[ENDED],
        ToolName::SelfCritique | ToolName::AnalyzeImage | ToolName::AnalyzePdf => &[SUBAGENT, ENDED],
        ToolName::RenderLatex | ToolName::GenerateImage | ToolName::ExecutePython => &[KEPT, ENDED],
        ToolName::WebSearch | ToolName::WebFetch => &[WEB],
    }
}

#[tokio::test]
async fn a_crash_at_any_point_of_any_tool_charges_once_and_sends_files_once() {
    let trials =
        ToolName::VARIANTS.iter().flat_map(|&tool| points(tool).iter().map(move |&point| (tool, point)));
    futures::stream::iter(trials)
        .for_each_concurrent(AT_ONCE, |(tool, point)| async move { dies(tool, point).await })
        .await;
}

async fn dies(tool: ToolName, point: &'static str) {
    let name = format!("{} at '{point}'", tool.name());
    let mut shop = Workshop::with([("KILL_AT", point)]).await;
    let Row { file, typed, shown, .. } = rows::row(tool);
    let file = shop.begin(file).await;
    let question = if tool.is_of_provider() { typed } else { "Do it." };
    let calls = |shop: &Workshop| {
        if !tool.is_of_provider() {
            let call = (tool.name().to_owned(), rows::arguments(tool, &file));
            shop.bot.model.script_for(question, calling("", [call]));
        }
    };
    let before = shop.bot.answers(ANN).len();
    calls(&shop);
    shop.bot.ann(question);
    tokio::time::timeout(BOUND, shop.bot.died()).await.unwrap_or_else(|_| panic!("the bot lives on: {name}"));
    shop.bot.set("KILL_AT", "");
    calls(&shop);
    shop.bot.run().await;
    shop.settled().await;

    let answers = shop.bot.answers(ANN).split_off(before);
    let shown =
        if tool.is_of_provider() { shown.to_owned() } else { format!("The tool {} says", tool.name()) };
    // A picture is sent before the tool ends, and what was sent is not made anew.
    let is_cut = (tool, point) == (ToolName::GenerateImage, ENDED);
    let expected = if is_cut { "I was restarted" } else { shown.as_str() };
    assert!(answers.len() == 1 && answers[0].contains(expected), "{name}: {answers:#?}");
    let files = match tool {
        ToolName::GenerateImage | ToolName::DeliverFile => 1,
        _ => 0,
    };
    assert_eq!(shop.bot.telegram.sent_media(ANN).len(), files, "{name}");
    if tool == ToolName::ExecutePython {
        assert_eq!(shop.resting_sandboxes().await, 1, "{name}");
    }
    charged_once(&shop, &name).await;
    shop.end().await;
}

/// Asserts that the person has paid for one attempt.
async fn charged_once(shop: &Workshop, name: &str) {
    assert_paid_once(shop, name).await;
    let transcripts = "SELECT count(*) FROM balance_operations WHERE kind = 'transcription'";
    let transcripts = usize::try_from(shop.bot.database.count(transcripts).await).unwrap();
    assert_eq!(shop.openai.requests().len(), transcripts, "{name}");
    let operations = "SELECT count(*) FROM balance_operations WHERE kind = 'usage'";
    assert_eq!(shop.bot.database.count(operations).await, 2, "{name}: that of the beginning, and this one");
    let turns = "SELECT count(DISTINCT turn_id) FROM model_calls WHERE payer = 'user'";
    assert_eq!(shop.bot.database.count(turns).await, 2, "{name}");
}

/// Moments spread evenly over the time that each tool takes, so that a kill hits any await in the long run.
#[tokio::test]
async fn a_kill_at_any_moment_of_any_tool_charges_once_and_sends_files_once() {
    let moments = u32::try_from(scaled(1, 24)).unwrap();
    futures::stream::iter(ToolName::VARIANTS)
        .for_each_concurrent(AT_ONCE, |&tool| async move {
            let whole = undisturbed(tool).await;
            for moment in 0..moments {
                let after = whole * (2 * moment + 1) / (2 * moments);
                dies_after(tool, after).await;
            }
        })
        .await;
}

/// Returns the time from the question to the settled answer.
async fn undisturbed(tool: ToolName) -> Duration {
    let shop = Workshop::open().await;
    let Row { file, typed, .. } = rows::row(tool);
    shop.begin(file).await;
    let before = shop.bot.answers(ANN).len();
    let begun = Instant::now();
    shop.bot.ann(typed);
    shop.bot.answer(ANN, before + 1).await;
    shop.settled().await;
    let whole = begun.elapsed();
    shop.end().await;
    whole
}

/// Wherever the kill hits, also before the question is stored or after the answer is settled.
async fn dies_after(tool: ToolName, time: Duration) {
    let name = format!("{} after {time:?}", tool.name());
    let mut shop = Workshop::open().await;
    let Row { file, typed, shown, files, .. } = rows::row(tool);
    shop.begin(file).await;
    let before = shop.bot.answers(ANN).len();
    shop.bot.ann(typed);
    // The one wait for a time: what a kill hits is left to chance, and what is asserted is not.
    tokio::time::sleep(time).await;
    shop.bot.kill().await;
    shop.bot.run().await;
    shop.bot.answer(ANN, before + 1).await;
    shop.settled().await;

    let answers = shop.bot.answers(ANN).split_off(before);
    let is_cut = answers.iter().any(|answer| answer.contains("I was restarted"));
    // A picture is sent at once, so that words before it are a message of their own.
    let most = if tool == ToolName::GenerateImage { 2 } else { 1 };
    let ends_well = answers.last().is_some_and(|answer| is_cut || answer.contains(shown));
    assert!(ends_well && answers.len() <= most, "{name}: {answers:#?}");
    let sent = shop.bot.telegram.sent_media(ANN).len();
    assert!(sent == files || (is_cut && sent < files), "{name}: {sent} files, cut: {is_cut}");
    if tool == ToolName::ExecutePython {
        assert!(shop.resting_sandboxes().await <= 1, "{name}");
    }
    assert_paid_once(&shop, &name).await;
    shop.end().await;
}

/// Asserts that the person has paid for one attempt of each turn and for each transcript once.
async fn assert_paid_once(shop: &Workshop, name: &str) {
    let of_user = shop.sum("SELECT sum(cost) FROM model_calls WHERE payer = 'user'").await;
    let transcripts = shop
        .sum("SELECT coalesce(sum(-amount), 0) FROM balance_operations WHERE kind = 'transcription'")
        .await;
    assert_eq!(shop.charged().await, of_user + transcripts, "{name}");
    for (what, query) in [
        (
            "turns with two charges",
            "SELECT count(*) FROM (SELECT FROM balance_operations WHERE kind = 'usage' GROUP BY turn_id HAVING count(*) > 1) AS twice",
        ),
        (
            "turns with two paid attempts",
            "SELECT count(*) FROM (SELECT FROM model_calls WHERE payer = 'user' GROUP BY turn_id HAVING count(DISTINCT attempt) > 1) AS twice",
        ),
        ("users with a hold", "SELECT count(*) FROM users WHERE held <> 0"),
    ] {
        assert_eq!(shop.bot.database.count(query).await, 0, "{name}: {what}");
    }
}
