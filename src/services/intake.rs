//! Handles updates other than prompts: the effects and the handled mark in the inbox are one transaction.

use chrono::{DateTime, Utc};

use super::books::Books;
use super::{people, recovery};
use crate::cache::{self, Cache};
use crate::db::file_edits::FileEdit;
use crate::db::inbox::GivenUp;
use crate::db::outbox::{self, OutboxMessage};
use crate::db::people::{self as profiles, KnownUser};
use crate::db::turns::retrying::{self, ChangedQuestion};
use crate::db::{Db, DbError, Tx, copy_deletions, file_edits, inbox, messages, transcriptions};
use crate::domain::file::{Attachment, Retrieval};
use crate::domain::ids::{ChatId, MessageId, OutboxId, ThreadKey, UpdateId, UserId};
use crate::domain::people::{Chat, Language, Person};
use crate::lifecycle::kill_point;

/// The update that caused an operation, with its sender and place.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The update; it is marked as handled together with its effects.
    pub update: UpdateId,
    /// The conversation.
    pub key: ThreadKey,
    /// The sender.
    pub person: &'a Person,
    /// The chat.
    pub chat: &'a Chat,
}

impl Caller<'_> {
    /// Returns the user whose money is affected.
    pub fn user(&self) -> UserId {
        self.person.id
    }

    /// Starts the transaction in which the update takes effect: refreshes the profile and opens the books.
    pub(super) async fn enter(&self, books: &Books) -> Result<(Tx<'static>, KnownUser), DbError> {
        let mut tx = books.db.begin().await?;
        let known = people::meet(&mut tx, books, self.person, self.chat, self.key.topic).await?;
        Ok((tx, known))
    }

    /// Commits the transaction: stores the answers and marks the update as handled.
    pub(super) async fn leave(
        &self,
        mut tx: Tx<'static>,
        owed: &[OutboxMessage],
    ) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
        let owed = outbox::enqueue(&mut tx, owed).await?;
        inbox::handled(&mut tx, self.update).await?;
        Db::commit(tx).await?;
        Ok(owed)
    }
}

/// Answers a command: refreshes the profile, stores the message from `reply` and marks the update as handled.
/// `reply` receives the user, because a greeting depends on it.
pub async fn answer_command(
    books: &Books,
    caller: Caller<'_>,
    reply: impl Fn(&KnownUser) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (tx, known) = caller.enter(books).await?;
    caller.leave(tx, &[reply(&known)]).await
}

/// Answers `/start` like [`answer_command`], and records the campaign whose link brought the user.
pub(crate) async fn greet(
    books: &Books,
    caller: Caller<'_>,
    campaign: Option<&str>,
    reply: impl Fn(&KnownUser) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, known) = caller.enter(books).await?;
    if let Some(campaign) = campaign {
        profiles::set_campaign(&mut tx, caller.user(), campaign).await?;
    }
    caller.leave(tx, &[reply(&known)]).await
}

/// Answers a command like [`answer_command`], which also sets the sender's language (`None`: that of the app);
/// `reply` receives the language that now applies.
pub(crate) async fn set_language(
    books: &Books,
    cache: &Cache,
    caller: Caller<'_>,
    language: Option<Language>,
    reply: impl Fn(Language) -> Option<OutboxMessage>,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, _) = caller.enter(books).await?;
    let version = profiles::set_language(&mut tx, caller.user(), language).await?;
    let applies = profiles::language(&mut tx, caller.user()).await?.unwrap_or_default();
    let owed: Vec<OutboxMessage> = reply(applies).into_iter().collect();
    let owed = caller.leave(tx, &owed).await?;
    cache::user::invalidate(cache, caller.user(), version).await;
    Ok(owed)
}

/// An edit of a stored message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageEdit<'a> {
    /// The update that reported it.
    pub update: UpdateId,
    /// The chat of the message.
    pub chat: ChatId,
    /// The message.
    pub message: MessageId,
    /// The new text or caption.
    pub text: &'a str,
    /// When it was edited.
    pub date: DateTime<Utc>,
    /// The file that replaces the stored one, and the result of fetching it.
    pub file: Option<(&'a Attachment, &'a Retrieval)>,
}

/// Applies an edit to a stored message and marks its update as handled. Ignores edits of unknown messages and
/// edits older than one already applied; the copy of a file that is not stored is queued for deletion. The
/// edit of a message that crashes have delayed stays in the inbox, and the sweep applies it later.
///
/// If the question of the newest answer was changed soon after it, `offer` composes the message that offers to
/// answer again. Returns the messages to send.
pub(crate) async fn apply_edit(
    db: &Db,
    cache: &Cache,
    edit: MessageEdit<'_>,
    offer: impl Fn(ChangedQuestion) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let MessageEdit { update, chat, message, text, date, file } = edit;
    let mut tx = db.begin().await?;
    let mut changed = messages::edit(&mut tx, chat, message, text, date, update).await?;
    if changed.is_none() && inbox::is_waiting(&mut tx, chat, message).await? {
        if let Some(copy) = file.and_then(|(_, fetched)| fetched.copy()) {
            copy_deletions::queue(&mut *tx, &copy.id).await?;
            Db::commit(tx).await?;
        }
        return Ok(Vec::new());
    }
    if let Some((file, fetched)) = file {
        let file_edit = FileEdit { chat, message, update, file, fetched };
        changed = file_edits::replace(&mut tx, file_edit, changed.is_some()).await?.or(changed);
    }
    let question = match changed {
        Some(_) => retrying::changed_question(&mut tx, chat, message).await?,
        None => None,
    };
    let offered: Vec<OutboxMessage> = question.map(offer).into_iter().collect();
    let owed = outbox::enqueue(&mut tx, &offered).await?;
    inbox::handled(&mut tx, update).await?;
    kill_point!("edit: before the commit");
    Db::commit(tx).await?;
    if let Some(changed) = changed {
        cache::messages::invalidate(cache, changed.key, changed.version).await;
    }
    Ok(owed)
}

/// Abandons updates of `buckets` that have used up their tries, or have crashed the process too often, and are not
/// in flight (`in_hand`). Returns how many, and the notices. `sender` finds who sent one, and `tell` composes the
/// notice to them in the language that they chose, if they chose one.
pub async fn give_up(
    db: &Db,
    buckets: &[i64],
    tries: i32,
    in_hand: &[i64],
    sender: impl Fn(&GivenUp) -> Option<UserId>,
    tell: impl Fn(&GivenUp, Option<Language>) -> Option<OutboxMessage>,
) -> Result<(usize, Vec<(OutboxId, OutboxMessage)>), DbError> {
    let mut tx = db.begin().await?;
    let given_up = inbox::give_up(&mut tx, buckets, (tries, recovery::GIVEN_UP_AFTER), in_hand).await?;
    let mut owed = Vec::new();
    for update in &given_up {
        let language = match sender(update) {
            Some(sender) => profiles::chosen_language_in(&mut tx, sender).await?,
            None => None,
        };
        owed.extend(tell(update, language));
        tracing::error!(
            update.id = update.id.0,
            "the update {} could not be handled and is given up",
            update.id
        );
    }
    if !given_up.is_empty() {
        let ids: Vec<i64> = given_up.iter().map(|update| update.id.0).collect();
        transcriptions::release_abandoned(&mut *tx, None, &ids).await?;
    }
    let owed = outbox::enqueue(&mut tx, &owed).await?;
    Db::commit(tx).await?;
    Ok((given_up.len(), owed))
}

/// Marks an update without a lasting effect as handled.
pub async fn mark_handled(db: &Db, update: UpdateId) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await
}
