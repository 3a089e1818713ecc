//! What a running call shows to the person: the last lines that it has printed, below its line on the screen.

use tokio::sync::mpsc;

use crate::domain::turn::TurnEvent;

/// Where the calls of a turn, or one of them, show their progress. Shows nothing without a screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress<'a> {
    screen: Option<&'a mpsc::Sender<TurnEvent>>,
    call: &'a str,
}

impl<'a> Progress<'a> {
    /// Nobody watches: the calls of sub-agents have no lines on the screen.
    pub(crate) const NOWHERE: Self = Self { screen: None, call: "" };

    /// Creates the progress of the calls of a turn.
    pub(crate) fn on(screen: &'a mpsc::Sender<TurnEvent>) -> Self {
        Self { screen: Some(screen), call: "" }
    }

    /// Returns the progress of one call.
    pub(super) fn of(self, call: &'a str) -> Self {
        Self { call, ..self }
    }

    /// Shows these lines in place of the former ones. Waits while the channel to the screen is full.
    pub(super) async fn show(self, lines: Vec<String>) {
        let Some(screen) = self.screen else { return };
        let call = self.call.to_owned();
        if screen.send(TurnEvent::ToolProgress { call, lines }).await.is_err() {
            tracing::debug!("nobody watches this turn any more");
        }
    }
}
