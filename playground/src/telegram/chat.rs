//! One chat: its kind, messages, topics and what is on the screen for a moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::types::{Draft, Message};

/// How long a draft stays on the screen after its last state.
const DRAFT_LIFE: Duration = Duration::from_secs(30);
/// Draft states remembered per chat; the oldest half goes when it is reached.
const DRAFTS_KEPT: usize = 20_000;
/// What kind of chat it is.
#[derive(Debug)]
pub(super) enum ChatType {
    Private {
        blocked: bool,
    },
    /// A supergroup or, without its own numbers, a basic group.
    Supergroup {
        basic: bool,
        title: String,
        forum: bool,
        members: Vec<i64>,
        admins: BTreeSet<i64>,
        /// Administrators, perhaps the bot, without the rights over topics and messages.
        limited: BTreeSet<i64>,
        bot_kicked: bool,
    },
}

/// A topic of a forum or of a private chat.
#[derive(Debug, Clone)]
pub(super) struct Topic {
    pub name: String,
    pub icon_color: i64,
    pub closed: bool,
}

/// One chat as it stands.
#[derive(Debug)]
pub(super) struct Chat {
    pub kind: ChatType,
    /// Version of the world at the last change of this chat.
    pub version: u64,
    /// Version of the world at the last change of its messages, topics or members.
    pub content_version: u64,
    pub messages: BTreeMap<i64, Message>,
    pub topics: BTreeMap<i64, Topic>,
    pub drafts: Vec<Draft>,
    /// The draft on the screen, by topic (0 is none).
    pub live: BTreeMap<i64, Draft>,
    /// The last chat action and when it was shown.
    pub action: Option<(String, Instant)>,
    /// Id of the newest message of a supergroup.
    pub last_message: i64,
    /// The supergroup that it has become.
    pub upgraded_to: Option<i64>,
}

impl Chat {
    pub(super) fn new(kind: ChatType) -> Self {
        Self {
            kind,
            version: 0,
            content_version: 0,
            messages: BTreeMap::new(),
            topics: BTreeMap::new(),
            drafts: Vec::new(),
            live: BTreeMap::new(),
            action: None,
            last_message: 0,
            upgraded_to: None,
        }
    }

    pub(super) fn is_private(&self) -> bool {
        matches!(self.kind, ChatType::Private { .. })
    }

    /// Whether its messages have numbers of their own.
    pub(super) fn counts_alone(&self) -> bool {
        matches!(self.kind, ChatType::Supergroup { basic: false, .. })
    }

    pub(super) fn is_forum(&self) -> bool {
        matches!(self.kind, ChatType::Supergroup { forum: true, .. })
    }

    /// Whether an administrator has the rights over topics and messages; in a private chat everybody has.
    pub(super) fn may_manage_topics(&self, user: i64) -> bool {
        !matches!(&self.kind, ChatType::Supergroup { limited, .. } if limited.contains(&user))
    }

    /// Shows a new state of a draft.
    pub(super) fn show_draft(&mut self, draft: Draft) {
        if self.drafts.len() >= DRAFTS_KEPT {
            self.drafts.drain(..DRAFTS_KEPT / 2);
        }
        self.drafts.push(draft.clone());
        self.live.insert(draft.topic.unwrap_or(0), draft);
    }

    /// The drafts that are still on the screen, at most one for each topic.
    pub(super) fn drafts_on_screen(&self) -> impl Iterator<Item = &Draft> {
        self.live.values().filter(|draft| draft.at.elapsed() < DRAFT_LIFE)
    }

    /// The newest draft that is still on the screen.
    pub(super) fn live_draft(&self) -> Option<&Draft> {
        self.drafts_on_screen().max_by_key(|draft| draft.at)
    }
}
