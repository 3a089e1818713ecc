//! Deletion of all topics of a chat: offered by a button, confirmed by a tap of the same person, who must
//! still have the right, then done topic by topic. Progress is stored, so that the next start continues it.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::text::{self, clear};
use super::super::{inbound::ButtonPress, keyboards, locale};
use super::{answer_tap, answer_to, log_failure, mark_handled, patiently, rights};
use crate::bot_api::ApiError;
use crate::bot_api::methods::DeleteForumTopic;
use crate::db::outbox::OutboxMessage;
use crate::db::topics::TopicDeletion;
use crate::db::{DbError, topics};
use crate::domain::bucket::Bucket;
use crate::domain::ids::{ChatId, DeletionId, TopicId, UserId};
use crate::domain::people::Language;
use crate::lifecycle::kill_point;
use crate::rendering::RichText;
use crate::services::clearing::{self, DeletionRefusal, DeletionVerdict};

/// The most attempts to delete one topic.
const DELETE_TRIES: u32 = 8;
/// The number of topics deleted before the right is checked again.
const ASK_EVERY: usize = 50;

/// Offers to delete the topics if the sender may manage them.
pub(super) async fn offer(
    context: Arc<BotContext>,
    header: MessageHeader,
    topics: Vec<TopicId>,
) -> Result<(), DbError> {
    let key = header.key;
    let language = locale::of(&context, &header.sender).await?;
    let may = may_manage(&context, key.chat, header.sender.id).await;
    if may.is_none() && context.life.drain.is_cancelled() {
        // The update stays in the inbox until the next start.
        return Ok(());
    }
    if may != Some(true) {
        mark_handled(&context, header.update);
        return Ok(());
    }
    let message = |id| OutboxMessage {
        key: format!("topics:{}", header.update),
        keyboard: Some(keyboards::delete_topics(id, topics.len(), language).0),
        ..answer_to(&header, RichText::plain(clear::offer(language, topics.len())))
    };
    let offer = || clearing::offer(&context.books, header.caller(), &topics, message);
    let messages = context.db.persist(offer).await?;
    context.courier().deliver_again(messages);
    Ok(())
}

/// Handles a tap on the button. Its data may be forged: the row that it names must belong to this chat and
/// person, who must still have the right in the chat of the row.
pub(crate) async fn tapped(
    context: Arc<BotContext>,
    tap: ButtonPress,
    id: DeletionId,
) -> Result<(), DbError> {
    let ButtonPress { update, callback, header, person, .. } = tap;
    let language = locale::soon(&context, &person).await;
    let books = &context.books;
    let refuse = |sentence: String, why: &'static str| {
        let chat = header.as_ref().map(|header| header.key.chat.0);
        let user = person.id.0;
        tracing::warn!(chat.id = chat, user.id = user, deletion.id = id.0, "a tap deletes no topics: {why}");
        answer_tap(&context, callback.clone(), Some(sentence));
        mark_handled(&context, update);
        Ok(())
    };
    let Some(chat) = header.as_ref().map(|header| header.key.chat) else {
        return refuse(text::old_button(language), "its message is too old");
    };
    let judge = || clearing::judge(books, id, (chat, person.id), update);
    let deletion = match context.db.persist(judge).await? {
        DeletionVerdict::Passed(deletion) => deletion,
        DeletionVerdict::Refused(DeletionRefusal::Unknown) => {
            return refuse(text::old_button(language), "no such offer here");
        }
        DeletionVerdict::Refused(DeletionRefusal::Expired) => {
            return refuse(text::old_button(language), "expired");
        }
        DeletionVerdict::Refused(DeletionRefusal::NotYours) => {
            return refuse(text::not_your_button(language), "somebody else's");
        }
        DeletionVerdict::Refused(DeletionRefusal::Used) => {
            return refuse(clear::used(language), "used before");
        }
    };
    match may_manage(&context, deletion.chat, deletion.user).await {
        Some(true) => {}
        Some(false) => return refuse(clear::not_allowed(language), "no right to manage topics"),
        None => return refuse(clear::later(language), "Telegram does not tell the rights"),
    }
    let confirm = || clearing::confirm(books, id, (chat, person.id), update);
    if !context.db.persist(confirm).await? {
        return refuse(clear::used(language), "another tap was quicker");
    }
    let count = deletion.topics.len();
    tracing::info!(chat.id = chat.0, user.id = person.id.0, deletion.id = id.0, count, "deleting topics");
    answer_tap(&context, callback, None);
    carry_out(context, id, Some(true)).await
}

/// Returns whether a person may manage the topics of a chat, or `None` if Telegram does not answer. In a
/// private chat the person may. Elsewhere the right to delete messages is needed too, because they are
/// deleted with the topic. Administrators of the bot have no special rights here.
async fn may_manage(context: &BotContext, chat: ChatId, user: UserId) -> Option<bool> {
    if chat.0 == user.0 {
        return Some(true);
    }
    Some(rights::ask(context, chat, user).await?.may_delete_topics())
}

/// Resumes confirmed deletions in chats of `buckets` that are not finished.
pub(crate) async fn take_up(context: &Arc<BotContext>, buckets: &[i64]) -> Result<(), DbError> {
    let (db, drain) = (&context.db, &context.life.drain);
    for id in db.until(drain).persist(|| topics::unfinished(db, buckets)).await? {
        let task = carry_out(context.clone(), id, None);
        context.life.spawn("topics", async move { log_failure(task.await) });
    }
    Ok(())
}

/// The result of deleting a topic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DeletionResult {
    /// The topic no longer exists.
    Gone,
    /// The topic could not be deleted.
    Stays,
    /// The bot may not delete any topics.
    Forbidden,
}

/// Deletes the remaining topics one by one and reports the result. `may` is whether the person has the right,
/// if known. The right is checked if unknown and again regularly, because a deletion may take long. Stops if
/// the person or the bot loses the right.
async fn carry_out(context: Arc<BotContext>, id: DeletionId, mut may: Option<bool>) -> Result<(), DbError> {
    let (db, life) = (&context.db, &context.life);
    let Some(deletion) = db.persist(|| topics::find(db, id)).await? else {
        return Ok(());
    };
    let TopicDeletion { chat, user, .. } = deletion;
    // Whoever holds the chat otherwise goes on with it.
    let Some(_occupied) = life.holdings.enter(Bucket::of(chat)) else { return Ok(()) };
    for (number, topic) in deletion.left().into_iter().enumerate() {
        if may.is_none() || may == Some(true) && number > 0 && number.is_multiple_of(ASK_EVERY) {
            let asked = may_manage(&context, chat, user).await;
            if asked.is_none() && life.drain.is_cancelled() {
                return Ok(());
            }
            if asked != Some(true) {
                tracing::warn!(
                    chat.id = chat.0,
                    user.id = user.0,
                    deletion.id = id.0,
                    "no right to delete more topics"
                );
            }
            may = Some(asked == Some(true));
        }
        let fate = match may {
            Some(true) => delete(&context, chat, topic).await,
            _ => Some(DeletionResult::Stays),
        };
        // During a drain the rest waits for the next start.
        let Some(fate) = fate else { return Ok(()) };
        kill_point!("topics: after the call");
        let record = || clearing::record(db, &context.cache, id, topic, fate == DeletionResult::Gone);
        db.persist(record).await?;
        context.forgotten();
        if fate == DeletionResult::Forbidden {
            may = Some(false);
        }
    }
    let end = || clearing::finish(&context.books, id, |deletion, language| result(id, deletion, language));
    let messages = db.persist(end).await?;
    context.courier().deliver_again(messages);
    Ok(())
}

/// Deletes a topic. Returns `None` if the service drains first.
async fn delete(context: &BotContext, chat: ChatId, topic: TopicId) -> Option<DeletionResult> {
    let method = DeleteForumTopic { chat_id: chat, message_thread_id: topic };
    let asked = patiently(context, DELETE_TRIES, || context.screen.api.deliver(chat, &method));
    match asked.await? {
        Ok(_) | Err(ApiError::TopicGone) => Some(DeletionResult::Gone),
        Err(error) => {
            let forbidden = error.is_lack_of_rights();
            let error = &error as &dyn std::error::Error;
            tracing::warn!(chat.id = chat.0, topic.id = topic.0, error, "Telegram does not delete a topic");
            Some(if forbidden { DeletionResult::Forbidden } else { DeletionResult::Stays })
        }
    }
}

fn result(id: DeletionId, deletion: &TopicDeletion, language: Language) -> OutboxMessage {
    let sentence = clear::topics_deleted(language, deletion.deleted.len(), deletion.failed.len());
    let text = RichText::plain(sentence).into_wire();
    OutboxMessage::new(format!("topics deleted:{id}"), deletion.chat, None, text)
}
