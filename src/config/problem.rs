//! Problems in the settings, described by what to do about them.

use std::fmt;

/// One wrong or missing setting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong and what would be right; never the value of a secret.
    pub advice: String,
}

/// All problems found while reading the settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} of the settings need attention:", self.0.len())?;
        for Problem { variable, advice } in &self.0 {
            writeln!(f, "  {variable}: {advice}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
