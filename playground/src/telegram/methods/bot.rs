//! Methods about the bot itself: its account, its commands, its answers to button presses.

use serde_json::{Value, json};

use super::super::params::Params;
use super::super::refusal::{Outcome, Refusal};
use super::super::world::World;

/// Limit of commands per list.
const COMMAND_LIMIT: usize = 100;
/// Limit of the notice that answers a button press, in characters.
const NOTICE_LIMIT: usize = 200;
/// Kinds of scope without further fields.
const PLAIN_SCOPES: [&str; 4] =
    ["default", "all_private_chats", "all_group_chats", "all_chat_administrators"];

/// `getMe`.
pub(super) fn get_me(world: &World) -> Value {
    if let Some(me) = &world.me {
        return me.clone();
    }
    let mut me = world.user_object(world.settings.bot_id);
    if let (Some(me), Value::Object(abilities)) = (
        me.as_object_mut(),
        json!({
            "can_join_groups": true,
            "can_read_all_group_messages": !world.privacy_mode,
            "supports_inline_queries": false,
            "can_connect_to_business": false,
            "has_main_web_app": false,
            "has_topics_enabled": true,
            "allows_users_to_create_topics": true,
        }),
    ) {
        me.extend(abilities);
    }
    me
}

/// `setMyCommands`.
pub(super) fn set_commands(world: &mut World, params: &Params) -> Outcome {
    let key = scope_key(world, params)?;
    let commands = params.list("commands")?.map(Vec::as_slice).unwrap_or_default();
    if commands.len() > COMMAND_LIMIT {
        return Err(Refusal::bad("BOT_COMMANDS_TOO_MUCH"));
    }
    for command in commands {
        let name = command["command"].as_str().unwrap_or_default();
        let name = name.strip_prefix('/').unwrap_or(name);
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=32).contains(&name.len()) || !name.chars().all(good) {
            return Err(Refusal::bad("BOT_COMMAND_INVALID"));
        }
        let description = command["description"].as_str().unwrap_or_default();
        if !(1..=256).contains(&description.trim().chars().count()) {
            return Err(Refusal::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    world.commands.insert(key, json!(commands));
    Ok(json!(true))
}

/// `getMyCommands`.
pub(super) fn get_commands(world: &World, params: &Params) -> Outcome {
    let key = scope_key(world, params)?;
    Ok(world.commands.get(&key).cloned().unwrap_or_else(|| json!([])))
}

/// `deleteMyCommands`.
pub(super) fn delete_commands(world: &mut World, params: &Params) -> Outcome {
    let key = scope_key(world, params)?;
    world.commands.remove(&key);
    Ok(json!(true))
}

/// Returns scope and language of a command list. The bot must know the chat of a scope.
fn scope_key(world: &World, params: &Params) -> Result<(String, String), Refusal> {
    let language = params.text("language_code").unwrap_or_default();
    if !language.is_empty()
        && (language.len() != 2 || !language.bytes().all(|byte| byte.is_ascii_lowercase()))
    {
        return Err(Refusal::bad("invalid language code specified"));
    }
    let Some(scope) = params.object("scope")? else { return Ok(("default".to_owned(), language.to_owned())) };
    let kind = scope.get("type").and_then(Value::as_str).unwrap_or_default();
    let number = |key: &str| scope.get(key).and_then(Value::as_i64);
    let name = match (kind, number("chat_id"), number("user_id")) {
        (plain, _, _) if PLAIN_SCOPES.contains(&plain) => plain.to_owned(),
        ("chat" | "chat_administrators" | "chat_member", Some(chat), _)
            if !world.chats.contains_key(&chat) =>
        {
            return Err(Refusal::bad("chat not found"));
        }
        ("chat" | "chat_administrators", Some(chat), _) => format!("{kind}:{chat}"),
        ("chat_member", Some(chat), Some(user)) => format!("{kind}:{chat}:{user}"),
        ("chat" | "chat_administrators" | "chat_member", _, _) => {
            return Err(Refusal::bad("can't parse BotCommandScope: chat_id or user_id is missing"));
        }
        _ => return Err(Refusal::bad("can't parse BotCommandScope: unsupported type specified")),
    };
    Ok((name, language.to_owned()))
}

/// `answerCallbackQuery`. Each press can be answered once.
pub(super) fn answer_callback(world: &mut World, params: &Params) -> Outcome {
    let too_old = || Refusal::bad("query is too old and response timeout expired or query id is invalid");
    if params.text("text").unwrap_or_default().chars().count() > NOTICE_LIMIT {
        return Err(Refusal::bad("MESSAGE_TOO_LONG"));
    }
    let id = params.text("callback_query_id").ok_or_else(too_old)?;
    let press = world.presses.get_mut(id).filter(|press| press.answer.is_none()).ok_or_else(too_old)?;
    press.answer = Some(params.as_value());
    let chat = press.chat;
    world.touch_screen(chat);
    Ok(json!(true))
}
