//! Updates that pass through the framework. Its types reject a whole message for one unexpected field, so
//! each update is kept here, and a placeholder with its chat is dispatched instead.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::DateTime;
use parking_lot::Mutex;
use teloxide::types::{
    Chat, ChatId, ChatKind, ChatPrivate, MessageId, MessageReactionCountUpdated, Update, UpdateId, UpdateKind,
};

use crate::telegram::inbound::raw;

/// The updates in the framework's queues, which bound their number. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Carried(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    /// The id of the last placeholder. Update ids do not fit into the framework's type.
    last: u32,
    updates: HashMap<u32, raw::Update>,
}

impl Carried {
    /// Keeps an update and returns its placeholder. The framework keeps the order within a chat.
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

    /// Takes the update of a placeholder.
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
