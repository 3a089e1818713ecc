//! Recognises texts without visible content. Telegram refuses a message that consists only of spaces and
//! characters without width, so such a text from a model is no answer.

/// Returns whether a text has no visible content: only blanks and invisible characters.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// Returns whether a character shows nothing by itself. These are the characters that TDLib strips or drops
/// before it checks whether a message is empty (`clean_input_string` and `strip_empty_characters`), and the
/// others that Unicode calls default-ignorable or that are drawn as an empty cell, such as the fillers of
/// Hangul.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{30a}' | '\u{333}' | '\u{33f}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
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
}
