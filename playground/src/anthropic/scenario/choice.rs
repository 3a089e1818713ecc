//! How a user's text chooses a scenario, and with which argument.

use super::{ROWS, Scenario};

/// A scenario with the text after its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Directive {
    pub(in super::super) scenario: Scenario,
    pub(in super::super) argument: String,
}

impl Directive {
    pub(in super::super) fn plain(scenario: Scenario) -> Self {
        Self { scenario, argument: String::new() }
    }

    /// Returns the argument as a number.
    pub(in super::super) fn number(&self) -> Option<u32> {
        self.argument.split_whitespace().next()?.parse().ok()
    }
}

/// What the model does if a text has no line `!name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum DefaultScenario {
    /// This scenario, unless a phrase of the text chooses another.
    Usually(Scenario),
    /// This scenario, whatever the text says. Its temporary faults are permanent.
    Always(Scenario),
}

/// Returns the scenario of the first line `!name argument`, otherwise the default, over which a phrase may
/// take precedence.
pub(in super::super) fn choose(text: &str, fallback: DefaultScenario) -> Directive {
    let directive = text.lines().find_map(|line| {
        let (name, argument) = {
            let line = line.trim().strip_prefix('!')?;
            line.split_once(char::is_whitespace).unwrap_or((line, ""))
        };
        let row = ROWS.iter().find(|row| row.name == name)?;
        Some(Directive { scenario: row.scenario, argument: argument.trim().to_owned() })
    });
    directive.unwrap_or_else(|| match fallback {
        DefaultScenario::Always(scenario) => Directive::plain(scenario),
        DefaultScenario::Usually(scenario) => {
            let text = text.to_lowercase();
            let row = ROWS.iter().find(|row| row.phrases.iter().any(|phrase| text.contains(phrase)));
            Directive::plain(row.map_or(scenario, |row| row.scenario))
        }
    })
}
