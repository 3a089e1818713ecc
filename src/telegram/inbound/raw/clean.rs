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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> String {
        text(serde_json::from_str(&escapes(json)).unwrap())
    }

    #[test]
    fn what_no_text_can_hold_is_taken_out_and_nothing_else() {
        for (json, expected) in [
            (r#""A\u0000nn""#, "Ann"),
            (r#""half \ud83d""#, "half "),
            (r#""half \uDE00.""#, "half ."),
            (r#""\ud83d\ud83d\ude00\ude00""#, "😀"),
            (r#""\ud83dx\ude00""#, "x"),
            (r#""whole \ud83d\ude00 and \\u0000 and \\\u0000""#, r"whole 😀 and \u0000 and \"),
            (r#""\u0001\n\"\u20ac""#, "\u{1}\n\"€"),
        ] {
            assert_eq!(read(json), expected, "{json}");
        }
        assert!(matches!(escapes(r#""\ud83d\ude00\\ud83d""#), Cow::Borrowed(_)));
        assert!(matches!(escapes(r"\"), Cow::Borrowed(_)), "cut off");
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line(" a\nb\u{7}\tc\u{ffff}\u{2028}d "), "a bc d".replace("bc", "b c"));
    }

    proptest! {
        #[test]
        fn any_string_of_escapes_can_be_read(units in proptest::collection::vec(any::<u16>(), 0..20)) {
            let json: String = units.iter().flat_map(|unit| format!("\\u{unit:04x}").chars().collect::<Vec<_>>()).collect();
            let expected: String = char::decode_utf16(units)
                .filter_map(Result::ok)
                .filter(|c| !['\0', STAND_IN].contains(c))
                .collect();
            prop_assert_eq!(read(&format!("\"{json}\"")), expected);
        }

        #[test]
        fn json_of_good_texts_stays_as_it_is(text in ".*") {
            let json = serde_json::to_string(&text.replace('\0', "")).unwrap();
            prop_assert_eq!(escapes(&json), json.as_str());
        }
    }
}
