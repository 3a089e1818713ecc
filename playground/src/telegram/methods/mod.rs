//! The methods of the Bot API. Each reads its parameters, checks them against the state, changes the state
//! and returns the result object.

mod albums;
mod bot;
mod chats;
mod copies;
mod edits;
mod file_edits;
mod files;
mod invoices;
mod messages;
mod payments;
mod target;
mod topics;
mod updates;

pub(super) use updates::begin_poll;

use super::params::Params;
use super::refusal::{Outcome, Refusal};
use super::types::Attachment;
use super::world::World;

/// The documented spelling of every known method.
const METHODS: [&str; 46] = [
    "answerCallbackQuery",
    "answerPreCheckoutQuery",
    "close",
    "closeForumTopic",
    "copyMessage",
    "createForumTopic",
    "createInvoiceLink",
    "deleteForumTopic",
    "deleteMessage",
    "deleteMessages",
    "deleteMyCommands",
    "deleteWebhook",
    "editForumTopic",
    "editMessageCaption",
    "editMessageMedia",
    "editMessageReplyMarkup",
    "editMessageText",
    "getChat",
    "getChatAdministrators",
    "getChatMember",
    "getChatMemberCount",
    "getFile",
    "getForumTopicIconStickers",
    "getMe",
    "getMyCommands",
    "getMyStarBalance",
    "getStarTransactions",
    "getUpdates",
    "getWebhookInfo",
    "logOut",
    "refundStarPayment",
    "reopenForumTopic",
    "sendAnimation",
    "sendAudio",
    "sendChatAction",
    "sendDocument",
    "sendInvoice",
    "sendMediaGroup",
    "sendMessage",
    "sendMessageDraft",
    "sendPhoto",
    "sendVideo",
    "sendVoice",
    "setMyCommands",
    "setWebhook",
    "leaveChat",
];

/// Returns the documented spelling of a method name in any case; `None` if it is unknown.
pub(super) fn canonical(name: &str) -> Option<&'static str> {
    METHODS.into_iter().find(|method| method.eq_ignore_ascii_case(name))
}

/// Runs any method except `getUpdates`, which waits and is handled in `calls`.
pub(super) fn run(world: &mut World, method: &str, params: &Params) -> Outcome {
    match method {
        "getMe" => Ok(bot::get_me(world)),
        "setMyCommands" => bot::set_commands(world, params),
        "getMyCommands" => bot::get_commands(world, params),
        "deleteMyCommands" => bot::delete_commands(world, params),
        "answerCallbackQuery" => bot::answer_callback(world, params),
        "setWebhook" => updates::set_webhook(world, params),
        "deleteWebhook" => Ok(updates::delete_webhook(world, params)),
        "getWebhookInfo" => Ok(updates::webhook_info(world)),
        "sendMessage" => messages::send(world, params),
        "copyMessage" => copies::copy(world, params),
        "sendMessageDraft" => messages::draft(world, params),
        "sendChatAction" => messages::action(world, params),
        "editMessageText" => edits::text(world, params),
        "editMessageCaption" => file_edits::caption(world, params),
        "editMessageMedia" => file_edits::media(world, params),
        "editMessageReplyMarkup" => edits::markup(world, params),
        "deleteMessage" => edits::delete(world, params),
        "deleteMessages" => edits::delete_many(world, params),
        "getChat" => chats::get_chat(world, params),
        "getChatMember" => chats::get_member(world, params),
        "getChatAdministrators" => chats::administrators(world, params),
        "getChatMemberCount" => chats::member_count(world, params),
        "leaveChat" => chats::leave(world, params),
        "createForumTopic" => topics::create(world, params),
        "editForumTopic" => topics::edit(world, params),
        "closeForumTopic" => topics::set_closed(world, params, true),
        "reopenForumTopic" => topics::set_closed(world, params, false),
        "deleteForumTopic" => topics::delete(world, params),
        "getForumTopicIconStickers" => Ok(topics::icons()),
        "getFile" => files::get(world, params),
        "sendPhoto" => files::send(world, params, Attachment::Photo),
        "sendDocument" => files::send(world, params, Attachment::Document),
        "sendAudio" => files::send(world, params, Attachment::Audio),
        "sendVoice" => files::send(world, params, Attachment::Voice),
        "sendVideo" => files::send(world, params, Attachment::Video),
        "sendAnimation" => files::send(world, params, Attachment::Animation),
        "sendMediaGroup" => albums::send(world, params),
        "sendInvoice" => invoices::send(world, params),
        "createInvoiceLink" => invoices::create_link(world, params),
        "answerPreCheckoutQuery" => payments::answer_pre_checkout(world, params),
        "refundStarPayment" => payments::refund(world, params),
        "getStarTransactions" => Ok(payments::transactions(world, params)),
        "getMyStarBalance" => Ok(payments::balance(world)),
        "close" | "logOut" => Ok(true.into()),
        _ => Err(Refusal::new(404, "Not Found: method not found")),
    }
}
