//! Duties: what only one instance does at a time.

/// What only one instance does at a time. Their names stand in `duties.name`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Duty {
    /// To fetch updates, where they do not come by the webhook.
    Poller,
    /// To request refunds from Telegram.
    Refunds,
    /// To compare the payments with Telegram's list.
    Reconciliation,
    /// To count the answers that are missing in the statistics.
    Recount,
    /// Retention and audit.
    Janitor,
}

impl Duty {
    /// All of them, in the order in which they are taken.
    pub(crate) const ALL: [Self; 5] =
        [Self::Poller, Self::Refunds, Self::Reconciliation, Self::Recount, Self::Janitor];

    /// Returns its name in the database, in metrics and in the log.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the duty with this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|duty| duty.name() == name)
    }
}
