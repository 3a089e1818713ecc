//! Characters that PostgreSQL or JSON cannot hold: NUL, and halves of surrogate pairs ("half an emoji"), with
//! which a whole JSON document cannot be read. They are removed from every text. Until the entities of a text
//! are read, whose offsets count them, a placeholder of the same length in UTF-16 keeps their place.

use std::borrow::Cow;

/// The placeholder: a noncharacter of the Unicode standard, so no text has it on purpose.
const STAND_IN: char = '\u{ffff}';
const STAND_IN_ESCAPE: &str = r"\uffff";
/// The length of an escape such as `\ud83d`, in bytes.
const ESCAPE_BYTES: usize = STAND_IN_ESCAPE.len();

/// JSON whose strings can be read, all of them: escapes of what no text can hold become the stand-in.
pub(crate) fn escapes(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let (mut at, mut found) = (0, Vec::new());
    while let Some(next) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')) {
        at += next;
        at += match (code(json, at), code(json, at + ESCAPE_BYTES)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 2 * ESCAPE_BYTES,
            (Some(0 | 0xd800..=0xdfff), _) => {
                found.push(at);
                ESCAPE_BYTES
            }
            (Some(_), _) => ESCAPE_BYTES,
            // Another escape, such as that of the backslash itself.
            (None, _) => 2,
        };
    }
    if found.is_empty() {
        return Cow::Borrowed(json);
    }
    let mut json = json.to_owned();
    for at in found {
        json.replace_range(at..at + ESCAPE_BYTES, STAND_IN_ESCAPE);
    }
    Cow::Owned(json)
}

/// The code unit of the escape at a place.
fn code(json: &str, at: usize) -> Option<u32> {
    let digits = json.get(at..at + ESCAPE_BYTES)?.strip_prefix(r"\u")?;
    u32::from_str_radix(digits, 16).ok()
}

/// A text without the stand-in.
pub(crate) fn text(mut text: String) -> String {
    if text.contains([STAND_IN, '\0']) {
        text.retain(|c| c != STAND_IN && c != '\0');
    }
    text
}

/// Returns a text as one line, without control characters and outer white space.
pub(crate) fn line(text: &str) -> String {
    let spaced =
        text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}') { ' ' } else { c });
    let line: String = spaced.filter(|c| *c != STAND_IN && !c.is_control()).collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests;
