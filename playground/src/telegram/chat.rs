//! The state of one chat: its kind, messages, topics, drafts and actions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::types::{Draft, Message};

/// How long a draft is shown after its last state.
const DRAFT_LIFE: Duration = Duration::from_secs(30);
/// Limit of stored draft states per chat. When it is reached, the oldest half is dropped.
const DRAFTS_KEPT: usize = 20_000;
/// The kind of a chat.
#[derive(Debug)]
pub(super) enum ChatType {
    Private {
        blocked: bool,
    },
    /// A supergroup, or a basic group if `basic`.
    Supergroup {
        basic: bool,
        title: String,
        forum: bool,
        members: Vec<i64>,
        admins: BTreeSet<i64>,
        /// Administrators, possibly including the bot, without the rights to manage topics and messages.
        limited: BTreeSet<i64>,
        bot_kicked: bool,
        /// Whether the bot is an ordinary member and no administrator.
        bot_is_member: bool,
    },
}

/// A topic of a forum or of a private chat.
#[derive(Debug, Clone)]
pub(super) struct Topic {
    pub name: String,
    pub icon_color: i64,
    /// The custom emoji shown as its icon; `None` for a plain one.
    pub icon: Option<String>,
    pub closed: bool,
    /// The account that created it.
    pub creator: i64,
}

/// The current state of one chat.
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
    /// The draft that is shown, by topic (0 means no topic).
    pub live: BTreeMap<i64, Draft>,
    /// The last chat action and when it was shown.
    pub action: Option<(String, Instant)>,
    /// Id of the newest message of a supergroup.
    pub last_message: i64,
    /// The supergroup to which this group was upgraded.
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

    /// Returns whether the chat has its own counter of message ids.
    pub(super) fn counts_alone(&self) -> bool {
        matches!(self.kind, ChatType::Supergroup { basic: false, .. })
    }

    pub(super) fn is_forum(&self) -> bool {
        matches!(self.kind, ChatType::Supergroup { forum: true, .. })
    }

    /// Returns whether an administrator has the rights to manage topics and messages. In a private chat
    /// everybody has them.
    pub(super) fn may_manage_topics(&self, user: i64) -> bool {
        !matches!(&self.kind, ChatType::Supergroup { limited, .. } if limited.contains(&user))
    }

    /// Returns whether an account may change a topic: its creator may, and whoever manages topics.
    pub(super) fn may_change_topic(&self, user: i64, topic: i64) -> bool {
        let created = || self.topics.get(&topic).is_some_and(|topic| topic.creator == user);
        self.may_manage_topics(user) || created()
    }

    /// Records a new state of a draft and shows it.
    pub(super) fn show_draft(&mut self, draft: Draft) {
        if self.drafts.len() >= DRAFTS_KEPT {
            self.drafts.drain(..DRAFTS_KEPT / 2);
        }
        self.drafts.push(draft.clone());
        self.live.insert(draft.topic.unwrap_or(0), draft);
    }

    /// Returns the drafts that are still shown, at most one per topic.
    pub(super) fn drafts_on_screen(&self) -> impl Iterator<Item = &Draft> {
        self.live.values().filter(|draft| draft.at.elapsed() < DRAFT_LIFE)
    }

    /// Returns the newest draft that is still shown.
    pub(super) fn live_draft(&self) -> Option<&Draft> {
        self.drafts_on_screen().max_by_key(|draft| draft.at)
    }
}
