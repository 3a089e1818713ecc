//! Addresses in a text: bare URLs, and autolinks in angle brackets.

use super::super::placeholders::is_private;
use super::Scanner;

impl Scanner<'_> {
    /// Returns whether the `<` at the cursor opens an autolink or a link target, the two uses that stay.
    pub(super) fn is_angle_syntax(&self) -> bool {
        if self.source[..self.at].ends_with("](") {
            return true;
        }
        let rest = &self.rest()[1..];
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>'));
        let Some(inner) = end.filter(|&end| rest[end..].starts_with('>')).map(|end| &rest[..end]) else {
            return false;
        };
        let is_mail = inner.split_once('@').is_some_and(|(name, host)| {
            let common = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
            !name.is_empty() && host.contains('.') && name.chars().chain(host.chars()).all(common)
        });
        is_mail || ["http://", "https://", "mailto:"].iter().any(|scheme| inner.starts_with(scheme))
    }

    /// Protects stars, underscores and tildes of a bare URL from being read as emphasis.
    pub(super) fn bare_url(&mut self) {
        if self.before().is_some_and(char::is_alphanumeric) {
            return self.copy(1);
        }
        let mut depth = 0;
        let end = self.rest().find(|c: char| match c {
            '(' => {
                depth += 1;
                false
            }
            ')' => {
                depth -= 1;
                depth < 0
            }
            _ => c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '|' | ']') || is_private(c),
        });
        let url = &self.rest()[..end.unwrap_or(self.rest().len())];
        let url = url.trim_end_matches(|c: char| c.is_ascii_punctuation() && c != '/');
        let stop = self.at + url.len();
        while self.at < stop {
            let next =
                self.source[self.at..stop].find(['*', '_', '~', '$']).map_or(stop, |found| self.at + found);
            self.copy(next - self.at);
            if next < stop {
                self.literal(1);
            }
        }
    }
}
