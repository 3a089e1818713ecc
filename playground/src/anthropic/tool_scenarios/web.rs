//! The scenarios that use the API's own tools: a search, a page, and turns that pause.

use serde_json::{Value, json};

use super::calls::no_tool;
use crate::anthropic::conversation::{messages, newest_question, role};
use crate::anthropic::reply::{Step, StopReason};
use crate::anthropic::web;

const PAUSED: &str = "Let me look that up.";
const STILL: &str = "I am still looking.";
const RESUMED: &str = "Here is what I found after a longer search: one euro is 1.17 dollars.";
const QUERY: &str = "euro dollar rate";

fn declared<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    let tools = body["tools"].as_array().into_iter().flatten();
    tools.into_iter().find(|tool| tool["name"] == name && tool["type"].is_string())
}

fn text(text: impl Into<String>) -> Step {
    Step::Text(text.into())
}

/// Searches for each part of a query that `;` separates, and tells what was found, with citations.
pub(super) fn search(query: &str, body: &Value) -> Vec<Step> {
    let Some(tool) = declared(body, "web_search") else { return no_tool() };
    let queries: Vec<&str> = query.split(';').map(str::trim).filter(|query| !query.is_empty()).collect();
    let queries = if queries.is_empty() { vec![QUERY] } else { queries };
    let mut steps = vec![text(PAUSED)];
    steps.extend(queries.iter().map(|&query| Step::Search(query.to_owned())));
    let most = tool["max_uses"].as_u64().unwrap_or(u64::MAX);
    let mut gap = "";
    for (query, number) in queries.into_iter().zip(0..) {
        let found =
            if number < most { web::search(tool, query) } else { Err("max_uses_exceeded".to_owned()) };
        match found {
            Err(code) => steps.push(text(format!("{gap}The search for \"{query}\" failed ({code})."))),
            Ok(pages) if pages.is_empty() => {
                steps.push(text(format!("{gap}Nothing was found for \"{query}\".")));
            }
            Ok(pages) => {
                steps.push(text(format!("{gap}I found this:")));
                for page in pages {
                    let citations = vec![web::search_citation(page)];
                    steps.extend([
                        text(" "),
                        Step::Cited { text: page.gist().to_owned(), citations },
                        text("."),
                    ]);
                }
            }
        }
        gap = " ";
    }
    steps
}

/// Reads a page and tells its beginning; without an address it is searched for first.
pub(super) fn fetch(url: &str, body: &Value) -> Vec<Step> {
    let Some(tool) = declared(body, "web_fetch") else { return no_tool() };
    let mut steps = vec![text("Let me read that page.")];
    let mut context = body["messages"].to_string();
    let url = if url.is_empty() {
        steps.push(Step::Search(QUERY.to_owned()));
        let first = declared(body, "web_search").and_then(|tool| web::search(tool, QUERY).ok());
        let first = first.and_then(|pages| pages.first().copied()).map_or("", |page| page.url);
        context.push_str(first);
        first
    } else {
        url
    };
    steps.push(Step::Fetch(url.to_owned()));
    match web::fetch(tool, url, &context) {
        Ok(page) => {
            let citations = vec![web::fetch_citation(page, 0)];
            steps.extend([
                text("The page says: "),
                Step::Cited { text: page.gist().to_owned(), citations },
                text("."),
            ]);
        }
        Err(code) => steps.push(text(format!("The page cannot be read ({code})."))),
    }
    steps
}

/// Stops in the middle of a search.
pub(super) fn paused(body: &Value) -> Vec<Step> {
    pause(PAUSED, body)
}

/// Goes on where a turn was paused; pauses again as often as `!pause TIMES` asks for.
pub(in crate::anthropic) fn resumed(body: &Value) -> Vec<Step> {
    let pauses = messages(body).iter().rev().take_while(|message| role(message) == "assistant").count();
    let question = newest_question(body);
    let asked = question.lines().find_map(|line| line.trim().strip_prefix("!pause")?.trim().parse().ok());
    let mut steps = vec![Step::Results];
    if pauses < asked.unwrap_or(1) {
        steps.extend(pause(STILL, body));
    } else {
        steps.push(text(RESUMED));
    }
    steps
}

fn pause(said: &str, body: &Value) -> Vec<Step> {
    let call = declared(body, "web_search").map(|_| {
        Step::Block(json!({"type":"server_tool_use","name":"web_search","input":{"query":QUERY},
            "caller":{"type":"direct"}}))
    });
    [text(said)].into_iter().chain(call).chain([Step::Stop(StopReason::PauseTurn)]).collect()
}
