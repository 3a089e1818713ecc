//! Escape sequences for terminals, such as colours, which are no text.

/// Tells text from escape sequences, character by character. The pieces of a text may be cut anywhere.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Escapes(State);

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Text,
    /// Behind the escape character.
    Begun,
    /// In a sequence of parameters, which one character from `@` to `~` ends.
    Parameters,
    /// In a command to the system, such as a title, which a bell or another sequence ends.
    Command,
}

impl Escapes {
    /// Returns whether the next character of a text is text.
    pub(super) fn is_text(&mut self, c: char) -> bool {
        let before = self.0;
        self.0 = match (before, c) {
            (_, '\u{1b}') => State::Begun,
            (State::Begun, '[') => State::Parameters,
            (State::Begun, ']') => State::Command,
            (State::Text | State::Begun, _)
            | (State::Parameters, '\u{40}'..='\u{7e}')
            | (State::Command, '\u{7}') => State::Text,
            (State::Parameters | State::Command, _) => before,
        };
        matches!((before, self.0), (State::Text, State::Text))
    }

    /// Returns a text without its escape sequences.
    pub(super) fn removed(text: &str) -> String {
        let mut escapes = Self::default();
        text.chars().filter(|&c| escapes.is_text(c)).collect()
    }
}

#[cfg(test)]
mod tests;
