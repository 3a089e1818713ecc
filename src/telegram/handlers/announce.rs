//! `/announce`: the command, the buttons below an announcement, and the button with which a person switches
//! announcements off. Only administrators may make, approve or stop one.

use std::sync::Arc;

use super::super::commands::CommandRefusal;
use super::super::context::BotContext;
use super::super::inbound::{ButtonPress, Inbound, MessageHeader};
use super::super::keyboards::{self, AnnounceStep};
use super::super::locale;
use super::super::replies::{answer_tap, answer_to, carry_out, mark_handled, remove_buttons};
use super::super::text::{self as sentences, announcements as text, commands};
use super::admin::target_of;
use crate::bot_api::methods::{EditMessageReplyMarkup, EditMessageText, NoPreview};
use crate::db::DbError;
use crate::db::outbox::OutboxMessage;
use crate::domain::ids::{AnnouncementId, ChatId, MessageId};
use crate::domain::message::Incoming;
use crate::domain::people::ChatKind;
use crate::rendering::RichText;
use crate::services::announcements::{self, Asked, Tapped};

/// Asks for the content, or shows the announcement that is being sent.
pub(super) async fn begin(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let words =
        header.arguments.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let targets: Vec<_> = words.map(|word| (word.to_owned(), target_of(word))).collect();
    let language = locale::of(&context, &header.sender).await?;
    let message = |asked: &Asked| {
        let keyboard = match asked {
            Asked::Running(id, _) => Some(keyboards::stop_announcement(*id, language).0),
            Asked::Begun { .. } | Asked::Nobody => None,
        };
        OutboxMessage { keyboard, ..answer_to(&header, RichText::plain(text::asked(language, asked))) }
    };
    let ask = || announcements::ask(&context.books, header.caller(), &targets, message);
    carry_out(&context, ask).await
}

/// Returns the header and the album of a message that an administrator may want to announce: any but a command,
/// in the private chat.
pub(super) fn may_be_content<'a>(
    context: &BotContext,
    inbound: &'a Inbound,
) -> Option<(MessageHeader, Option<&'a String>)> {
    let (header, album) = match inbound {
        Inbound::Prompt(incoming) => {
            if !is_content(context, incoming) {
                return None;
            }
            (MessageHeader::from(incoming.clone()), incoming.album.as_ref())
        }
        Inbound::Unreadable(header, _, _) => (header.clone(), None),
        _ => return None,
    };
    let is_content = header.chat.kind == ChatKind::Private && context.books.is_privileged(header.sender.id);
    is_content.then_some((header, album))
}

/// Returns whether a message is worth a look into the database. Most are not, and none of them is copied.
fn is_content(context: &BotContext, incoming: &Incoming) -> bool {
    incoming.chat.kind == ChatKind::Private && context.books.is_privileged(incoming.sender.id)
}

/// Handles a tap below an announcement. Its data may be forged: rights come from the settings, and an
/// announcement is approved only by its administrator, in the chat where it was prepared.
pub(super) async fn tapped(
    context: Arc<BotContext>,
    tap: ButtonPress,
    step: AnnounceStep,
    id: AnnouncementId,
) -> Result<(), DbError> {
    let ButtonPress { update, callback, header, person, .. } = tap;
    let (user, language) = (person.id, locale::soon(&context, &person).await);
    if !context.books.is_privileged(user) {
        tracing::warn!(user.id = user.0, announcement.id = id.0, "the user {user} is no administrator");
        answer_tap(&context, callback, Some(commands::refused(language, CommandRefusal::NotAdministrator)));
        mark_handled(&context, update);
        return Ok(());
    }
    let Some(header) = header else {
        answer_tap(&context, callback, Some(sentences::old_button(language)));
        mark_handled(&context, update);
        return Ok(());
    };
    let (books, key) = (&context.books, header.key);
    let mut is_other = false;
    let done = match step {
        AnnounceStep::Send => {
            let approve = || announcements::approve(books, update, key, id, header.message);
            context.db.persist(approve).await?
        }
        AnnounceStep::Cancel => context.db.persist(|| announcements::cancel(books, update, key, id)).await?,
        AnnounceStep::Stop => {
            let shown = (key.chat, header.message);
            let stop = || announcements::stop(books, update, user, id, shown);
            let (done, other) = context.db.persist(stop).await?;
            is_other = other;
            done
        }
    };
    let confirmation = (step == AnnounceStep::Stop).then(|| text::stopping(language));
    let said = if done == Tapped::Done { confirmation } else { text::tapped(language, done) };
    answer_tap(&context, callback, said);
    if is_other && done == Tapped::Done {
        replace(&context, key.chat, header.message, text::stopped(language));
    }
    match (done, step) {
        (Tapped::Done, AnnounceStep::Cancel) => {
            replace(&context, key.chat, header.message, text::cancelled(language));
        }
        (Tapped::Done, AnnounceStep::Send | AnnounceStep::Stop) => context.announcements.notify_one(),
        // The message that shows the progress becomes the summary.
        (Tapped::Before, AnnounceStep::Stop) if is_other => remove_buttons(&context, &header),
        _ => {}
    }
    Ok(())
}

/// Replaces a message and its buttons by a sentence, in the background. A failure is harmless: the buttons have
/// no effect any more.
fn replace(context: &BotContext, chat: ChatId, message: MessageId, sentence: String) {
    let api = context.screen.api.clone();
    context.life.spawn("announcement", async move {
        let (text, entities) = RichText::plain(sentence).into_wire();
        let method = EditMessageText {
            chat_id: chat,
            message_id: message,
            text: &text,
            entities: &entities,
            link_preview_options: NoPreview::default(),
            reply_markup: None,
        };
        if let Err(error) = api.deliver(chat, &method).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a message keeps its buttons");
        }
    });
}

/// Switches announcements off or on for the person who taps the button below one.
pub(super) async fn subscribe(
    context: Arc<BotContext>,
    tap: ButtonPress,
    takes: bool,
) -> Result<(), DbError> {
    let ButtonPress { update, callback, header, person, .. } = tap;
    let (user, language) = (person.id, locale::soon(&context, &person).await);
    let db = &context.db;
    db.persist(|| announcements::subscribe(db, update, user, takes)).await?;
    answer_tap(&context, callback, Some(text::subscription(language, takes)));
    if let Some(header) = header.filter(|header| header.chat.kind == ChatKind::Private) {
        let (api, chat) = (context.screen.api.clone(), header.key.chat);
        let method = EditMessageReplyMarkup {
            chat_id: chat,
            message_id: header.message,
            reply_markup: Some(keyboards::take_announcements(takes, language)),
        };
        context.life.spawn("announcement", async move {
            if let Err(error) = api.deliver(chat, &method).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a button keeps its label");
            }
        });
    }
    Ok(())
}
