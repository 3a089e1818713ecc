//! Messages that are neither text nor a file: the fields that [`Telegram::say_with`](super::Telegram::say_with)
//! sends.

use serde_json::{Value, json};

/// Returns a contact without a last name.
pub fn contact(first_name: &str, phone_number: &str) -> Value {
    json!({"contact": {"phone_number": phone_number, "first_name": first_name}})
}

/// Returns a place on the map, in degrees.
pub fn location(latitude: f64, longitude: f64) -> Value {
    json!({"location": {"latitude": latitude, "longitude": longitude}})
}

/// Returns a place that the person shares live for an hour.
pub fn live_location(latitude: f64, longitude: f64) -> Value {
    let place = json!({"latitude": latitude, "longitude": longitude, "live_period": 3_600, "heading": 90});
    json!({ "location": place })
}

/// Returns a named place. Like the real service, the message has its `location`, too.
pub fn venue(title: &str, address: &str, latitude: f64, longitude: f64) -> Value {
    let place = json!({"latitude": latitude, "longitude": longitude});
    json!({"venue": {"location": place, "title": title, "address": address}, "location": place})
}

/// Returns an anonymous poll without votes.
pub fn poll(question: &str, options: &[&str]) -> Value {
    let option = |(number, text): (usize, &&str)| json!({"persistent_id": number.to_string(), "text": text, "voter_count": 0});
    let options: Vec<Value> = options.iter().enumerate().map(option).collect();
    json!({"poll": {
        "id": "5300000000000000001",
        "question": question,
        "options": options,
        "total_voter_count": 0,
        "is_closed": false,
        "is_anonymous": true,
        "type": "regular",
        "allows_multiple_answers": false,
    }})
}

/// Returns a die that shows a value; `emoji` is one of 🎲 🎯 🏀 ⚽ 🎳 🎰.
pub fn dice(emoji: &str, value: u8) -> Value {
    json!({"dice": {"emoji": emoji, "value": value}})
}

/// Returns a forwarded story of a person. Bots see whose it is, but not what it shows.
pub fn story(of: i64, first_name: &str) -> Value {
    json!({"story": {"chat": {"id": of, "type": "private", "first_name": first_name}, "id": 5}})
}

/// Returns a checklist; `true` marks a task that is done.
pub fn checklist(title: &str, tasks: &[(&str, bool)]) -> Value {
    let task = |(number, (text, done)): (usize, &(&str, bool))| {
        let mut task = json!({"id": number + 1, "text": text});
        if *done {
            task["completion_date"] = json!(1_790_000_000);
        }
        task
    };
    let tasks: Vec<Value> = tasks.iter().enumerate().map(task).collect();
    json!({"checklist": {"title": title, "tasks": tasks, "others_can_mark_tasks_as_done": true}})
}

/// Returns a message of a kind that the Bot API does not have yet.
pub fn unknown() -> Value {
    json!({"hologram": {"duration": 3, "file_id": "AgACAgIAAxkBAAI"}})
}

/// Returns the fields of a message that was forwarded from a person, to be combined with those of its content.
pub fn forwarded_from(user: i64, first_name: &str) -> Value {
    let sender = json!({"id": user, "is_bot": false, "first_name": first_name});
    json!({"forward_origin": {"type": "user", "sender_user": sender, "date": 1_790_000_000}})
}
