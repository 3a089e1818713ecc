//! Handlers of the requests by which the page acts for a person.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::shared::Shared;
use super::super::types::{Fault, Person};
use super::super::world::Look;

/// Icon colour of topics that are opened on the page.
const TOPIC_COLOR: i64 = 9_367_192;

pub(super) type ControlResult = Result<Json<Value>, (StatusCode, String)>;

pub(super) fn wrong(reason: impl Into<String>) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, reason.into())
}

/// Body of `POST /play/say`.
#[derive(Deserialize)]
pub(super) struct Say {
    chat: i64,
    from: i64,
    text: String,
    topic: Option<i64>,
    reply_to: Option<i64>,
}

/// `POST /play/say`
pub(super) async fn say(State(shared): State<Arc<Shared>>, Json(body): Json<Say>) -> ControlResult {
    let text = body.text.trim();
    if text.is_empty() {
        return Err(wrong("the text is empty"));
    }
    let said = shared.change(|world| world.say_text(body.chat, body.from, text, body.topic, body.reply_to));
    if said.message_id == 0 { Err(wrong("there is no such chat")) } else { Ok(Json(json!(said))) }
}

/// Body of `POST /play/edit`.
#[derive(Deserialize)]
pub(super) struct Edit {
    chat: i64,
    message_id: i64,
    text: String,
}

/// `POST /play/edit`
pub(super) async fn edit(State(shared): State<Arc<Shared>>, Json(body): Json<Edit>) -> ControlResult {
    let update = shared.change(|world| world.edit_text(body.chat, body.message_id, body.text.trim()));
    update.map(|id| Json(json!({"update_id": id}))).ok_or_else(|| wrong("there is no such message"))
}

/// Body of `POST /play/press`.
#[derive(Deserialize)]
pub(super) struct Press {
    chat: i64,
    from: i64,
    message_id: i64,
    data: String,
}

/// `POST /play/press`
pub(super) async fn press(State(shared): State<Arc<Shared>>, Json(body): Json<Press>) -> ControlResult {
    let id = shared.change(|world| world.press(body.chat, body.from, body.message_id, &body.data));
    Ok(Json(json!({"callback_query_id": id})))
}

/// Body of `POST /play/stop`.
#[derive(Deserialize)]
pub(super) struct Stop {
    chat: i64,
    draft_id: i64,
}

/// `POST /play/stop`
pub(super) async fn stop(State(shared): State<Arc<Shared>>, Json(body): Json<Stop>) -> ControlResult {
    let update = shared.change(|world| world.press_stop(body.chat, body.draft_id));
    update.map(|id| Json(json!({"update_id": id}))).ok_or_else(|| wrong("this draft cannot be stopped"))
}

/// `POST /play/user` with a `User` object; opens the person's chat with the bot.
pub(super) async fn add_user(State(shared): State<Arc<Shared>>, Json(body): Json<NewUser>) -> ControlResult {
    let person = Person {
        last_name: body.last_name,
        username: body.username,
        language_code: body.language_code.or_else(|| Some("en".to_owned())),
        ..Person::new(body.id, &body.first_name)
    };
    if body.id <= 0 || body.first_name.trim().is_empty() {
        return Err(wrong("a person needs a positive id and a first name"));
    }
    shared.change(|world| {
        if !world.is_bot(body.id) {
            world.users.insert(body.id, person);
            world.open_private(body.id);
            world.touch(body.id);
        }
    });
    Ok(Json(json!({"id": body.id})))
}

/// Body of `POST /play/user`.
#[derive(Deserialize)]
pub(super) struct NewUser {
    id: i64,
    first_name: String,
    last_name: Option<String>,
    username: Option<String>,
    language_code: Option<String>,
}

/// Body of `POST /play/group`.
#[derive(Deserialize)]
pub(super) struct NewGroup {
    id: i64,
    title: String,
    #[serde(default)]
    forum: bool,
    members: Vec<i64>,
}

/// `POST /play/group`
pub(super) async fn add_group(
    State(shared): State<Arc<Shared>>,
    Json(body): Json<NewGroup>,
) -> ControlResult {
    if body.id >= 0 || body.title.trim().is_empty() {
        return Err(wrong("a group needs a negative id and a title"));
    }
    let fresh = shared.change(|world| {
        let fresh = !world.chats.contains_key(&body.id);
        if fresh {
            world.add_group(body.id, &body.title, body.forum, &body.members);
        }
        fresh
    });
    if fresh { Ok(Json(json!({"id": body.id}))) } else { Err(wrong("there is a group with this id")) }
}

/// Body of `POST /play/topic`.
#[derive(Deserialize)]
pub(super) struct NewTopic {
    chat: i64,
    from: i64,
    name: String,
}

/// `POST /play/topic`
pub(super) async fn add_topic(
    State(shared): State<Arc<Shared>>,
    Json(body): Json<NewTopic>,
) -> ControlResult {
    let id = shared.change(|world| {
        let topical = world.chats.get(&body.chat).is_some_and(|chat| chat.is_private() || chat.is_forum());
        let name = body.name.trim();
        let look = Look {
            name: if name.is_empty() { "New topic" } else { name },
            icon_color: TOPIC_COLOR,
            icon: None,
            implicit: name.is_empty(),
        };
        topical.then(|| world.open_topic(body.chat, body.from, look))
    });
    id.map(|id| Json(json!({"topic": id}))).ok_or_else(|| wrong("this chat has no topics"))
}

/// Body of `POST /play/block`.
#[derive(Deserialize)]
pub(super) struct Block {
    user: i64,
    blocked: bool,
}

/// `POST /play/block`
pub(super) async fn block(State(shared): State<Arc<Shared>>, Json(body): Json<Block>) -> ControlResult {
    let update = shared.change(|world| world.set_blocked(body.user, body.blocked));
    Ok(Json(json!({"update_id": update})))
}

/// Body of `POST /play/fault`.
#[derive(Deserialize)]
pub(super) struct PlannedFault {
    method: String,
    #[serde(default = "once")]
    times: u32,
    fault: String,
    /// Seconds of a flood or a hang.
    #[serde(default)]
    seconds: u64,
    #[serde(default)]
    code: u16,
    #[serde(default)]
    description: String,
}

fn once() -> u32 {
    1
}

/// `POST /play/fault`
pub(super) async fn fault(
    State(shared): State<Arc<Shared>>,
    Json(body): Json<PlannedFault>,
) -> ControlResult {
    let fault = match body.fault.as_str() {
        "flood" => Fault::Flood { retry_after_s: body.seconds.max(1) },
        "status" => Fault::Status(body.code),
        "error" => Fault::Error { code: body.code, description: body.description },
        "drop" => Fault::DropConnection,
        "drop_after" => Fault::DropAfter,
        "hang" => Fault::Hang(Duration::from_secs(body.seconds)),
        other => return Err(wrong(format!("there is no fault called {other:?}"))),
    };
    shared.change(|world| world.faults.plan(&body.method, body.times, fault));
    Ok(Json(json!({"planned": body.times})))
}
