//! Recent answers of Telegram about who administers which group.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::domain::ids::{ChatId, UserId};

/// How long an answer is used.
const FRESH: Duration = Duration::from_secs(3);
/// The most answers that are remembered.
const MOST: usize = 1_000;

/// Recent answers about who administers which group.
#[derive(Debug, Default)]
pub(crate) struct GroupAdministrators(Mutex<HashMap<(ChatId, UserId), (Instant, bool)>>);

impl GroupAdministrators {
    /// Returns whether a user administers a group, if that was asked a moment ago.
    pub(crate) fn known(&self, chat: ChatId, user: UserId) -> Option<bool> {
        let known = self.0.lock();
        known.get(&(chat, user)).filter(|(at, _)| at.elapsed() < FRESH).map(|(_, administers)| *administers)
    }

    /// Remembers an answer for a moment.
    pub(crate) fn remember(&self, chat: ChatId, user: UserId, administers: bool) {
        let mut known = self.0.lock();
        if known.len() >= MOST {
            known.retain(|_, (at, _)| at.elapsed() < FRESH);
        }
        if known.len() < MOST {
            known.insert((chat, user), (Instant::now(), administers));
        }
    }
}
