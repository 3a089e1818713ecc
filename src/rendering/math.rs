//! Distinguishes formulas from prose that contains dollars, brackets and backslashes.

/// Returns the length of the formula that ends with a `$` on the same line. `text` follows the opening `$`,
/// and `before` is the character in front of it. Returns `None` for prices and shell variables.
pub(super) fn dollar_formula(before: Option<char>, text: &str) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '\\' | '$')) {
        return None;
    }
    let end = text.find(['$', '\n', '`']).filter(|&end| text[end..].starts_with('$'))?;
    let (inner, after) = (&text[..end], &text[end + 1..]);
    let tight = !inner.is_empty() && inner.trim() == inner;
    let free = !after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '$' | '{'));
    (tight && free && !inner.ends_with('\\') && is_surely_formula(inner)).then_some(end)
}

/// Returns whether the text between explicit formula delimiters may be a formula: anything except bare words.
pub(super) fn is_formula(text: &str) -> bool {
    let bare = |c: char| {
        c.is_alphabetic() || c.is_whitespace() || matches!(c, '.' | ',' | '?' | '!' | ':' | ';' | '\'')
    };
    let letters = text.trim().chars().count();
    letters > 0 && (!text.chars().all(bare) || letters == 1 || (letters == 2 && text.len() == 2))
}

/// Returns whether the text between two single dollars can only be a formula.
fn is_surely_formula(text: &str) -> bool {
    if text.chars().all(|c| c.is_ascii_digit()) || has_latex_sign(text) {
        return true;
    }
    let words = text.split(|c: char| !c.is_alphabetic()).map(str::len);
    let longest = words.max().unwrap_or(0);
    let operator = text.contains(['=', '+', '-', '*', '/', '<', '>', '|', '(', ',', '!']);
    let allowed = |c: char| c.is_ascii_alphanumeric() || " =+-*/<>|()[],.!'".contains(c);
    let variable = longest == 1 && !text.contains(' ');
    longest > 0 && longest <= 2 && text.chars().all(allowed) && (variable || (operator && longest == 1))
}

/// Returns whether the text has a command, a superscript, or a subscript with a short base.
fn has_latex_sign(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().any(|(at, &byte)| match byte {
        b'\\' => bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic),
        b'^' => at > 0 && at + 1 < bytes.len(),
        b'_' => {
            let base = text[..at].chars().rev().take_while(|c| c.is_alphanumeric()).count();
            base == 1 && at + 1 < bytes.len()
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests;
