//! Albums in groups that were meant for the bot.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::domain::ids::{ChatId, UserId};
use crate::domain::message::Incoming;

/// Albums that are remembered to have been meant for us.
const ALBUMS: usize = 256;

/// Albums in groups whose caption names us: their other parts name nobody.
#[derive(Debug, Default)]
pub(crate) struct Albums(Mutex<VecDeque<(ChatId, UserId, String)>>);

impl Albums {
    /// Remembers the album of a message for us.
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

    /// Whether a message belongs to one of them.
    pub(crate) fn contain(&self, incoming: &Incoming) -> bool {
        let known = self.0.lock();
        of(incoming).is_some_and(|album| known.contains(&album))
    }
}

fn of(incoming: &Incoming) -> Option<(ChatId, UserId, String)> {
    Some((incoming.key.chat, incoming.key.user, incoming.album.clone()?))
}
