//! Slots: single private-use characters that replace text which the parser must not read. The original text
//! of a slot can always be restored byte by byte, wherever the parser moved it.

use std::borrow::Cow;
use std::collections::HashMap;

use super::entities::EntityKind;

/// The first character of a private-use plane that no script uses; slots are numbered from here.
const FIRST_SLOT: u32 = 0xf_0000;
const LAST_SLOT: u32 = 0x10_ffff;

/// The text behind a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Placeholder {
    /// Text that is no markup.
    Literal(String),
    /// A `<br>`, the only way to write a line break in a table. Omitted from the output if empty.
    Break(String),
    /// A reference to a numbered footnote, as written.
    Footnote(String),
    /// A formula.
    Formula(Formula),
    /// The start of formatting that Markdown does not know: a spoiler, or an HTML element.
    MarkStart {
        /// As written.
        raw: String,
        /// The formatting.
        kind: EntityKind,
    },
    /// The end of formatting that Markdown does not know.
    MarkEnd {
        /// As written.
        raw: String,
        /// The formatting.
        kind: EntityKind,
    },
    /// Code written as an HTML element.
    Code {
        /// As written.
        raw: String,
        /// The code alone.
        text: String,
    },
    /// Markup that is shown as another text.
    Shown {
        /// As written.
        raw: String,
        /// The shown text; may be empty.
        text: String,
    },
}

/// A LaTeX formula found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Formula {
    /// As written, with delimiters.
    pub(super) raw: String,
    /// The LaTeX source alone.
    pub(super) latex: String,
    /// Whether the formula has separate lines.
    pub(super) alone: bool,
}

impl Placeholder {
    fn raw(&self) -> &str {
        match self {
            Self::Formula(formula) => &formula.raw,
            Self::Literal(raw)
            | Self::Break(raw)
            | Self::Footnote(raw)
            | Self::MarkStart { raw, .. }
            | Self::MarkEnd { raw, .. }
            | Self::Code { raw, .. }
            | Self::Shown { raw, .. } => raw,
        }
    }
}

/// Markdown with slots.
#[derive(Debug, Default)]
pub(super) struct Shielded {
    /// The text for the parser.
    pub(super) text: String,
    slots: Vec<Placeholder>,
    literals: HashMap<String, char>,
}

impl Shielded {
    /// Returns the placeholder of the character, or `None` if it is not a slot.
    pub(super) fn slot(&self, c: char) -> Option<&Placeholder> {
        self.slots.get(u32::from(c).checked_sub(FIRST_SLOT)? as usize)
    }

    /// Returns the original text of a piece of the shielded text.
    pub(super) fn restore<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !text.contains(is_private) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match self.slot(c) {
                Some(slot) => out.push_str(slot.raw()),
                None => out.push(c),
            }
        }
        Cow::Owned(out)
    }

    /// Appends a slot for this placeholder.
    pub(super) fn add(&mut self, slot: Placeholder) {
        let number = FIRST_SLOT + u32::try_from(self.slots.len()).unwrap_or(u32::MAX - FIRST_SLOT);
        match char::from_u32(number).filter(|_| number <= LAST_SLOT) {
            Some(c) => {
                self.text.push(c);
                self.slots.push(slot);
            }
            None => self.text.push_str(slot.raw()),
        }
    }

    /// Appends a slot for text that is not markup; equal texts share a slot.
    pub(super) fn add_literal(&mut self, raw: &str) {
        if let Some(&c) = self.literals.get(raw) {
            self.text.push(c);
            return;
        }
        let before = self.slots.len();
        self.add(Placeholder::Literal(raw.to_owned()));
        if let (true, Some(c)) = (self.slots.len() > before, self.text.chars().next_back()) {
            self.literals.insert(raw.to_owned(), c);
        }
    }
}

/// Returns whether the character is a slot, or would be mistaken for one.
pub(super) fn is_private(c: char) -> bool {
    u32::from(c) >= FIRST_SLOT
}
