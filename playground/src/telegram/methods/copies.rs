//! `copyMessage`: sends the content of a message again, without a link to the original.

use serde_json::{Map, Value, json};

use super::super::markup;
use super::super::media;
use super::super::params::Params;
use super::super::posts::Post;
use super::super::refusal::{Outcome, Refusal};
use super::super::text;
use super::super::types::{Attachment, Message};
use super::super::world::World;
use super::target;

/// Fields of a message that a copy keeps. A message without any of the contents among them cannot be copied.
const KEPT: [&str; 20] = [
    "text",
    "entities",
    "link_preview_options",
    "caption",
    "caption_entities",
    "show_caption_above_media",
    "has_media_spoiler",
    "animation",
    "document",
    "photo",
    "audio",
    "video",
    "video_note",
    "voice",
    "sticker",
    "contact",
    "dice",
    "venue",
    "location",
    "poll",
];
/// Those of them that are no content by themselves.
const FORMAT: [&str; 6] = [
    "entities",
    "link_preview_options",
    "caption",
    "caption_entities",
    "show_caption_above_media",
    "has_media_spoiler",
];

/// `copyMessage`. Returns the id of the new message only.
pub(super) fn copy(world: &mut World, params: &Params) -> Outcome {
    let caption = params.get("caption").map(|_| text::formatted(params, text::CAPTION)).transpose()?;
    let chat = target::writable_chat(world, params)?;
    let original = original(world, params)?;
    let mut body = content(&original)?;
    if let Some(caption) = caption {
        text::within(&caption.text, text::CAPTION_LIMIT, "message caption is too long")?;
        if media::kind_of(&original.raw).is_some_and(|kind| kind != Attachment::Sticker) {
            body.retain(|field, _| !field.starts_with("caption"));
            media::add_caption(&mut body, &caption.text, &caption.entities);
        }
    }
    if body.contains_key("voice") && world.voice_forbidden.contains(&chat) {
        return Err(Refusal::bad("VOICE_MESSAGES_FORBIDDEN"));
    }
    let reply_to = target::reply_to(world, chat, params)?;
    let topic = target::topic(world, chat, params, reply_to)?;
    let reply_markup = markup::reply_markup(params)?;
    let from = world.settings.bot_id;
    let copy = world.post(chat, Post { from, topic, reply_to, body, reply_markup });
    Ok(json!({"message_id": copy.id}))
}

/// Returns the message that a call names. The bot must be in its chat.
fn original(world: &World, params: &Params) -> Result<Message, Refusal> {
    let from = params.int("from_chat_id").ok_or_else(|| Refusal::bad("from_chat_id is empty"))?;
    let mut place = Params::default();
    place.add_text("chat_id", from.to_string());
    let from = target::writable_chat(world, &place)?;
    let id = params.int("message_id").ok_or_else(|| Refusal::bad("message identifier is not specified"))?;
    let found = world.chats.get(&from).and_then(|state| state.messages.get(&id));
    found.cloned().ok_or_else(|| Refusal::bad("message to copy not found"))
}

/// Returns the fields of a copy. Service messages, invoices, stories and other contents that a bot cannot send
/// are refused, and so are quizzes whose answer the bot does not know.
fn content(original: &Message) -> Result<Map<String, Value>, Refusal> {
    let refused = || Refusal::bad("message can't be copied");
    let fields = original.raw.as_object().ok_or_else(refused)?;
    let body: Map<String, Value> = fields
        .iter()
        .filter(|(name, _)| KEPT.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let poll = &original.raw["poll"];
    let is_unknown_quiz = poll["type"] == json!("quiz") && poll.get("correct_option_id").is_none();
    let is_protected = original.raw["has_protected_content"] == json!(true);
    let has_content = body.keys().any(|name| !FORMAT.contains(&name.as_str()));
    if has_content && !is_unknown_quiz && !is_protected { Ok(body) } else { Err(refused()) }
}
