//! Albums in groups that are addressed to the bot.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::domain::ids::{ChatId, UserId};
use crate::domain::message::Incoming;

/// The most albums remembered; the oldest are forgotten.
const ALBUMS: usize = 256;

/// Albums whose caption mentions the bot. Their other parts have no mention.
#[derive(Debug, Default)]
pub(crate) struct Albums(Mutex<VecDeque<(ChatId, UserId, String)>>);

impl Albums {
    /// Remembers the album of a message that is addressed to the bot.
    pub(crate) fn remember(&self, incoming: &Incoming) {
        let Some(album) = of(incoming) else { return };
        let mut known = self.0.lock();
        if !known.contains(&album) {
            known.push_back(album);
        }
        if known.len() > ALBUMS {
            known.pop_front();
        }
    }

    /// Returns whether a message belongs to a remembered album.
    pub(crate) fn contain(&self, incoming: &Incoming) -> bool {
        let known = self.0.lock();
        of(incoming).is_some_and(|album| known.contains(&album))
    }
}

fn of(incoming: &Incoming) -> Option<(ChatId, UserId, String)> {
    Some((incoming.key.chat, incoming.sender.id, incoming.album.clone()?))
}
