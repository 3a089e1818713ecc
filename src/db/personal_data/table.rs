//! The tables that can tell something of a person.

/// A table with rows about persons, in the order in which they are exported: what is written last is what is left
/// out of a file that would become too large.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum PersonalTable {
    Users,
    Chats,
    GroupSettings,
    Threads,
    BalanceOperations,
    Payments,
    Invoices,
    UserStatistics,
    Bans,
    Settings,
    Dialogs,
    PersonalMenus,
    DataRequests,
    AnnouncementRecipients,
    Announcements,
    TopicNames,
    TopicDeletions,
    Sandboxes,
    FileDays,
    FileFetches,
    Transcriptions,
    Files,
    MadeFiles,
    Messages,
    Turns,
    ModelCalls,
    ToolCalls,
    Checkpoints,
    DeadLetters,
    Outbox,
    Inbox,
}

impl PersonalTable {
    /// Returns the name of the table.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }
}
