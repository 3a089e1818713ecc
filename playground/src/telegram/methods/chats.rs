//! Methods that return chats and their members.

use serde_json::{Value, json};

use super::super::chat::ChatType;
use super::super::params::Params;
use super::super::refusal::{Outcome, Refusal};
use super::super::world::World;
use super::target;

/// `getChat`.
pub(super) fn get_chat(world: &World, params: &Params) -> Outcome {
    let chat = target::known_chat(world, params)?;
    let mut object = world.chat_object(chat);
    object["accent_color_id"] = json!(0);
    object["max_reaction_count"] = json!(11);
    object["accepted_gift_types"] = json!({
        "unlimited_gifts": true,
        "limited_gifts": true,
        "unique_gifts": true,
        "premium_subscription": true,
        "gifts_from_channels": true,
    });
    if chat < 0 {
        object["permissions"] = json!({"can_send_messages": true, "can_invite_users": true});
        object["join_to_send_messages"] = json!(true);
    }
    Ok(object)
}

/// `getChatMember`.
pub(super) fn get_member(world: &World, params: &Params) -> Outcome {
    let chat = target::known_chat(world, params)?;
    let user = params.int("user_id").ok_or_else(|| Refusal::bad("invalid user_id specified"))?;
    if !world.users.contains_key(&user) {
        return Err(Refusal::bad("PARTICIPANT_ID_INVALID"));
    }
    Ok(member(world, chat, user))
}

/// `getChatAdministrators`.
pub(super) fn administrators(world: &World, params: &Params) -> Outcome {
    let chat = target::known_chat(world, params)?;
    let Some(ChatType::Supergroup { admins, .. }) = world.chats.get(&chat).map(|state| &state.kind) else {
        return Err(Refusal::bad("there are no administrators in the private chat"));
    };
    let bot = Some(world.settings.bot_id).filter(|_| world.bot_administers(chat));
    let users = admins.iter().copied().chain(bot);
    Ok(users.map(|user| member(world, chat, user)).collect())
}

/// `getChatMemberCount`.
pub(super) fn member_count(world: &World, params: &Params) -> Outcome {
    let chat = target::known_chat(world, params)?;
    Ok(match world.chats.get(&chat).map(|state| &state.kind) {
        Some(ChatType::Supergroup { members, .. }) => json!(members.len() + 1),
        _ => json!(2),
    })
}

/// `leaveChat`.
pub(super) fn leave(world: &mut World, params: &Params) -> Outcome {
    let chat = target::writable_chat(world, params)?;
    match world.chats.get_mut(&chat).map(|state| &mut state.kind) {
        Some(ChatType::Supergroup { bot_kicked, .. }) => *bot_kicked = true,
        _ => return Err(Refusal::bad("chat member status can't be changed in private chats")),
    }
    world.touch(chat);
    Ok(json!(true))
}

/// Returns a Bot API `ChatMember` object.
fn member(world: &World, chat: i64, user: i64) -> Value {
    let object = world.user_object(user);
    let Some(ChatType::Supergroup { members, admins, bot_kicked, .. }) =
        world.chats.get(&chat).map(|state| &state.kind)
    else {
        let inside = user == chat || world.is_bot(user);
        return json!({"user": object, "status": if inside { "member" } else { "left" }});
    };
    if world.is_bot(user) && *bot_kicked {
        return json!({"user": object, "status": "kicked", "until_date": 0});
    }
    if members.first() == Some(&user) {
        return json!({"user": object, "status": "creator", "is_anonymous": false});
    }
    if admins.contains(&user) || world.is_bot(user) && world.bot_administers(chat) {
        let topics = world.chats.get(&chat).is_some_and(|state| state.may_manage_topics(user));
        return json!({
            "user": object, "status": "administrator", "can_be_edited": false, "is_anonymous": false,
            "can_manage_chat": true, "can_delete_messages": topics, "can_manage_video_chats": true,
            "can_restrict_members": true, "can_promote_members": false, "can_change_info": true,
            "can_invite_users": true, "can_post_stories": true, "can_edit_stories": true,
            "can_delete_stories": true, "can_pin_messages": true, "can_manage_topics": topics,
        });
    }
    let is_member = members.contains(&user) || world.is_bot(user);
    json!({"user": object, "status": if is_member { "member" } else { "left" }})
}
