//! What contains blocks: quotes, lists with their items, footnotes.

use super::super::entities::EntityKind;
use super::super::syntax::{BLANKS, Marker};
use super::{List, MAX_DEPTH, Numbering, Writer};

/// Signs of unordered items by depth.
const BULLETS: [&str; 3] = ["•", "◦", "▪"];

/// The prefix of the lines of a quote inside a quote.
const INNER_QUOTE: &str = "│ ";

impl Writer {
    pub(in crate::rendering) fn open_quote(&mut self, source: &str, at: usize) {
        self.block(source, at);
        if self.quotes.is_empty() {
            self.flush_marker();
            let outer = std::mem::take(&mut self.prefixes);
            self.quotes.push((self.out.len(), Some(outer)));
        } else {
            // Telegram's quotes do not nest: the lines of an inner one begin with a bar.
            self.quotes.push((self.out.len(), None));
            self.prefixes.push(INNER_QUOTE.to_owned());
        }
        self.inside_line = false;
    }

    pub(in crate::rendering) fn close_quote(&mut self) {
        match self.quotes.pop() {
            Some((start, Some(outer))) => {
                self.prefixes = outer;
                self.span(start, EntityKind::Blockquote);
            }
            Some((_, None)) => {
                self.prefixes.pop();
            }
            None => {}
        }
        self.end_block();
    }

    pub(in crate::rendering) fn open_list(&mut self, source: &str, at: usize, number: Option<u64>) {
        self.block(source, at);
        let outermost = self.lists.is_empty() && self.quotes.is_empty();
        self.lists.push(List { ordered: number.is_some(), last: self.numbering.filter(|_| outermost) });
    }

    pub(in crate::rendering) fn close_list(&mut self) {
        if let Some(list) = self.lists.pop()
            && self.lists.is_empty()
        {
            self.numbering = list.last.filter(|_| list.ordered);
        }
        self.end_block();
    }

    pub(in crate::rendering) fn open_item(&mut self, source: &str, at: usize) {
        self.flush_marker();
        self.block(source, at);
        self.source_end = self.source_end.max(at);
        let bullets = self.lists.iter().rev().take(MAX_DEPTH).filter(|list| !list.ordered).count();
        let Some(list) = self.lists.last_mut() else { return };
        let line = source[at..].trim_start_matches(BLANKS);
        // A marker has at most nine digits, so the rest of a long line is not searched.
        let start = &line[..line.floor_char_boundary(16)];
        let number =
            Marker::of(start.split('\n').next().unwrap_or_default()).and_then(|marker| marker.number);
        let marker = match number.filter(|_| list.ordered) {
            Some(written) => {
                let number = Numbering::next(list.last, written);
                list.last = Some(number);
                let sign =
                    line.trim_start_matches(|c: char| c.is_ascii_digit()).chars().next().unwrap_or('.');
                format!("{}{sign} ", number.shown)
            }
            None => format!("{} ", BULLETS[(bullets.max(1) - 1).min(BULLETS.len() - 1)]),
        };
        self.prefixes.push(" ".repeat(marker.chars().count()));
        self.marker = Some(marker);
        self.inside_line = false;
    }

    pub(in crate::rendering) fn close_item(&mut self) {
        self.flush_marker();
        self.prefixes.pop();
        self.end_block();
    }

    /// Turns the bullet of a task into a box; a number stays before the box.
    pub(in crate::rendering) fn check_box(&mut self, done: bool) {
        let sign = if done { "☑ " } else { "☐ " };
        match &mut self.marker {
            Some(marker) if marker.starts_with(|c: char| c.is_ascii_digit()) => marker.push_str(sign),
            Some(marker) => sign.clone_into(marker),
            None => self.put(sign),
        }
    }

    pub(in crate::rendering) fn open_footnote(&mut self, source: &str, at: usize, mark: &str) {
        self.block(source, at);
        self.marker = Some(format!("{mark} "));
        self.prefixes.push("  ".to_owned());
        self.inside_line = false;
    }

    pub(in crate::rendering) fn close_footnote(&mut self) {
        self.close_item();
    }
}
