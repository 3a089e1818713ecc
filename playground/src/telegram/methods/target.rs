//! Checks of a call's target: the chat, the topic, and the message to reply to.

use super::super::chat::ChatType;
use super::super::params::Params;
use super::super::refusal::Refusal;
use super::super::world::World;

/// Returns the chat that a call names. It must exist; the bot need not be able to write there.
pub(super) fn known_chat(world: &World, params: &Params) -> Result<i64, Refusal> {
    if params.get("chat_id").is_none_or(|value| value.as_str() == Some("")) {
        return Err(Refusal::bad("chat_id is empty"));
    }
    let id = params.chat().ok_or_else(|| Refusal::bad("chat not found"))?;
    match world.chats.get(&id) {
        Some(chat) => chat.upgraded_to.map_or(Ok(id), |to| Err(Refusal::upgraded(to))),
        None if world.users.contains_key(&id) => {
            Err(Refusal::forbidden("bot can't initiate conversation with a user"))
        }
        None => Err(Refusal::bad("chat not found")),
    }
}

/// Returns the chat that a call names. The bot must be able to write there.
pub(super) fn writable_chat(world: &World, params: &Params) -> Result<i64, Refusal> {
    let id = known_chat(world, params)?;
    if world.deleted_accounts.contains(&id) {
        return Err(Refusal::forbidden("user is deactivated"));
    }
    match world.chats.get(&id).map(|chat| &chat.kind) {
        Some(ChatType::Private { blocked: true }) => Err(Refusal::forbidden("bot was blocked by the user")),
        Some(ChatType::Supergroup { bot_kicked: true, .. }) => {
            Err(Refusal::forbidden("bot was kicked from the supergroup chat"))
        }
        _ => Ok(id),
    }
}

/// Returns the topic of a new message: the named one, or that of the message it answers. It must exist and be
/// open.
pub(super) fn topic(
    world: &World,
    chat: i64,
    params: &Params,
    reply_to: Option<i64>,
) -> Result<Option<i64>, Refusal> {
    let named = params.int("message_thread_id").filter(|id| *id != 0);
    let Some(id) = named.or_else(|| world.topic_of_reply(chat, reply_to)) else { return Ok(None) };
    let missing = || Refusal::bad("message thread not found");
    let state = world.chats.get(&chat).ok_or_else(missing)?;
    if let Some(topic) = state.topics.get(&id) {
        let shut = topic.closed && !state.may_manage_topics(world.settings.bot_id);
        return if shut { Err(Refusal::bad("TOPIC_CLOSED")) } else { Ok(Some(id)) };
    }
    // Groups without topics have threads of replies; one can only be named together with a reply into it.
    let thread = reply_to.and_then(|to| world.reply_thread(chat, to));
    if thread == Some(id) { Ok(None) } else { Err(missing()) }
}

/// Returns the message that a new one answers. It must exist, unless the call allows that it does not.
pub(super) fn reply_to(world: &World, chat: i64, params: &Params) -> Result<Option<i64>, Refusal> {
    let (id, lenient) = match params.object("reply_parameters")? {
        Some(reply) => {
            let id = reply.get("message_id").and_then(serde_json::Value::as_i64);
            let id = id.ok_or_else(|| {
                Refusal::bad("can't parse reply parameters: Can't find field \"message_id\"")
            })?;
            (id, reply.get("allow_sending_without_reply").and_then(serde_json::Value::as_bool) == Some(true))
        }
        None => match params.int("reply_to_message_id") {
            Some(id) => (id, params.flag("allow_sending_without_reply")),
            None => return Ok(None),
        },
    };
    let found = world.chats.get(&chat).is_some_and(|state| state.messages.contains_key(&id));
    match (found, lenient) {
        (true, _) => Ok(Some(id)),
        (false, true) => Ok(None),
        (false, false) => Err(Refusal::bad("message to be replied not found")),
    }
}
