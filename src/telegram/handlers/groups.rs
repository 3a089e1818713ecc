//! Groups: `/group` and its card, on which administrators of a group set how the bot works there; and senders
//! without an account, who are told once how to use it.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::{ButtonPress, Departure, MessageHeader, Stranger};
use super::super::replies::{answer_tap, answer_to, carry_out, mark_handled, reply, rights};
use super::super::text::{self as sentences, clear, groups as text, preferences};
use super::super::{keyboards, locale};
use crate::bot_api::methods::GetMe;
use crate::db::outbox::OutboxMessage;
use crate::db::{DbError, groups as settings};
use crate::domain::group::{GroupChoice, GroupRefusal};
use crate::domain::ids::{ChatId, UserId};
use crate::domain::people::{ChatKind, Language};
use crate::rendering::{RichText, render};
use crate::services::groups::{self, GroupOverview, GroupTapped};

/// Shows what is set in the group to its administrators, and to its sponsor.
pub(super) async fn show(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let (chat, db) = (header.key.chat, &context.db);
    let administers = rights::administers(&context, chat, header.sender.id).await;
    // The update stays in the inbox until the next start.
    if administers.is_none() && context.life.drain.is_cancelled() {
        return Ok(());
    }
    let sponsors = async || {
        let settings = db.persist(|| settings::settings(db.pool(), chat)).await?;
        Ok::<_, DbError>(settings.is_sponsored_by(header.sender.id))
    };
    if administers != Some(true) && !sponsors().await? {
        let is_known = administers.is_some();
        let why = |language| if is_known { text::not_allowed(language) } else { clear::later(language) };
        return reply(&context, &header, |language, _| why(language)).await;
    }
    let sees_all = sees_all(&context, header.key.chat).await;
    let card = |language, overview: &GroupOverview| compose(&header, (language, overview), sees_all);
    carry_out(&context, || groups::show(&context.books, header.caller(), card)).await
}

/// Composes the card that answers an update.
fn compose(
    header: &MessageHeader,
    (language, overview): (Language, &GroupOverview),
    sees_all: bool,
) -> OutboxMessage {
    let keyboard = keyboards::groups::settings(&overview.settings, language);
    let text = render(&text::card(language, overview, sees_all));
    OutboxMessage { keyboard: Some(keyboard.0), ..answer_to(header, text) }
}

/// Returns whether Telegram hands every message of a group to the bot: its privacy mode is off, or it is an
/// administrator there.
async fn sees_all(context: &BotContext, chat: ChatId) -> bool {
    if context.me.can_read_all_group_messages {
        return true;
    }
    // The operator may have switched it off since the start.
    let now = context.screen.api.call(&GetMe {}).await.is_ok_and(|me| me.can_read_all_group_messages);
    now || rights::administers(context, chat, UserId(context.me.id)).await == Some(true)
}

/// Handles a tap on the card, which may be somebody else's, old or forged.
pub(super) async fn tapped(
    context: Arc<BotContext>,
    tap: ButtonPress,
    choice: GroupChoice,
) -> Result<(), DbError> {
    let ButtonPress { update, callback, header, person, .. } = tap;
    let language = locale::soon(&context, &person).await;
    let refuse = |sentence: String, why: &'static str| {
        tracing::warn!(update.id = update.0, user.id = person.id.0, "a tap changes no group: {why}");
        answer_tap(&context, callback.clone(), Some(sentence));
        Ok(())
    };
    let Some(header) = header.filter(|header| header.chat.kind != ChatKind::Private) else {
        mark_handled(&context, update);
        return refuse(sentences::old_button(language), "its message is too old or in no group");
    };
    let Some(administers) = rights::administers(&context, header.key.chat, person.id).await else {
        mark_handled(&context, update);
        return refuse(clear::later(language), "Telegram does not tell the rights");
    };
    let (message, sees_all) = (header.message, sees_all(&context, header.key.chat).await);
    let card = |language, overview: &GroupOverview| OutboxMessage {
        replaces: Some(message),
        reply_to: None,
        ..compose(&header, (language, overview), sees_all)
    };
    let choose = || groups::choose(&context.books, header.caller(), message, (choice, administers), card);
    let (language, tapped) = context.db.persist(choose).await?;
    match tapped {
        GroupTapped::Done(owed) => {
            tracing::info!(chat.id = header.key.chat.0, user.id = person.id.0, ?choice, "a group was set");
            answer_tap(&context, callback, None);
            context.courier().deliver(owed);
            Ok(())
        }
        GroupTapped::NotYours => refuse(preferences::not_your_card(language, "/group"), "somebody else's"),
        GroupTapped::Old | GroupTapped::Refused(GroupRefusal::Unknown) => {
            refuse(sentences::old_button(language), "not known or not offered")
        }
        GroupTapped::Refused(GroupRefusal::NoRight) => {
            refuse(text::not_allowed(language), "the person does not administer the group")
        }
        GroupTapped::Refused(GroupRefusal::OthersMoney) => {
            refuse(text::not_the_sponsor(language), "somebody else's money")
        }
    }
}

/// Tells a sender without an account how to use the bot, once in each group.
pub(super) async fn stranger(context: Arc<BotContext>, stranger: Stranger) -> Result<(), DbError> {
    let Stranger { update, chat, topic, message, kind } = stranger;
    let notice = |language| OutboxMessage {
        reply_to: Some(message),
        after: Some(message),
        ..OutboxMessage::new(
            format!("stranger:{}:{chat}", kind.name()),
            chat,
            topic,
            RichText::plain(text::stranger(language, kind)).into_wire(),
        )
    };
    let db = &context.db;
    carry_out(&context, || groups::tell_once(db, update, (chat, kind.name()), notice)).await
}

/// Ends the sponsorship of a person who has left a group.
pub(super) async fn member_left(context: Arc<BotContext>, gone: Departure) -> Result<(), DbError> {
    let Departure { update, chat, user } = gone;
    let notice = |language, name: &str| {
        let sentence = RichText::plain(text::sponsor_left(language, name));
        OutboxMessage::new(format!("update:{update}"), chat, None, sentence.into_wire())
    };
    let db = &context.db;
    carry_out(&context, || groups::member_left(db, update, (chat, user), notice)).await
}
