//! Composes what the API's own tools do in an answer: their calls, their results, and text that cites them.

use serde_json::{Value, json};

use super::Composer;
use crate::anthropic::conversation::messages;
use crate::anthropic::transcript::tokens_of;
use crate::anthropic::web;
use crate::anthropic::wire::{self, Delta};

impl Composer<'_> {
    /// A search with its result.
    pub(super) fn search(&mut self, query: &str) {
        let call = self.server_call("web_search", &json!({"query":query}));
        self.result_of(&call);
    }

    /// A fetch with its result.
    pub(super) fn fetch(&mut self, url: &str) {
        let call = self.server_call("web_fetch", &json!({"url":url}));
        self.result_of(&call);
    }

    /// The results of the calls that the conversation has left open.
    pub(super) fn open_results(&mut self) {
        for call in open_calls(self.frame.body) {
            self.result_of(&call);
        }
    }

    /// A text block of its own with its citations, which come before its text, as the real service sends
    /// them.
    pub(super) fn cited(&mut self, text: &str, citations: &[Value]) {
        let (text, _) = self.meter.afford(text);
        self.start_block(&json!({"type":"text","text":"","citations":[]}));
        let index = self.index();
        for citation in citations {
            let delta = json!({"type":"content_block_delta","index":index,
                "delta":{"type":"citations_delta","citation":citation}});
            self.send(super::Pace::AtOnce, |bytes| wire::event(bytes, &delta));
        }
        self.deltas(Delta::Text, text);
        self.end_block(json!({"type":"text","text":text,"citations":citations}));
    }

    fn server_call(&mut self, name: &str, input: &Value) -> Value {
        let id = self.frame.ids.next("srvtoolu_");
        let block =
            json!({"type":"server_tool_use","id":id,"name":name,"input":{},"caller":{"type":"direct"}});
        self.call(block.clone(), &input.to_string());
        let mut called = block;
        called["input"] = input.clone();
        called
    }

    fn result_of(&mut self, call: &Value) {
        if self.over {
            return;
        }
        let (id, name) = (call["id"].as_str().unwrap_or_default(), call["name"].as_str().unwrap_or_default());
        let tools = self.frame.body["tools"].as_array().into_iter().flatten();
        let tool = tools.into_iter().find(|tool| tool["name"] == name).unwrap_or(&Value::Null);
        let uses = self.uses.entry(name.to_owned()).or_default();
        *uses += 1;
        let allowed = tool["max_uses"].as_u64().is_none_or(|most| *uses <= most);
        let exceeded = || "max_uses_exceeded".to_owned();
        let result = if name == "web_fetch" {
            let url = call["input"]["url"].as_str().unwrap_or_default();
            let context = said(self.frame.body) + &said_in(&self.answer.message["content"]);
            let page = if allowed { web::fetch(tool, url, &context) } else { Err(exceeded()) };
            web::fetch_result(tool, id, page)
        } else {
            let query = call["input"]["query"].as_str().unwrap_or_default();
            let found = if allowed { web::search(tool, query) } else { Err(exceeded()) };
            web::search_result(id, found)
        };
        self.whole_block(result);
    }

    /// Counts a result: the model reads it as input, and a search that has not failed is paid.
    pub(super) fn count_result(&mut self, block: &Value) {
        let kind = block["type"].as_str().unwrap_or_default();
        if !kind.ends_with("_tool_result") {
            return;
        }
        let failed = block["content"].get("error_code").is_some();
        self.meter.searches += u64::from(kind == "web_search_tool_result" && !failed);
        self.meter.fetches += u64::from(kind == "web_fetch_tool_result" && !failed);
        self.meter.read(tokens_of(&block["content"].to_string()));
    }
}

/// Returns everything that was said, without calls: their addresses count only if they stand somewhere else
/// too.
fn said(body: &Value) -> String {
    messages(body).iter().map(|message| said_in(&message["content"])).collect()
}

fn said_in(content: &Value) -> String {
    let Some(blocks) = content.as_array() else { return content.to_string() };
    blocks.iter().filter(|block| block["type"] != "server_tool_use").map(Value::to_string).collect()
}

/// Returns the calls of the API's own tools that have no result in the conversation.
fn open_calls(body: &Value) -> Vec<Value> {
    let blocks =
        || messages(body).iter().flat_map(|message| message["content"].as_array().into_iter().flatten());
    let answered: Vec<&Value> = blocks().map(|block| &block["tool_use_id"]).collect();
    let open = |block: &&Value| block["type"] == "server_tool_use" && !answered.contains(&&block["id"]);
    blocks().filter(open).cloned().collect()
}
