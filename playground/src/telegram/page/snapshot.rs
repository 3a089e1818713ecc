//! Converts the state to JSON for the page: people, chats, messages, drafts, calls.

use serde_json::{Value, json};

use super::super::chat::{Chat, ChatType};
use super::super::media;
use super::super::types::{Attachment, Call, CallOutcome, Draft, Message, Person};
use super::super::world::World;
use super::shop;

/// Limit of messages per chat: the newest ones.
const MESSAGES: usize = 300;
/// Limit of calls for a newly opened page: the newest ones.
pub(super) const CALLS: usize = 60;
/// How long a chat action is shown.
const ACTION_LIFE_MS: u128 = 5_000;

/// Returns the bot and all people.
pub(super) fn people(world: &World) -> Value {
    json!({
        "bot": world.user_object(world.settings.bot_id),
        "users": world.users.values().filter(|person| !person.is_bot).map(|each| person(world, each)).collect::<Vec<_>>(),
        "menus": menus(world),
    })
}

/// Returns all menus of commands, each with the scope and the language for which the bot has set it.
fn menus(world: &World) -> Vec<Value> {
    let menu = |((scope, language), commands): (&(String, String), &Value)| json!({"scope": scope, "language": language, "commands": commands});
    world.commands.iter().map(menu).collect()
}

/// Returns a person with the number of Stars in the wallet.
fn person(world: &World, person: &Person) -> Value {
    let mut object = json!(person);
    object["stars"] = json!(world.stars.ledger.wallet(person.id));
    object
}

/// Returns one chat, with its messages only on request.
pub(super) fn chat(world: &World, id: i64, state: &Chat, content: bool) -> Value {
    let mut object = json!({
        "id": id,
        "drafts": state.drafts_on_screen().map(draft).collect::<Vec<_>>(),
        "action": action(state),
        "notices": notices(world, id),
    });
    if content {
        let skipped = state.messages.len().saturating_sub(MESSAGES);
        object["messages"] =
            state.messages.values().skip(skipped).map(|each| message(world, id, each)).collect();
        object["topics"] = state
            .topics
            .iter()
            .map(|(id, topic)| {
                json!({"id": id, "name": topic.name, "color": topic.icon_color, "closed": topic.closed})
            })
            .collect();
        match &state.kind {
            ChatType::Private { blocked } => {
                object["private"] = json!(true);
                object["blocked"] = json!(blocked);
                object["members"] = json!([id]);
            }
            ChatType::Supergroup { title, forum, members, admins, .. } => {
                object["private"] = json!(false);
                object["title"] = json!(title);
                object["forum"] = json!(forum);
                object["members"] = json!(members);
                object["administrators"] = json!(admins);
            }
        }
    }
    object
}

fn draft(draft: &Draft) -> Value {
    json!({
        "draft_id": draft.draft_id,
        "text": draft.text,
        "entities": draft.entities,
        "topic": draft.topic,
        "can_stop": draft.can_stop,
        "age_ms": draft.at.elapsed().as_millis(),
    })
}

fn action(state: &Chat) -> Value {
    let Some((name, at)) = &state.action else { return Value::Null };
    let age_ms = at.elapsed().as_millis();
    if age_ms < ACTION_LIFE_MS { json!({"name": name, "age_ms": age_ms}) } else { Value::Null }
}

/// Returns the answers to button presses that have a text.
fn notices(world: &World, chat: i64) -> Vec<Value> {
    let pressed = world.presses.iter().rev().filter(|(_, press)| press.chat == chat).take(5);
    pressed
        .filter_map(|(id, press)| {
            let answer = press.answer.as_ref()?;
            let text = answer["text"].as_str().filter(|text| !text.is_empty())?;
            Some(json!({"id": id, "from": press.from, "text": text, "alert": answer["show_alert"] == json!(true)}))
        })
        .collect()
}

fn message(world: &World, chat: i64, message: &Message) -> Value {
    json!({
        "id": message.id,
        "date": message.date,
        "from": message.from,
        "from_bot": message.from_bot,
        "text": message.text,
        "entities": message.entities,
        "topic": message.topic,
        "edits": message.edits,
        "buttons": message.reply_markup.as_ref().map(|markup| &markup["inline_keyboard"]),
        "reply": reply(&message.raw),
        "file": file(world, &message.raw),
        "invoice": shop::invoice(world, chat, message),
        "service": service(&message.raw).or_else(|| shop::service(&message.raw)),
        "receipt": shop::receipt_of(world, &message.raw),
    })
}

fn reply(raw: &Value) -> Value {
    let replied = &raw["reply_to_message"];
    if replied.is_null() || !replied["forum_topic_created"].is_null() {
        return Value::Null;
    }
    let texts = [&replied["text"], &replied["caption"], &replied["invoice"]["title"]];
    let named = || replied["document"]["file_name"].as_str();
    let kind = || match media::kind_of(replied)? {
        Attachment::Photo => Some("Photo"),
        Attachment::Voice => Some("Voice note"),
        Attachment::VideoNote => Some("Video note"),
        Attachment::Video => Some("Video"),
        Attachment::Sticker => Some("Sticker"),
        Attachment::Animation => Some("GIF"),
        Attachment::Audio | Attachment::Document => None,
    };
    let text = texts.into_iter().find_map(Value::as_str).or_else(kind).or_else(named).unwrap_or("File");
    let start: String = text.chars().take(120).collect();
    json!({"id": replied["message_id"], "from": replied["from"]["id"], "text": start})
}

/// Returns the file of a message, whatever its kind.
fn file(world: &World, raw: &Value) -> Value {
    let Some((kind, id)) = media::kind_of(raw).zip(media::file_id(raw)) else { return Value::Null };
    let Some(file) = world.files.get(id) else { return Value::Null };
    let kind = media::field(kind);
    json!({
        "kind": kind,
        "id": id,
        "name": file.name,
        "mime": file.mime,
        "size": file.bytes.len(),
        "duration": raw[kind]["duration"],
        "emoji": raw[kind]["emoji"],
        "album": raw["media_group_id"],
    })
}

/// Returns the line that the page shows for a service message.
fn service(raw: &Value) -> Option<String> {
    if let Some(name) = raw["forum_topic_created"]["name"].as_str() {
        return Some(format!("Topic \u{201c}{name}\u{201d} was created"));
    }
    if let Some(change) = raw.get("forum_topic_edited") {
        return Some(match change["name"].as_str() {
            Some(name) => format!("Topic was renamed to \u{201c}{name}\u{201d}"),
            None => "The icon of the topic was changed".to_owned(),
        });
    }
    if raw.get("forum_topic_closed").is_some() {
        return Some("Topic was closed".to_owned());
    }
    raw.get("forum_topic_reopened").map(|_| "Topic was reopened".to_owned())
}

/// Returns one call for the list at the bottom of the page; `None` for polls.
pub(super) fn call(number: usize, call: &Call) -> Option<Value> {
    if call.method == "getUpdates" {
        return None;
    }
    let (state, code, description) = match &call.answer {
        CallOutcome::Waiting => ("waiting", None, None),
        CallOutcome::Ok => ("ok", None, None),
        CallOutcome::Cut => ("cut", None, None),
        CallOutcome::Error { code, description, .. } => ("error", Some(code), Some(description)),
    };
    Some(json!({
        "number": number,
        "method": call.method,
        "chat": call.chat,
        "state": state,
        "code": code,
        "description": description,
    }))
}
