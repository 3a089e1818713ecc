//! Checks of the write-behind: its sums equal those of the settled turns, and every tool call reported to the
//! model is recorded.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use playground::anthropic::{Anthropic, Recorded};

use super::super::books::Books;
use super::super::findings::Findings;
use super::super::marks::{Tag, tags};

const STATISTICS: &str = "people whose statistics are not the sum of the books";
const TOOL_CALLS: &str = "tool calls that were not written down";
const LETTERS: &str = "dead letters";

/// Compares the records of the write-behind with turns, messages and model requests.
pub(super) async fn records(findings: &mut Findings, model: &Anthropic, books: &Books) -> anyhow::Result<()> {
    findings.expect_none(&[STATISTICS, TOOL_CALLS, LETTERS]);
    for person in books.wrong_statistics().await? {
        findings.fault(STATISTICS, format!("person {person}"));
    }
    let written: BTreeSet<String> = books.tool_calls().await?.into_iter().collect();
    // Of an attempt that a crash has cut, rows may have gone with a flush of Redis.
    let unsettled = books.unsettled_questions().await?;
    let unsettled: HashSet<Tag> = unsettled.iter().flat_map(|text| tags(text)).collect();
    let newest: BTreeMap<Vec<Tag>, Vec<String>> =
        model.requests().iter().map(|request| (question(request), told(request))).collect();
    let settled = newest
        .into_iter()
        .filter(|(question, _)| !question.is_empty() && !question.iter().any(|tag| unsettled.contains(tag)));
    let told: BTreeSet<String> = settled.flat_map(|(_, calls)| calls).collect();
    for call in told.difference(&written) {
        findings.fault(TOOL_CALLS, call.clone());
    }
    findings.count("tool calls whose result the model has seen", told.len());
    for letter in books.dead_letters().await? {
        findings.fault(LETTERS, letter);
    }
    Ok(())
}

/// Returns the questions in the newest message of a person in a request; tool results may follow it.
fn question(request: &Recorded) -> Vec<Tag> {
    let messages = request.body["messages"].as_array().into_iter().flatten();
    let texts = messages.filter(|message| message["role"] == "user").map(|message| {
        let blocks = message["content"].as_array().into_iter().flatten();
        blocks.filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join("\n")
    });
    tags(&texts.rev().find(|text| !text.is_empty()).unwrap_or_default())
}

/// Returns the tool calls whose results follow that text in the request.
fn told(request: &Recorded) -> Vec<String> {
    let messages = request.body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let has_text = |message: &&serde_json::Value| {
        let blocks = message["content"].as_array();
        message["role"] == "user"
            && blocks.is_some_and(|blocks| blocks.iter().any(|block| block["type"] == "text"))
    };
    let asked = messages.iter().rposition(|message| has_text(&message)).unwrap_or(0);
    let blocks =
        messages[asked..].iter().flat_map(|message| message["content"].as_array().into_iter().flatten());
    let results = blocks.filter(|block| block["type"] == "tool_result");
    results.filter_map(|result| result["tool_use_id"].as_str().map(str::to_owned)).collect()
}
