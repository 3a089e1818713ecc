//! `/privacy` and `/export`: what is stored, a file with the conversation or with everything, and the erasure of
//! everything but the books, which a second tap confirms. The files are made and the erasure is carried out by
//! `telegram::personal_data`.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::{ButtonPress, MessageHeader};
use super::super::keyboards::{self, DataTap};
use super::super::locale;
use super::super::replies::{answer_tap, answer_to, carry_out, mark_handled, remove_buttons};
use super::super::text::{self as sentences, privacy as text};
use crate::db::DbError;
use crate::db::data_requests::DataRequestKind;
use crate::db::outbox::OutboxMessage;
use crate::db::people::KnownUser;
use crate::domain::ids::DataRequestId;
use crate::domain::people::{ChatKind, Language};
use crate::rendering::{RichText, render};
use crate::services::data_requests::{self, Decided, FileAsked};
use crate::services::intake;

/// Shows what is stored; only in private chats.
pub(super) async fn show(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let days = context.books.terms.messages_kept_days;
    let message = |known: &KnownUser| OutboxMessage {
        keyboard: Some(keyboards::privacy(known.language).0),
        ..answer_to(&header, render(&text::privacy(known.language, days)))
    };
    carry_out(&context, || intake::answer_command(&context.books, header.caller(), message)).await
}

/// Asks for a file with the conversation in which the command stands.
pub(super) async fn export(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let now = context.books.clock.now();
    let reply = |language: Language, asked: FileAsked| {
        let sentence = text::conversation_asked(language, asked, now)?;
        Some(answer_to(&header, RichText::plain(sentence)))
    };
    let (books, kind) = (&context.books, DataRequestKind::Conversation);
    let ask = || data_requests::ask_for_file(books, header.caller(), header.message, kind, reply);
    let (_, messages) = context.db.persist(ask).await?;
    context.data_requests.notify_one();
    context.courier().deliver(messages);
    Ok(())
}

/// Handles a tap below `/privacy` or below the offer of an erasure. It counts for the person who taps, in the
/// private chat with that person, whatever its data says.
pub(super) async fn tapped(context: Arc<BotContext>, tap: ButtonPress, what: DataTap) -> Result<(), DbError> {
    let ButtonPress { update, callback, header, person, .. } = tap;
    let language = locale::soon(&context, &person).await;
    let Some(header) = header.filter(|header| header.chat.kind == ChatKind::Private) else {
        tracing::warn!(update.id = update.0, user.id = person.id.0, "a tap about data is old or forged");
        answer_tap(&context, callback, Some(sentences::old_button(language)));
        mark_handled(&context, update);
        return Ok(());
    };
    match what {
        DataTap::Everything => everything(&context, &header, callback).await,
        DataTap::Erase => {
            let message = |language, id, balance| OutboxMessage {
                keyboard: Some(keyboards::confirm_erasure(id, language).0),
                ..answer_to(&header, render(&text::offer_erasure(language, balance)))
            };
            let books = &context.books;
            let offer = || data_requests::offer_erasure(books, header.caller(), header.message, message);
            carry_out(&context, offer).await?;
            answer_tap(&context, callback, None);
            Ok(())
        }
        DataTap::Decide(id, confirmed) => decide(&context, &header, callback, (id, confirmed)).await,
    }
}

async fn everything(context: &BotContext, header: &MessageHeader, callback: String) -> Result<(), DbError> {
    let (books, kind, now) = (&context.books, DataRequestKind::Everything, context.books.clock.now());
    let language = locale::of(context, &header.sender).await?;
    let ask = || data_requests::ask_for_file(books, header.caller(), header.message, kind, |_, _| None);
    let (asked, _) = context.db.persist(ask).await?;
    context.data_requests.notify_one();
    answer_tap(context, callback, Some(text::everything_asked(language, asked, now)));
    Ok(())
}

async fn decide(
    context: &BotContext,
    header: &MessageHeader,
    callback: String,
    (id, confirmed): (DataRequestId, bool),
) -> Result<(), DbError> {
    let language = locale::of(context, &header.sender).await?;
    let place = (header.sender.id, header.key.chat);
    let decide = || data_requests::decide(&context.books, header.update, place, id, confirmed);
    let decided = context.db.persist(decide).await?;
    if decided == Decided::Unknown {
        let (chat, user) = (header.key.chat.0, header.sender.id.0);
        tracing::warn!(chat.id = chat, user.id = user, request.id = id.0, "a tap on no erasure of theirs");
    } else {
        remove_buttons(context, header);
    }
    if decided == Decided::Done && confirmed {
        context.data_requests.notify_one();
    }
    answer_tap(context, callback, Some(text::decided(language, decided, confirmed)));
    Ok(())
}
