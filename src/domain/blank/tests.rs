//! Texts that Telegram takes for empty, and texts that it does not.

use super::*;

/// The characters that TDLib replaces by a space, drops, or treats as empty.
const OF_TDLIB: &str = "\u{0}\u{9}\n\u{b}\r\u{1f} \u{a0}\u{1680}\u{180e}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\
    \u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{202e}\u{202f}\u{205f}\u{2800}\u{3000}\u{fffc}\u{e0000}\
    \u{e007f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{30a}\u{333}\u{33f}\u{200b}\u{200c}\u{200d}\
    \u{200e}\u{200f}\u{feff}";

#[test]
fn texts_that_telegram_takes_for_empty_are_blank() {
    assert!(is_blank("") && is_blank(OF_TDLIB));
    for c in OF_TDLIB.chars().chain("\u{ad}\u{3164}\u{115f}\u{ffa0}\u{2060}\u{fe0f}\u{61c}".chars()) {
        assert!(is_blank(&c.to_string()), "{:x}", u32::from(c));
        assert!(!is_blank(&format!("{c}.{c}")), "{:x}", u32::from(c));
    }
}

#[test]
fn texts_with_something_to_read_are_not() {
    // A flag, a family, an accent, an emoji of a keyboard and a sign that looks like a blank.
    for text in ["0", "。", "🇳🇱", "👨‍👩‍👧", "e\u{301}", "❤\u{fe0f}", "_", "\u{ffff}", "한"]
    {
        assert!(!is_blank(text), "{text:?}");
    }
}
