//! What the write-behind has written: its sums are those of the books, and every tool that the model was told of is there.

use std::collections::BTreeSet;

use playground::anthropic::{Anthropic, Recorded};

use super::super::books::Books;
use super::super::findings::Findings;

const STATISTICS: &str = "people whose statistics are not the sum of the books";
const TOOL_CALLS: &str = "tool calls that were not written down";
const LETTERS: &str = "dead letters";

/// Compares what was written behind with the truth.
pub(super) async fn records(findings: &mut Findings, model: &Anthropic, books: &Books) -> anyhow::Result<()> {
    findings.expect_none(&[STATISTICS, TOOL_CALLS, LETTERS]);
    for person in books.wrong_statistics().await? {
        findings.fault(STATISTICS, format!("person {person}"));
    }
    let written: BTreeSet<String> = books.tool_calls().await?.into_iter().collect();
    let told: BTreeSet<String> = model.requests().iter().flat_map(told).collect();
    for call in told.difference(&written) {
        findings.fault(TOOL_CALLS, call.clone());
    }
    findings.count("tool calls whose result the model has seen", told.len());
    for letter in books.dead_letters().await? {
        findings.fault(LETTERS, letter);
    }
    Ok(())
}

/// The calls whose results a request brings.
fn told(request: &Recorded) -> Vec<String> {
    let messages = request.body["messages"].as_array().into_iter().flatten();
    let blocks = messages.flat_map(|message| message["content"].as_array().into_iter().flatten());
    let results = blocks.filter(|block| block["type"] == "tool_result");
    results.filter_map(|result| result["tool_use_id"].as_str().map(str::to_owned)).collect()
}
