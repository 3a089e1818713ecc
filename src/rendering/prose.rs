//! Paragraphs without markup, which is most of the text that models write. Such a line renders without a
//! parser, however often it is displayed while it grows.

/// Returns the text of a piece that is a single line of words, or `None` if it may contain markup.
pub(super) fn prose(source: &str) -> Option<&str> {
    let line = source.strip_suffix('\n').unwrap_or(source);
    // The first character decides the kind of a line: a letter begins a paragraph.
    let words = line.starts_with(char::is_alphabetic) && line.chars().all(is_word);
    words.then(|| line.trim_end_matches(' '))
}

/// Returns whether the character, behind a letter, can only be plain text.
fn is_word(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, ' ' | ',' | '.' | ';' | '?' | '\'' | '"' | '(' | ')' | '-' | '%')
        || matches!(c, '–' | '—' | '…' | '’' | '‘' | '“' | '”' | '„' | '«' | '»')
}

#[cfg(test)]
mod tests;
