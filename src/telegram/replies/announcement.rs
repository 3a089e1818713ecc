//! The content of an announcement: the message that answers the question for it. It is copied back to the
//! administrator as a preview, and goes out only after approval.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::keyboards;
use super::super::locale;
use super::super::text::announcements as text;
use super::{answer_to, carry_out, log_failure, patiently, reply};
use crate::bot_api::methods::CopyMessage;
use crate::db::DbError;
use crate::db::announcement_recipients::Audience;
use crate::db::announcements;
use crate::db::dialogs::{self, Dialog};
use crate::db::outbox::OutboxMessage;
use crate::domain::ids::AnnouncementId;
use crate::domain::people::Language;
use crate::lifecycle::kill_point;
use crate::rendering::RichText;
use crate::services::{announcements as service, intake};

/// The most attempts to show the preview.
const PREVIEW_TRIES: u32 = 8;

/// A message that an administrator wants to announce.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Content {
    /// It is the content of this announcement.
    Message(AnnouncementId),
    /// It is a part of this album, which cannot be announced.
    Album(String),
}

/// Takes a message of an administrator as a content, if one is awaited or if it was taken before. A database
/// that is away is waited for.
pub(crate) async fn claim(
    context: &BotContext,
    header: &MessageHeader,
    album: Option<&String>,
) -> Option<Content> {
    let (db, drain) = (&context.db, &context.life.drain);
    let claimed = db.until(drain).persist(|| async move {
        if let Some(album) = album {
            let awaited =
                dialogs::is_open(db, header.key, header.sender.id, Dialog::Announcement, header.update)
                    .await?;
            return Ok(awaited.then(|| Content::Album(album.clone())));
        }
        let taken = announcements::take_content(db, header.key, header.update, header.message).await?;
        Ok(taken.map(Content::Message))
    });
    claimed.await.unwrap_or_else(|error| {
        log_failure(Err(error));
        None
    })
}

/// Takes a message that the dialog has caught only when it was to become a prompt.
pub(crate) async fn take(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    match claim(&context, &header, None).await {
        Some(content) => show(context, header, content).await,
        None => reply(&context, &header, |language, _| text::gone(language)).await,
    }
}

/// Shows a content as everybody will see it, and asks for approval. An album is refused, once for all its parts.
pub(crate) async fn show(
    context: Arc<BotContext>,
    header: MessageHeader,
    content: Content,
) -> Result<(), DbError> {
    let id = match content {
        Content::Message(id) => id,
        Content::Album(album) => return refuse_album(&context, &header, &album).await,
    };
    let language = locale::of(&context, &header.sender).await?;
    let method = CopyMessage {
        chat_id: header.key.chat,
        message_thread_id: header.key.topic,
        from_chat_id: header.key.chat,
        message_id: header.message,
        reply_markup: Some(keyboards::take_announcements(true, language)),
    };
    let api = &context.screen.api;
    let preview = patiently(&context, PREVIEW_TRIES, || api.deliver(header.key.chat, &method));
    // During a drain the update stays in the inbox, and the next start shows it again.
    let Some(preview) = preview.await else { return Ok(()) };
    kill_point!("announce: shown");
    if let Err(error) = preview {
        tracing::warn!(
            announcement.id = id.0,
            error = &error as &dyn std::error::Error,
            "a content cannot be announced"
        );
        let message = answer_to(&header, RichText::plain(text::not_copied(language)));
        let again = || service::ask_again(&context.books, header.caller(), id, &message);
        return carry_out(&context, again).await;
    }
    let message = |audience| question(&header, language, id, audience);
    let offer = || service::offer(&context.books, header.caller(), id, message);
    carry_out(&context, offer).await
}

fn question(
    header: &MessageHeader,
    language: Language,
    id: AnnouncementId,
    audience: Audience,
) -> OutboxMessage {
    let keyboard = (audience.reached > 0).then(|| keyboards::approve(id, audience.reached, language).0);
    OutboxMessage { keyboard, ..answer_to(header, RichText::plain(text::offer(language, audience))) }
}

async fn refuse_album(context: &BotContext, header: &MessageHeader, album: &str) -> Result<(), DbError> {
    let language = locale::of(context, &header.sender).await?;
    let message = OutboxMessage {
        key: format!("announced album:{}:{album}", header.key.chat),
        ..answer_to(header, RichText::plain(text::album(language)))
    };
    let answer = || intake::answer_command(&context.books, header.caller(), |_| message.clone());
    carry_out(context, answer).await
}
