//! Formatted texts: parse modes and given entities become a clean text with nested entities, or a refusal
//! with the service's sentence.

mod detect;
mod entities;
mod entity;
mod html;
mod markdown;
mod nesting;

use super::params::Params;
use super::refusal::Refusal;

pub(super) use self::entity::Formatted;
pub(super) use detect::detect;

/// Limit of a message, in code points.
pub(super) const TEXT_LIMIT: usize = 4096;
/// Limit of a caption, in code points.
pub(super) const CAPTION_LIMIT: usize = 1024;
/// Limit of unparsed text, in code points. Longer text is refused before parsing.
const RAW_LIMIT: usize = 32_768;

/// Names of the parameters that carry a text and its entities.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    pub text: &'static str,
    pub entities: &'static str,
}

/// `text` and `entities`.
pub(super) const MESSAGE: Keys = Keys { text: "text", entities: "entities" };
/// `caption` and `caption_entities`.
pub(super) const CAPTION: Keys = Keys { text: "caption", entities: "caption_entities" };

/// Reads a text with its formatting from a call. The length is not checked here.
pub(super) fn formatted(params: &Params, keys: Keys) -> Result<Formatted, Refusal> {
    let raw = params.text(keys.text).unwrap_or_default();
    if raw.chars().count() > RAW_LIMIT {
        return Err(Refusal::bad("text is too long"));
    }
    let mode = params.text("parse_mode").unwrap_or_default().to_lowercase();
    let (text, found) = match mode.as_str() {
        "" | "none" => {
            let given = params.list(keys.entities)?.map(Vec::as_slice).unwrap_or_default();
            (raw.to_owned(), entities::read(given)?)
        }
        "html" => html::parse(raw).map_err(Refusal::entities)?,
        "markdownv2" => markdown::parse(raw).map_err(Refusal::entities)?,
        "markdown" => {
            let reason =
                "the emulator does not read the legacy Markdown mode, use MarkdownV2, HTML or entities";
            return Err(Refusal::entities(reason));
        }
        _ => return Err(Refusal::bad("unsupported parse_mode")),
    };
    entities::clean(&text, found)
}

/// Refuses a text without visible characters. The service strips white space of all kinds and drops certain
/// zero-width characters.
pub(super) fn readable(text: &str) -> Result<(), Refusal> {
    if text.chars().all(is_empty) { Err(Refusal::bad("message text is empty")) } else { Ok(()) }
}

/// Returns whether a character counts as empty: a message must not consist of these only. Besides what TDLib
/// strips and drops, the servers ignore characters without a glyph: soft hyphens, fillers, joiners, variation
/// selectors.
fn is_empty(c: char) -> bool {
    let code = u32::from(c);
    c.is_whitespace()
        || c.is_control()
        || matches!(
            code,
            0xad | 0x30a | 0x333 | 0x33f | 0x34f | 0x61c | 0x115f | 0x1160 | 0x2800 | 0x3164 | 0xfeff
        )
        || matches!(code, 0x180b..=0x180f | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f)
        || matches!(code, 0xfe00..=0xfe0f | 0xffa0 | 0xfffc | 0xe0000..=0xe0fff)
}

/// Refuses a text longer than `limit` code points.
pub(super) fn within(text: &str, limit: usize, refusal: &str) -> Result<(), Refusal> {
    if text.chars().count() > limit { Err(Refusal::bad(refusal)) } else { Ok(()) }
}
