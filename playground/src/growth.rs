//! Turns the states of a growing answer into terminal output that prints only what is new. A draft may also
//! change earlier text (thoughts are replaced by the answer, a half-written `**bold` becomes bold). Then the
//! changed line is printed again, because a terminal cannot change what has scrolled away.

/// The printed part of the growing message.
#[derive(Debug, Default)]
pub(crate) struct Growth {
    shown: String,
}

impl Growth {
    /// Returns what to print so that the terminal shows this state.
    pub(crate) fn state(&mut self, text: &str) -> String {
        let common = common_prefix(&self.shown, text);
        let piece = if common == self.shown.len() {
            text[common..].to_owned()
        } else if text.len() == common {
            // Shorter than before: nothing new, and what stands there is still right up to here.
            return String::new();
        } else {
            let line = text[..common].rfind('\n').map_or(0, |at| at + 1);
            format!("\n{}", &text[line..])
        };
        text.clone_into(&mut self.shown);
        piece
    }

    /// Returns what to print for a complete message. What the draft showed beyond it belongs to the next
    /// message.
    pub(crate) fn complete(&mut self, text: &str) -> String {
        if let Some(rest) = self.shown.strip_prefix(text) {
            let rest = rest.trim_start().to_owned();
            self.shown = rest;
            return if self.shown.is_empty() { "\n".to_owned() } else { String::new() };
        }
        let piece = self.state(text);
        self.shown.clear();
        format!("{piece}\n")
    }
}

fn common_prefix(a: &str, b: &str) -> usize {
    let pairs = a.char_indices().zip(b.chars());
    let equal = pairs.take_while(|((_, x), y)| x == y);
    equal.last().map_or(0, |((at, x), _)| at + x.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(states: &[&str], last: &str) -> String {
        let mut growth = Growth::default();
        let mut out: String = states.iter().map(|state| growth.state(state)).collect();
        out.push_str(&growth.complete(last));
        out
    }

    #[test]
    fn only_new_text_is_printed() {
        assert_eq!(printed(&["Hé", "Hé llo", "Hé llo"], "Hé llo!"), "Hé llo!\n");
        assert_eq!(printed(&[], "at once"), "at once\n");
        assert_eq!(printed(&["all"], "all"), "all\n");
    }

    #[test]
    fn a_changed_line_is_printed_again() {
        assert_eq!(printed(&["one\ntwo **bo"], "one\ntwo bold"), "one\ntwo **bo\ntwo bold\n");
        assert_eq!(printed(&["Thinking"], "Answer"), "Thinking\nAnswer\n");
    }

    #[test]
    fn text_beyond_a_part_belongs_to_the_next_part() {
        let mut growth = Growth::default();
        let out =
            [growth.state("part one\n\npart"), growth.complete("part one"), growth.complete("part two")];
        assert_eq!(out.concat(), "part one\n\npart two\n");
    }
}
