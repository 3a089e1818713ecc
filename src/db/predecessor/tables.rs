//! The tables of the predecessor, and the columns that are read.

/// A column and the cast that makes it readable as text or number.
pub(super) type Column = (&'static str, &'static str);

/// A table of the predecessor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Table {
    /// People with their balances.
    Users,
    /// Chats.
    Chats,
    /// Conversations.
    Threads,
    /// Questions and answers.
    Messages,
    /// Files of messages.
    Files,
    /// Payments with Stars.
    Payments,
    /// Changes of balances.
    Operations,
    /// Statistics of tools.
    ToolCalls,
}

impl Table {
    pub(super) const ALL: [Self; 8] = [
        Self::Users,
        Self::Chats,
        Self::Threads,
        Self::Messages,
        Self::Files,
        Self::Payments,
        Self::Operations,
        Self::ToolCalls,
    ];

    /// Returns its name there.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Chats => "chats",
            Self::Threads => "threads",
            Self::Messages => "messages",
            Self::Files => "user_files",
            Self::Payments => "payments",
            Self::Operations => "balance_operations",
            Self::ToolCalls => "tool_calls",
        }
    }

    /// Returns the columns that are read. A row without the key columns, which come first, cannot be read.
    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Self::Users => &[
                ("id", ""),
                ("first_name", ""),
                ("last_name", ""),
                ("username", ""),
                ("language_code", ""),
                ("is_bot", ""),
                ("is_premium", ""),
                ("model_id", ""),
                ("custom_prompt", ""),
                // As text, because JSON knows no exact numbers.
                ("balance", "::text"),
                ("first_seen_at", ""),
                ("last_seen_at", ""),
            ],
            Self::Chats => &[("id", ""), ("type", ""), ("title", ""), ("username", ""), ("is_forum", "")],
            Self::Threads => {
                &[("id", ""), ("chat_id", ""), ("user_id", ""), ("thread_id", ""), ("is_cleared", "")]
            }
            Self::Messages => MESSAGES,
            Self::Files => &[
                ("id", ""),
                ("message_id", ""),
                ("telegram_file_id", ""),
                ("telegram_file_unique_id", ""),
                ("claude_file_id", ""),
                ("filename", ""),
                ("mime_type", ""),
                ("file_type", "::text"),
                ("file_size", ""),
                ("uploaded_at", ""),
                ("source", "::text"),
            ],
            Self::Payments => &[
                ("id", ""),
                ("user_id", ""),
                ("telegram_payment_charge_id", ""),
                ("stars_amount", ""),
                ("credited_usd_amount", "::text"),
                ("status", "::text"),
                ("created_at", ""),
            ],
            Self::Operations => &[("id", ""), ("user_id", ""), ("balance_after", "::text")],
            Self::ToolCalls => &[],
        }
    }
}

/// The columns of a message that are read.
const MESSAGES: &[Column] = &[
    ("date", ""),
    ("chat_id", ""),
    ("message_id", ""),
    ("thread_id", ""),
    ("role", "::text"),
    ("text_content", ""),
    ("caption", ""),
    ("sender_display", ""),
    ("reply_to_message_id", ""),
    ("reply_snippet", ""),
    ("reply_sender_display", ""),
    ("quote_data", ""),
    ("forward_origin", ""),
    ("edit_count", ""),
    ("original_content", ""),
    ("model_id", ""),
];
