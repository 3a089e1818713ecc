//! Decodes text in any encoding.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// The number of leading bytes that decide the encoding.
const HEAD: usize = 1 << 18;

/// Decodes text. Invalid bytes become U+FFFD.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[length..]).0;
    }
    let encoding = guess(bytes);
    encoding.decode_without_bom_handling(bytes).0
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let head = &bytes[..bytes.len().min(HEAD)];
    if let Some(encoding) = without_bom(head) {
        return encoding;
    }
    if mostly_utf8(head) {
        return UTF_8;
    }
    if let Some(encoding) = declared(head) {
        return encoding;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(head, true);
    detector.guess(None, Utf8Detection::Allow)
}

/// Detects UTF-16 without a mark: one half of the units is 0 (Latin) or 4 (Cyrillic).
fn without_bom(head: &[u8]) -> Option<&'static Encoding> {
    let head = &head[..head.len().min(4096)];
    let pairs = head.len() / 2;
    let hits = |offset: usize| head.chunks_exact(2).filter(|pair| matches!(pair[offset], 0 | 4)).count();
    let odd = |offset: usize| head.chunks_exact(2).filter(|pair| pair[offset] == 0).count();
    let is = |high: usize| pairs > 3 && hits(high) * 10 > pairs * 9 && odd(1 - high) * 20 < pairs;
    match (is(1), is(0)) {
        (true, false) => Some(UTF_16LE),
        (false, true) => Some(UTF_16BE),
        _ => None,
    }
}

/// Returns whether the text is UTF-8 except for a few damaged bytes.
fn mostly_utf8(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let damaged = text.matches('\u{fffd}').count();
    let foreign = text.chars().filter(|c| !c.is_ascii()).count();
    damaged <= 1 && foreign > damaged || damaged * 50 < foreign || foreign == 0
}

/// Returns the encoding that XML or HTML declares.
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&head[..head.len().min(1024)]).to_ascii_lowercase();
    if !start.trim_start().starts_with('<') {
        return None;
    }
    let at = ["encoding=", "charset="].iter().find_map(|key| Some(start.find(key)? + key.len()))?;
    let label = start[at..].trim_start_matches(['"', '\'']);
    let label = label.split(['"', '\'', ' ', '>', ';', '?']).next()?;
    Encoding::for_label(label.as_bytes()).filter(|encoding| *encoding != UTF_8)
}

/// Returns whether decoded text is really binary data.
pub(super) fn is_binary(text: &str) -> bool {
    let head = || text.chars().take(1 << 16);
    let strange = |c: &char| {
        (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b' | '\x1a')) || *c == '\u{fffd}'
    };
    let bad = head().filter(strange).count();
    head().any(|c| c == '\0') || bad * 50 > head().count()
}
