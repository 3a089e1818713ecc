//! Updates on their way through the framework. It carries only types of its own, which give up a whole message for one
//! field that does not fit them; so each update waits here, and a stand-in that names its chat takes its place.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::DateTime;
use parking_lot::Mutex;
use teloxide::types::{
    Chat, ChatId, ChatKind, ChatPrivate, MessageId, MessageReactionCountUpdated, Update, UpdateId, UpdateKind,
};

use crate::telegram::inbound::raw;

/// Updates that the framework has not handed out yet; as many as fit into its queues. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Carried(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    /// The number of the last stand-in. Numbers of updates do not fit into those of the framework.
    last: u32,
    updates: HashMap<u32, raw::Update>,
}

impl Carried {
    /// Keeps an update and returns its stand-in. The framework keeps the order of those that name the same chat.
    pub(super) fn put(&self, update: raw::Update) -> Update {
        let chat = ChatId(update.chat().0);
        let mut waiting = self.0.lock();
        waiting.last = waiting.last.wrapping_add(1);
        let number = waiting.last;
        waiting.updates.insert(number, update);
        let nobody = ChatPrivate { username: None, first_name: None, last_name: None };
        let change = MessageReactionCountUpdated {
            chat: Chat { id: chat, kind: ChatKind::Private(nobody) },
            message_id: MessageId(0),
            date: DateTime::UNIX_EPOCH,
            reactions: Vec::new(),
        };
        Update { id: UpdateId(number), kind: UpdateKind::MessageReactionCount(change) }
    }

    /// The update that a stand-in stands for.
    pub(super) fn take(&self, stand_in: &Update) -> Option<raw::Update> {
        self.0.lock().updates.remove(&stand_in.id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_is_handed_out_once_and_its_stand_in_names_its_chat() {
        let carried = Carried::default();
        let text = |id: i64| {
            let json = format!(r#"{{"update_id": {id}, "message": {{"chat": {{"id": -7}}, "text": "hi"}}}}"#);
            raw::Update::read(&json).unwrap()
        };
        let updates = [text(1), text(5_000_000_000)];
        let stand_ins = updates.clone().map(|update| carried.put(update));
        for (update, stand_in) in updates.into_iter().zip(&stand_ins) {
            assert_eq!(stand_in.chat().map(|chat| chat.id), Some(ChatId(-7)));
            assert_eq!(carried.take(stand_in), Some(update));
            assert_eq!(carried.take(stand_in), None);
        }
    }
}
