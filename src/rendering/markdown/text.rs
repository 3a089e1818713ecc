//! Writes text and, in place of its slots, what they stand for: formulas, breaks, footnote marks, HTML.

use super::super::entities::EntityKind;
use super::super::latex;
use super::super::placeholders::{Formula, Placeholder};
use super::{Renderer, footnote_mark};

impl Renderer<'_> {
    pub(super) fn text(&mut self, text: &str) {
        let mut plain = 0;
        for (at, c) in text.char_indices() {
            let Some(slot) = self.shielded.slot(c) else { continue };
            self.writer.put(&text[plain..at]);
            plain = at + c.len_utf8();
            match slot {
                Placeholder::Break(_) if self.outside.is_some() => self.writer.put(" "),
                Placeholder::Literal(raw) => self.writer.put(raw),
                Placeholder::Break(_) => self.writer.add_break(),
                Placeholder::Footnote(raw) => {
                    self.writer.put(&footnote_mark(raw.trim_matches(['[', '^', ']'])));
                }
                Placeholder::Formula(formula) => self.formula(formula),
                Placeholder::MarkStart { kind, .. } => self.writer.open_mark(kind.clone()),
                Placeholder::MarkEnd { raw, kind } => {
                    if !self.writer.close_mark(kind) {
                        self.writer.put(raw);
                    }
                }
                Placeholder::Code { text, .. } => self.writer.put_span(text, EntityKind::Code),
                Placeholder::Shown { text, .. } => self.writer.put(text),
            }
        }
        self.writer.put(&text[plain..]);
    }

    fn formula(&mut self, formula: &Formula) {
        let block = formula.alone && self.outside.is_none();
        match latex::to_unicode(&formula.latex) {
            Some(text) if block => {
                for (index, line) in text.split('\n').enumerate() {
                    if index > 0 {
                        self.writer.break_line();
                    }
                    self.writer.put(line);
                }
            }
            Some(text) => self.writer.put(&text.replace('\n', "; ")),
            None if block => self.writer.put_block(&formula.latex, Some("latex".to_owned())),
            None => {
                let code = formula.latex.split_whitespace().collect::<Vec<_>>().join(" ");
                self.writer.put_span(&code, EntityKind::Code);
            }
        }
    }
}
