//! Recognition of HTML: decides which tags are markup, and which are text.

use super::super::entities::EntityKind;
use super::super::html::{self, Element, Next, Tag};
use super::super::latex;
use super::super::placeholders::Placeholder;
use super::super::symbols::superscript;
use super::super::syntax::{BLANKS, unquoted};
use super::Scanner;

/// The longest text that is converted to superscript or subscript characters, in bytes.
const LONGEST_SCRIPT: usize = 64;
/// The longest text of a key or of inline code, in bytes.
const LONGEST_CODE: usize = 500;

impl Scanner<'_> {
    /// Replaces the tag at the cursor by its meaning. A `<` that does not begin a tag stays text.
    pub(super) fn angle(&mut self) {
        let Some(tag) = html::tag(self.rest()) else { return self.literal(1) };
        let raw = self.rest()[..tag.length].to_owned();
        if tag.closes {
            let Some(at) = self.closers.iter().rposition(|(at, _)| *at == self.at) else {
                return self.closing_details(&tag, raw);
            };
            let (_, slot) = self.closers.swap_remove(at);
            self.replace(tag.length, slot);
            if tag.element == Element::Summary && !self.is_last(0) {
                self.out.add(Placeholder::Break(String::new()));
            }
            return;
        }
        match &tag.element {
            Element::Break => self.replace(tag.length, Placeholder::Break(raw)),
            Element::Details if self.begins_line() && self.ends_line(&tag) => {
                self.details = true;
                self.replace(tag.length, Placeholder::Shown { raw, text: String::new() });
            }
            Element::Summary if self.begins_line() => self.pair(&tag, Some(EntityKind::Bold)),
            Element::Style(kind) => self.pair(&tag, Some(kind.clone())),
            Element::Code => self.code_element(&tag),
            Element::Raised | Element::Lowered => self.script(&tag),
            Element::Details | Element::Summary => self.literal(1),
        }
    }

    /// Replaces a pair of tags by formatting, or removes it if `kind` is `None`. Without an end tag on its
    /// line the tag stays text.
    fn pair(&mut self, tag: &Tag, kind: Option<EntityKind>) {
        let Some(inner) = self.element_end(tag) else { return self.literal(1) };
        let start = self.at + tag.length;
        let opener = &self.rest()[..tag.length];
        let (raw, closer) = (opener.to_owned(), tag.closer.to_owned());
        let (opening, closing) = if let Some(kind) = kind {
            (Placeholder::MarkStart { raw, kind: kind.clone() }, Placeholder::MarkEnd { raw: closer, kind })
        } else {
            let text = String::new();
            (Placeholder::Shown { raw, text: text.clone() }, Placeholder::Shown { raw: closer, text })
        };
        // End tags that are hidden in code are never reached.
        self.closers.retain(|(at, _)| *at >= self.at);
        self.closers.push((start + inner, closing));
        self.replace(tag.length, opening);
    }

    /// Returns the length of the content of the element at the cursor, or `None` if the element does not end
    /// on its line and in its table cell.
    fn element_end(&mut self, tag: &Tag) -> Option<usize> {
        let opener = &self.rest()[..tag.length];
        // A repeated start tag gives a position out of range, so that `partner` does not remember a failure
        // for the later tags.
        let found = self.partner(opener, |text| {
            html::next(tag, text).map(|next| if let Next::End(at) = next { at } else { usize::MAX })
        })?;
        let content = self.rest()[tag.length..].get(..found)?;
        let apart = content.contains('\n') || self.is_row() && content.contains('|');
        (!apart).then_some(found)
    }

    /// Returns the content of an element that contains only text, and the length of the element with its
    /// tags.
    fn content(&mut self, tag: &Tag, longest: usize) -> Option<(String, usize)> {
        let inner = self.element_end(tag)?;
        let text = &self.rest()[tag.length..tag.length + inner];
        let closing = html::tag(&self.rest()[tag.length + inner..])?.length;
        let fits = !text.contains('`') && text.len() <= longest && !text.trim().is_empty();
        fits.then(|| (text.to_owned(), tag.length + inner + closing))
    }

    fn code_element(&mut self, tag: &Tag) {
        let Some((text, length)) = self.content(tag, LONGEST_CODE) else { return self.literal(1) };
        let raw = self.rest()[..length].to_owned();
        self.replace(length, Placeholder::Code { raw, text: html::unescaped(text.trim()) });
    }

    /// Converts an element to superscript or subscript. If it contains markup, only its tags are removed.
    fn script(&mut self, tag: &Tag) {
        let content = self.content(tag, LONGEST_SCRIPT);
        let Some((text, length)) = content.filter(|(text, _)| !text.contains(['<', '*', '_', '\\', '$']))
        else {
            return self.pair(tag, None);
        };
        let number = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let number = number.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
        let text = match number {
            Some(number) => number.chars().filter_map(superscript).collect(),
            None if text.contains('[') => return self.pair(tag, None),
            None if tag.element == Element::Raised => latex::raised(&html::unescaped(text.trim())),
            None => latex::lowered(&html::unescaped(text.trim())),
        };
        let raw = self.rest()[..length].to_owned();
        self.replace(length, Placeholder::Shown { raw, text });
    }

    fn closing_details(&mut self, tag: &Tag, raw: String) {
        let ends = tag.element == Element::Details && self.is_last(tag.length);
        if ends && (self.details || self.begins_line()) {
            self.replace(tag.length, Placeholder::Shown { raw, text: String::new() });
        } else {
            self.literal(1);
        }
    }

    /// Returns whether the line has nothing before the cursor except other tags of a collapsible part.
    fn begins_line(&self) -> bool {
        let before = unquoted(self.line_before()).trim_matches(BLANKS);
        before.is_empty() || html::tag(before).is_some_and(|tag| tag.length == before.len())
    }

    /// Returns whether the line has nothing behind the tag except the title.
    fn ends_line(&self, tag: &Tag) -> bool {
        let after = self.rest()[tag.length..].trim_start_matches([' ', '\t']);
        self.is_last(tag.length) || html::tag(after).is_some_and(|tag| tag.element == Element::Summary)
    }

    /// Returns whether the line of the cursor ends after its next `length` bytes.
    fn is_last(&self, length: usize) -> bool {
        let after = self.rest()[length..].trim_start_matches([' ', '\t']);
        after.is_empty() || after.starts_with('\n')
    }
}
