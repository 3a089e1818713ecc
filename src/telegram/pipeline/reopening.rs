//! Rebuilds the request of a turn from what is stored, after a crash or when a question is asked again.

use super::processor::reserve;
use crate::db::turns::LeftOpen;
use crate::db::{DbError, files, transcriptions};
use crate::domain::ids::{MessageId, TurnId};
use crate::domain::people::ChatKind;
use crate::domain::turn::{TurnFailure, TurnRequest};
use crate::services::history;
use crate::telegram::context::BotContext;
use crate::telegram::pipeline::settings;

/// Rebuilds the request of an interrupted turn for an attempt under an epoch of this instance. Its history ends
/// with its own messages: later ones belong to later turns.
///
/// # Errors
/// Returns an error if the service shuts down or the database fails permanently.
pub(crate) async fn resume(
    context: &BotContext,
    left: &LeftOpen,
    (attempt, epoch): (i32, i64),
) -> Result<TurnRequest, DbError> {
    let db = &context.db;
    let load = || history::load(db, left.thread, Some(left.turn));
    let history = db.persist(load).await?.messages;
    let look = || files::unfetched(db, left.turn);
    let unfetched = db.persist(look).await?;
    let unheard = still_unheard(context, left.turn).await?;
    let LeftOpen { turn, thread, key, asker, payer, question, .. } = *left;
    let LeftOpen { cleared, live_message, held, .. } = *left;
    let chat_kind = chat_kind(&left.chat_kind, left.question);
    let settings = settings::of(&context.books, &left.preferences, left.language);
    let reserve = reserve(context, &settings, &history, chat_kind);
    Ok(TurnRequest {
        turn,
        attempt,
        epoch,
        thread,
        key,
        asker,
        payer,
        chat_kind,
        question,
        cleared,
        live_message,
        history,
        continuation: None,
        settings,
        held,
        reserve,
        unfetched,
        unheard,
    })
}

/// Why the model is not asked about a turn that a crash left open.
async fn still_unheard(context: &BotContext, turn: TurnId) -> Result<Option<TurnFailure>, DbError> {
    let db = &context.db;
    let found = db.persist(|| transcriptions::unheard(db, turn)).await?;
    Ok(found.and_then(|found| match (found.failed, found.silent) {
        (true, _) => Some(TurnFailure::NotHeard),
        (false, true) => Some(TurnFailure::NothingSaid),
        (false, false) => context.speech.is_none().then_some(TurnFailure::VoiceOff),
    }))
}

fn chat_kind(stored: &str, question: MessageId) -> ChatKind {
    match stored {
        "private" => ChatKind::Private,
        "group" => ChatKind::Group,
        "supergroup" => ChatKind::Supergroup,
        "channel" => ChatKind::Channel,
        other => {
            tracing::error!(message.id = question.0, "the chat kind {other} is unknown");
            ChatKind::Supergroup
        }
    }
}
