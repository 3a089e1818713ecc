//! Strong emphasis (`**`) where CommonMark would not see it, and stars that are a wildcard.

use super::super::emphasis::is_wildcard;
use super::super::syntax::is_unspaced_script;
use super::Scanner;

impl Scanner<'_> {
    /// Makes `**` open and close where CommonMark does not because of adjacent punctuation (`**Note:**text`),
    /// and beside scripts without spaces. An empty slot hides the punctuation.
    pub(super) fn stars(&mut self) {
        let run = self.rest().bytes().take_while(|&byte| byte == b'*').count();
        let (before, after) = (self.before(), self.rest()[run..].chars().next());
        if is_wildcard(self.source, self.at) {
            return self.literal(run);
        }
        if run != 2 {
            return self.copy(run);
        }
        let is_mark = |c: Option<char>| c.is_some_and(|c| !c.is_alphanumeric() && !c.is_whitespace());
        let is_text = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let open = self.strong.is_some_and(|end| self.at < end);
        if open && before.is_some_and(|c| !c.is_whitespace()) {
            if is_mark(before) && is_text(after) {
                self.out.add_literal("");
            }
            self.strong = None;
            self.copy(run);
        } else if !open && after.is_some_and(|c| !c.is_whitespace()) {
            let unspaced = before.is_some_and(is_unspaced_script);
            let tight = !unspaced && (is_text(before) || matches!(before, Some(')' | ']' | '}')));
            if tight && is_text(after) {
                return self.literal(run);
            }
            self.strong = Some(self.paragraph_end());
            let hidden = unspaced && is_mark(after) && self.rest()[run..].contains("**");
            self.copy(run);
            if hidden {
                self.out.add_literal("");
            }
        } else {
            self.copy(run);
        }
    }
}
