//! Updates as Telegram sends them, read as the bot understands them.

mod addressing;
mod body;
mod command;
mod file;
mod pointers;
mod service;

use serde_json::{Value, json};

use super::*;

/// What Telegram's own server hands out.
const MOST: u64 = crate::domain::file::PUBLIC_LIMIT;

fn me() -> Me {
    Me { id: 7, username: "starling_bot".into(), can_read_all_group_messages: true }
}

fn private(fields: &Value) -> Value {
    let mut message = json!({
        "message_id": 5, "date": 1_795_000_000,
        "chat": {"id": 42, "type": "private", "first_name": "Ann"},
        "from": {"id": 42, "is_bot": false, "first_name": "Ann", "username": "ann", "language_code": "ru"},
    });
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    message
}

fn group(fields: &Value) -> Value {
    let mut message = private(fields);
    message["chat"] = json!({"id": -100, "type": "supergroup", "title": "Friends", "is_forum": true});
    message
}

fn read_message(message: &Value) -> Inbound {
    let update = json!({"update_id": 9, "message": message});
    read(Update::read(&update.to_string()).unwrap(), &me(), MOST, false, DateTime::UNIX_EPOCH)
}

fn prompt(inbound: Inbound) -> Incoming {
    match inbound {
        Inbound::Prompt(incoming) => incoming,
        other => panic!("{other:?} is no prompt"),
    }
}

fn file(fields: &Value) -> Value {
    let mut file = json!({"file_id": "f", "file_unique_id": "AQADunique", "file_size": 1_000});
    file.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    file
}

fn mention(offset: usize, length: usize) -> Value {
    json!([{"type": "mention", "offset": offset, "length": length}])
}
