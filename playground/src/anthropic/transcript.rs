//! A request as the model reads it: one unit per tool, system block and message block, in prompt order, each
//! with a chained hash of the prompt up to it. The hashes decide cache hits and bind signatures.
//!
//! Tokens are counted by rule, so that tests can predict them: a text costs a quarter of its UTF-8
//! bytes, rounded up; a tool its JSON likewise plus 12; an image one for each 28 x 28 pixels begun, at most what
//! its model spends on one, and 1,600 when its size is unknown; a PDF 1,500 a page; any other document its text,
//! or 1,500 when that is elsewhere; any other block its JSON; a message adds 4 for its role and the whole request
//! 8. Thinking before the last question is free.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::conversation::{Block, blocks, messages, role};
use super::files::{Content, Known, content_of};
use super::models;

const REQUEST_TOKENS: u64 = 8;
const MESSAGE_TOKENS: u64 = 4;
const TOOL_TOKENS: u64 = 12;
const UNKNOWN_IMAGE_TOKENS: u64 = 1600;
const PAGE_TOKENS: u64 = 1500;
const PATCH_PIXELS: u32 = 28;

/// The lifetime of a cache entry after its last use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lifetime {
    Minutes5,
    Hour1,
}

/// A block of the prompt, and the state of the prompt after it.
#[derive(Debug)]
pub(super) struct Unit {
    /// Tokens of the prompt up to here.
    pub(super) tokens: u64,
    /// Identifies the prefix up to here, the model and thinking settings included.
    pub(super) cache_key: u64,
    pub(super) mark: Option<Lifetime>,
}

/// The whole prompt.
#[derive(Debug)]
pub(super) struct Transcript {
    pub(super) units: Vec<Unit>,
    /// Tokens of the whole prompt.
    pub(super) tokens: u64,
    /// Identifies tools, system and messages; signatures are bound to it.
    pub(super) prefix: u64,
    /// For each thinking block: message index, block index, and the prefix before it.
    pub(super) thinking: Vec<(usize, usize, u64)>,
    /// The files named by the prompt.
    pub(super) known: Known,
}

impl Transcript {
    /// Reads a body that names no files. Unusable parts count as empty.
    #[cfg(test)]
    pub(super) fn of(body: &Value) -> Self {
        Self::with(body, Known::default())
    }

    /// Reads a body. Unusable parts count as empty.
    pub(super) fn with(body: &Value, known: Known) -> Self {
        let mut reader = Reader::new(body, known);
        for tool in body["tools"].as_array().into_iter().flatten() {
            reader.push("tool", Block::Other(tool), TOOL_TOKENS + tokens_of_json(tool), mark(tool));
        }
        push_content(&mut reader, "system", &body["system"], 0);
        reader.fork_for_messages(body);
        let last_question = last_question(body);
        for (at, message) in messages(body).iter().enumerate() {
            reader.message = at;
            reader.past_thinking_is_free = at < last_question;
            push_content(&mut reader, role(message), &message["content"], MESSAGE_TOKENS);
        }
        reader.finish(body)
    }
}

/// Chains a block of the model's own answer to a prefix, as the next request will contain it.
pub(super) fn extend(prefix: u64, block: &Value) -> u64 {
    let text = (block["type"] == "text").then(|| block["text"].as_str()).flatten();
    chain(prefix, "assistant", text.map_or(Block::Other(block), Block::Text))
}

/// Returns the tokens of a text: a quarter of its bytes, rounded up.
pub(super) fn tokens_of(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

struct Reader {
    units: Vec<Unit>,
    tokens: u64,
    cache_key: u64,
    prefix: u64,
    thinking: Vec<(usize, usize, u64)>,
    message: usize,
    block: usize,
    past_thinking_is_free: bool,
    known: Known,
    most_image_tokens: u64,
}

impl Reader {
    fn new(body: &Value, known: Known) -> Self {
        let mut model = DefaultHasher::new();
        body["model"].as_str().hash(&mut model);
        let row = body["model"].as_str().and_then(models::find);
        Self {
            units: Vec::new(),
            tokens: REQUEST_TOKENS,
            cache_key: model.finish(),
            prefix: 0,
            thinking: Vec::new(),
            message: 0,
            block: 0,
            past_thinking_is_free: false,
            known,
            most_image_tokens: row.map_or(u64::MAX, |model| model.image_tokens),
        }
    }

    /// Thinking and effort settings change what the model makes of the messages, not of what precedes.
    fn fork_for_messages(&mut self, body: &Value) {
        let mut hasher = DefaultHasher::new();
        self.cache_key.hash(&mut hasher);
        hash_value(&body["thinking"], &mut hasher);
        hash_value(&body["output_config"]["effort"], &mut hasher);
        self.cache_key = hasher.finish();
    }

    fn push(&mut self, role: &str, block: Block<'_>, tokens: u64, mark: Option<Lifetime>) {
        if matches!(block.kind(), "thinking" | "redacted_thinking") {
            self.thinking.push((self.message, self.block, self.prefix));
        }
        self.tokens += tokens;
        self.cache_key = chain(self.cache_key, role, block);
        self.prefix = chain(self.prefix, role, block);
        self.units.push(Unit { tokens: self.tokens, cache_key: self.cache_key, mark });
    }

    fn finish(mut self, body: &Value) -> Transcript {
        if let (Some(lifetime), Some(last)) = (mark(body), self.units.last_mut()) {
            last.mark = last.mark.or(Some(lifetime));
        }
        let Self { units, tokens, prefix, thinking, known, .. } = self;
        Transcript { units, tokens, prefix, thinking, known }
    }

    fn tokens_of_block(&self, block: Block<'_>) -> u64 {
        match block {
            Block::Text(text) => tokens_of(text),
            Block::Other(value) => match block.kind() {
                "image" | "document" => self.tokens_of_file(value),
                "tool_result" => 8 + self.tokens_of_blocks(&value["content"]),
                _ => tokens_of_json(value),
            },
        }
    }

    fn tokens_of_blocks(&self, content: &Value) -> u64 {
        blocks(content).into_iter().map(|block| self.tokens_of_block(block)).sum()
    }

    fn tokens_of_file(&self, block: &Value) -> u64 {
        let patches = |side: u32| u64::from(side.div_ceil(PATCH_PIXELS));
        match content_of(block, &self.known) {
            Some(Content::Picture(picture)) => {
                let tokens = picture.size.map(|(width, height)| patches(width) * patches(height));
                tokens.unwrap_or(UNKNOWN_IMAGE_TOKENS).min(self.most_image_tokens)
            }
            Some(Content::Pdf { pages, .. }) => PAGE_TOKENS * pages as u64,
            Some(Content::Text { bytes, .. }) => (bytes as u64).div_ceil(4),
            Some(Content::Other) | None if block["type"] == "image" => {
                UNKNOWN_IMAGE_TOKENS.min(self.most_image_tokens)
            }
            None if block["source"]["type"] == "content" => {
                self.tokens_of_blocks(&block["source"]["content"])
            }
            Some(Content::Other) | None => PAGE_TOKENS,
        }
    }
}

fn push_content(reader: &mut Reader, role: &str, content: &Value, overhead: u64) {
    for (at, block) in blocks(content).into_iter().enumerate() {
        reader.block = at;
        let free = reader.past_thinking_is_free && block.kind() == "thinking";
        let own = if free { 0 } else { reader.tokens_of_block(block) };
        let overhead = if at == 0 { overhead } else { 0 };
        let mark = content.get(at).and_then(mark);
        reader.push(role, block, own + overhead, mark);
    }
}

/// Returns the index of the last user message that does not answer tool calls.
fn last_question(body: &Value) -> usize {
    let asks = |message: &Value| {
        role(message) == "user"
            && blocks(&message["content"]).iter().all(|block| block.kind() != "tool_result")
    };
    messages(body).iter().rposition(asks).unwrap_or(0)
}

fn mark(block: &Value) -> Option<Lifetime> {
    let control = block.get("cache_control").filter(|control| control.is_object())?;
    Some(if control["ttl"] == "1h" { Lifetime::Hour1 } else { Lifetime::Minutes5 })
}

/// Returns a quarter of the bytes of the value's JSON, without cache marks.
fn tokens_of_json(value: &Value) -> u64 {
    let marks = value.get("cache_control").map_or(0, |mark| mark.to_string().len() + 17);
    (value.to_string().len().saturating_sub(marks) as u64).div_ceil(4)
}

fn chain(before: u64, role: &str, block: Block<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (before, role).hash(&mut hasher);
    match block {
        Block::Text(text) => text.hash(&mut hasher),
        Block::Other(value) => hash_value(value, &mut hasher),
    }
    hasher.finish()
}

/// Hashes what the model sees, without cache marks, nulls and the API's own annotations.
fn hash_value(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if !field.is_null() && !matches!(name.as_str(), "cache_control" | "caller" | "citations") {
                    name.hash(hasher);
                    hash_value(field, hasher);
                }
            }
            1_u8.hash(hasher);
        }
        Value::Array(items) => {
            for item in items {
                hash_value(item, hasher);
            }
            2_u8.hash(hasher);
        }
        Value::String(text) => text.hash(hasher),
        other => other.to_string().hash(hasher),
    }
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "table rows are literals")]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(content: Value) -> Value {
        json!({"model":"m","messages":[{"role":"user","content":content}]})
    }

    #[test]
    fn tokens_follow_the_rule() {
        for (request, tokens) in [
            (body(json!("12345678")), 8 + 4 + 2),
            (body(json!([{"type":"text","text":"123456789"}])), 8 + 4 + 3),
            (body(json!("день")), 8 + 4 + 2),
            (body(json!([{"type":"image","source":{"data":"AAAA"}}])), 8 + 4 + 1600),
            (json!({"system":"1234","messages":[]}), 8 + 1),
        ] {
            assert_eq!(Transcript::of(&request).tokens, tokens, "{request}");
        }
    }

    #[test]
    fn marks_and_string_form_do_not_change_the_prompt() {
        let plain = Transcript::of(&body(json!("hello")));
        let marked = body(json!([{"type":"text","text":"hello","cache_control":{"type":"ephemeral"}}]));
        let marked = Transcript::of(&marked);
        assert_eq!((plain.prefix, plain.tokens), (marked.prefix, marked.tokens));
        assert_eq!(marked.units[0].mark, Some(Lifetime::Minutes5));
        assert_ne!(plain.prefix, Transcript::of(&body(json!("hello!"))).prefix);
    }

    #[test]
    fn thinking_settings_change_the_cache_key_but_not_the_prefix() {
        let base = body(json!("hello"));
        let mut thoughtful = base.clone();
        thoughtful["thinking"] = json!({"type":"adaptive"});
        let (a, b) = (Transcript::of(&base), Transcript::of(&thoughtful));
        assert_eq!(a.prefix, b.prefix);
        assert_ne!(a.units[0].cache_key, b.units[0].cache_key);
    }

    #[test]
    fn an_answer_sent_back_extends_the_prefix() {
        let mut request = body(json!("q"));
        let before = Transcript::of(&request).prefix;
        let block = json!({"type":"text","text":"a","citations":null});
        let expected = extend(before, &block);
        request["messages"].as_array_mut().unwrap().push(json!({"role":"assistant","content":"a"}));
        assert_eq!(Transcript::of(&request).prefix, expected);
    }
}
