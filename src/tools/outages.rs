//! The tools whose service is down, for the rest of a turn: the model is told once why, and the service is
//! not asked again, however often the model tries.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::failure::Failure;

/// The tools of a turn whose service is down, by name, with what the model was told.
#[derive(Debug, Default)]
pub(crate) struct Outages(Mutex<BTreeMap<&'static str, String>>);

impl Outages {
    /// Remembers a failure of a tool if it says that the service is down.
    pub(super) fn learn(&self, tool: &'static str, failure: &Failure) {
        if failure.error == Failure::DOWN {
            self.0.lock().insert(tool, failure.message.clone());
        }
    }

    /// Returns what the model is told if the service of the tool is down.
    pub(super) fn of(&self, tool: &str) -> Option<Failure> {
        let message = self.0.lock().get(tool).cloned()?;
        let message = format!("{message} It was not asked again.");
        Some(Failure { error: Failure::DOWN, message })
    }
}
