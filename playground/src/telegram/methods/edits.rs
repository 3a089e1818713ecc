//! Changing and deleting messages.

use serde_json::{Value, json};

use super::super::markup;
use super::super::params::Params;
use super::super::refusal::{Outcome, Refusal};
use super::super::text;
use super::super::types::Message;
use super::super::world::World;
use super::target;

/// Limit of messages per `deleteMessages` call.
const DELETE_LIMIT: usize = 100;

/// `editMessageText`.
pub(super) fn text(world: &mut World, params: &Params) -> Outcome {
    let formatted = text::formatted(params, text::MESSAGE)?;
    let chat = target::writable_chat(world, params)?;
    let old = own_message(world, chat, params)?;
    if old.raw.get("text").is_none() {
        return Err(Refusal::bad("there is no text in the message to edit"));
    }
    text::readable(&formatted.text)?;
    text::within(&formatted.text, text::TEXT_LIMIT, "MESSAGE_TOO_LONG")?;
    let markup = markup::reply_markup(params)?;
    if old.text == formatted.text && old.entities == formatted.entities && old.reply_markup == markup {
        return Err(not_modified());
    }
    change(world, chat, old.id, Some((formatted.text, formatted.entities)), markup)
}

/// `editMessageReplyMarkup`.
pub(super) fn markup(world: &mut World, params: &Params) -> Outcome {
    let chat = target::writable_chat(world, params)?;
    let old = own_message(world, chat, params)?;
    let markup = match world.stars.invoices.get(&(chat, old.id)) {
        Some(invoice) => Some(markup::invoice_markup(params, invoice.stars)?),
        None => markup::reply_markup(params)?,
    };
    if old.reply_markup == markup {
        return Err(not_modified());
    }
    change(world, chat, old.id, None, markup)
}

/// `deleteMessage`.
pub(super) fn delete(world: &mut World, params: &Params) -> Outcome {
    let chat = target::known_chat(world, params)?;
    let id = message_id(params)?;
    let removed = world.chats.get_mut(&chat).and_then(|state| state.messages.remove(&id));
    if removed.is_none() {
        return Err(Refusal::bad("message to delete not found"));
    }
    world.touch(chat);
    Ok(json!(true))
}

/// `deleteMessages`. Skips ids that do not exist.
pub(super) fn delete_many(world: &mut World, params: &Params) -> Outcome {
    let chat = target::known_chat(world, params)?;
    let ids = params.list("message_ids")?.map(Vec::as_slice).unwrap_or_default();
    if ids.is_empty() {
        return Err(Refusal::bad("message identifiers are not specified"));
    }
    if ids.len() > DELETE_LIMIT {
        return Err(Refusal::bad("too many message identifiers specified"));
    }
    if let Some(state) = world.chats.get_mut(&chat) {
        for id in ids.iter().filter_map(Value::as_i64) {
            state.messages.remove(&id);
        }
    }
    world.touch(chat);
    Ok(json!(true))
}

pub(super) fn not_modified() -> Refusal {
    Refusal::bad(
        "message is not modified: specified new message content and reply markup are exactly the same as a \
         current content and reply markup of the message",
    )
}

fn message_id(params: &Params) -> Result<i64, Refusal> {
    params.int("message_id").ok_or_else(|| Refusal::bad("message identifier is not specified"))
}

/// Returns the message that a call names. Only the bot's own messages can be edited.
pub(super) fn own_message(world: &World, chat: i64, params: &Params) -> Result<Message, Refusal> {
    let id = message_id(params)?;
    let found = world.chats.get(&chat).and_then(|state| state.messages.get(&id));
    let message = found.ok_or_else(|| Refusal::bad("message to edit not found"))?;
    if message.from_bot { Ok(message.clone()) } else { Err(Refusal::bad("message can't be edited")) }
}

pub(super) fn change(
    world: &mut World,
    chat: i64,
    id: i64,
    text: Option<(String, Vec<Value>)>,
    markup: Option<Value>,
) -> Outcome {
    let edited = world.edit(chat, id, text, markup);
    edited.map(|message| message.raw).ok_or_else(|| Refusal::bad("message to edit not found"))
}
