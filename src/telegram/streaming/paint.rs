//! One state of an unfinished answer as a call: a draft, a new message or an edit.

use std::time::Duration;

use tokio::time::Instant;

use super::super::keyboards;
use super::{Place, Screen, Surface};
use crate::bot_api::flow::Class;
use crate::bot_api::methods::{
    EditMessageReplyMarkup, EditMessageText, EditResponse, NoPreview, ReplyParameters, SendMessage,
    SendMessageDraft,
};
use crate::bot_api::{Api, ApiError, Postponed};
use crate::db::outbox::LostSearch;
use crate::db::{Db, turns};
use crate::domain::ids::{MessageId, TurnId};
use crate::lifecycle::kill_point;
use crate::rendering::{Entity, EntityKind, RichText};

/// The most of the model's thoughts shown, in code points; the newest ones.
const THOUGHTS: usize = 1_000;

/// When a live message is tried again that has to wait for older messages of its chat.
const BEHIND_DELIVERIES: Duration = Duration::from_millis(250);

/// The most message ids probed when a live message may have been sent without a record.
const LOOKS: i64 = 12;

/// Time limit for recording a live message, long enough for a database restart. Without the record, a crash
/// leaves the message half written.
const REMEMBER_LIMIT: Duration = Duration::from_secs(5);

/// A state that was shown.
pub(in crate::telegram) struct Painted {
    /// The message that shows it, if it was newly sent.
    pub(super) live: Option<MessageId>,
}

/// Shows a state. `part` is the number of the current part, each of which has its own draft; `class` applies
/// to drafts.
pub(super) async fn paint(
    screen: &Screen,
    place: Place,
    part: usize,
    live: Option<MessageId>,
    class: Class,
    state: RichText,
) -> Result<Painted, Postponed> {
    match (place.surface, live) {
        (Surface::Draft, _) => draft(&screen.api, place, part, class, &state).await,
        (Surface::Message(_), Some(message)) => edit(&screen.api, place, message, &state).await,
        (Surface::Message(_), None) => begin(screen, place, part, &state).await,
    }
}

/// Shows a draft.
pub(in crate::telegram) async fn draft(
    api: &Api,
    place: Place,
    part: usize,
    class: Class,
    state: &RichText,
) -> Result<Painted, Postponed> {
    let method = SendMessageDraft {
        chat_id: place.chat,
        message_thread_id: place.topic,
        draft_id: draft_id(place.turn, part),
        text: &state.text,
        entities: &state.wire_entities(),
        can_stop: true,
    };
    api.attempt(place.chat, class, &method).await.map(|_| Painted { live: None })
}

async fn edit(api: &Api, place: Place, message: MessageId, state: &RichText) -> Result<Painted, Postponed> {
    let method = EditMessageText {
        chat_id: place.chat,
        message_id: message,
        text: &state.text,
        entities: &state.wire_entities(),
        link_preview_options: NoPreview::default(),
        reply_markup: Some(keyboards::stop(place.turn, place.language)),
    };
    match api.attempt(place.chat, Class::Live, &method).await {
        Ok(_) | Err(Postponed::Failed(ApiError::NotModified)) => Ok(Painted { live: None }),
        Err(postponed) => Err(postponed),
    }
}

/// Sends the live message. Its id is recorded, so that a crash does not leave it half written.
async fn begin(screen: &Screen, place: Place, part: usize, state: &RichText) -> Result<Painted, Postponed> {
    let method = SendMessage {
        chat_id: place.chat,
        message_thread_id: place.topic,
        text: &state.text,
        entities: &state.wire_entities(),
        reply_parameters: place.reply_to.filter(|_| part == 0).map(ReplyParameters::to),
        link_preview_options: NoPreview::default(),
        disable_notification: false,
        reply_markup: Some(keyboards::stop(place.turn, place.language)),
    };
    // It would stand above older messages that are still being delivered.
    if !screen.courier.is_idle(place.chat) {
        return Err(Postponed::NotBefore(Instant::now() + BEHIND_DELIVERIES));
    }
    // Recorded as begun without being sent, it would be searched for after a crash.
    let admitted = screen.api.admit_at_once(place.chat, Class::Live)?;
    let (turn, held, db) = (place.turn, place.held(), &screen.db);
    let begin = db.persist(|| turns::begin_live(db, held));
    if !matches!(tokio::time::timeout(REMEMBER_LIMIT, begin).await, Ok(Ok(()))) {
        tracing::warn!(turn.id = turn.0, "that the turn {turn} gets a live message is not remembered");
    }
    let sent = screen.api.attempt_admitted(admitted, &method).await?;
    kill_point!("live: after the call");
    let live = MessageId(sent.message_id);
    let show = db.persist(|| turns::show_in(db.pool(), held, Some(live)));
    if !matches!(tokio::time::timeout(REMEMBER_LIMIT, show).await, Ok(Ok(()))) {
        tracing::warn!(turn.id = turn.0, "the live message of the turn {turn} is not remembered");
    }
    Ok(Painted { live: Some(live) })
}

/// Searches for a turn's live message that a crash kept from being recorded: its button names the turn, or it
/// replies to the question. Other messages are left unchanged, except for a button that their next edit
/// restores.
pub(in crate::telegram) async fn find_lost(api: &Api, db: &Db, place: Place) -> Option<MessageId> {
    let chat = place.chat;
    let mut search = LostSearch::new(None, chat, place.after(), LOOKS);
    while let Ok(Some(number)) = search.next(db).await {
        let buttons =
            |reply_markup| EditMessageReplyMarkup { chat_id: chat, message_id: number, reply_markup };
        let ours = Some(keyboards::stop(place.turn, place.language));
        match api.deliver(chat, &buttons(ours)).await {
            Err(ApiError::NotModified) => return Some(number),
            Ok(EditResponse { reply_to_message: Some(question) })
                if question.message_id == place.question.0 =>
            {
                return Some(number);
            }
            Ok(_) => {
                if let Err(error) = api.deliver(chat, &buttons(None)).await {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "a button could not be taken away"
                    );
                }
            }
            Err(_) => {}
        }
    }
    None
}

/// Returns the model's thoughts as an expandable quote.
pub(super) fn thoughts(thinking: &str) -> RichText {
    let thinking = thinking.trim();
    let surplus = thinking.chars().count().saturating_sub(THOUGHTS);
    let newest: String = thinking.chars().skip(surplus).collect();
    let text = if surplus == 0 { format!("🧠 {newest}") } else { format!("🧠 …{newest}") };
    let length = text.encode_utf16().count();
    RichText { text, entities: vec![Entity { offset: 0, length, kind: EntityKind::ExpandableBlockquote }] }
}

/// Returns a draft id, which is never zero and differs between neighbouring turns and parts.
fn draft_id(turn: TurnId, part: usize) -> i32 {
    const RANGE: i64 = i32::MAX as i64 - 1;
    let number = turn.0.wrapping_mul(PARTS).wrapping_add(i64::try_from(part).unwrap_or(0) % PARTS);
    i32::try_from(number.rem_euclid(RANGE) + 1).unwrap_or(1)
}

/// The number of draft ids of one turn before they repeat.
const PARTS: i64 = 64;

/// Returns whether a draft belongs to a turn.
pub(in crate::telegram) fn is_draft_of(turn: TurnId, draft: i32) -> bool {
    (0..PARTS).any(|part| draft_id(turn, usize::try_from(part).unwrap_or(0)) == draft)
}

#[cfg(test)]
mod tests;
