//! Recognition of formulas.

use super::super::math;
use super::super::placeholders::{Formula, Placeholder};
use super::super::syntax::{is_blank, unquoted};
use super::Scanner;

impl Scanner<'_> {
    /// Replaces the formula that begins at the cursor with a delimiter of `opener` bytes. A delimiter that
    /// does not begin a formula stays text.
    pub(super) fn formula(&mut self, opener: usize) {
        let rest = self.rest();
        let (opening, closing) = match &rest[..opener] {
            "\\(" => ("\\(", "\\)"),
            "\\[" => ("\\[", "\\]"),
            "$$" => ("$$", "$$"),
            "$" => ("$", "$"),
            _ => return self.copy(opener),
        };
        let inner = if opening == "$" {
            math::dollar_formula(self.before(), &rest[1..])
        } else {
            let found = self.partner(opening, |text| text.find(closing));
            found.filter(|&end| {
                let inner = &rest[opener..opener + end];
                let one_line = opening != "\\(" || !inner.contains('\n');
                one_line && !inner.contains('`') && math::is_formula(inner)
            })
        };
        let Some(inner) = inner else {
            let literal = if opening.starts_with('$') { opener } else { 2 };
            return self.copy(literal);
        };
        let length = inner + 2 * opener;
        let alone = opener == 2 && opening != "\\(" && self.is_alone(length);
        if opening == "\\[" && !alone && !rest[opener..opener + inner].contains(['\\', '^', '_', '=']) {
            // Brackets within a line are usually escaped ones.
            return self.copy(opener);
        }
        let quoted = unquoted(self.line_before()) != self.line_before();
        let lines = rest[opener..opener + inner].lines();
        let latex: Vec<&str> = lines.map(|line| if quoted { unquoted(line) } else { line }).collect();
        let formula =
            Formula { raw: rest[..length].to_owned(), latex: latex.join("\n").trim().to_owned(), alone };
        self.replace(length, Placeholder::Formula(formula));
    }

    /// Returns whether the next `length` bytes share their lines with nothing except the marker of an item.
    fn is_alone(&self, length: usize) -> bool {
        let is_marker = |c: char| c.is_ascii_digit() || matches!(c, '-' | '*' | '+' | '.' | ')' | ' ');
        let before = unquoted(self.line_before()).trim_start_matches(is_marker);
        let after = self.rest()[length..].split('\n').next().unwrap_or_default();
        before.is_empty() && is_blank(after)
    }
}
