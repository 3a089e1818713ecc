//! Questions that are asked again: a new turn takes over the messages of a closed one.

use super::super::{Db, DbError, Tx};
use super::LeftOpen;
use crate::domain::ids::{ChatId, MessageId, OwnerId, ThreadKey, TopicId, TurnId, UserId};
use crate::domain::model::ModelId;
use crate::domain::people::Language;

/// How long after an answer an edit of its question offers to answer again, in seconds.
const EDITABLE_FOR_S: f64 = 60.0;

/// The newest turn of a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NewestTurn {
    /// The turn.
    pub turn: TurnId,
    /// Whether it is still being answered.
    pub open: bool,
    /// Whether its question is remembered.
    pub remembered: bool,
    /// The person who asked.
    pub asker: UserId,
    /// The turn whose question it asks again, if it does.
    pub retry_of: Option<TurnId>,
}

/// Locks the newest turn of a conversation until the transaction ends.
pub(crate) async fn newest(tx: &mut Tx<'_>, key: ThreadKey) -> Result<Option<NewestTurn>, DbError> {
    let row = sqlx::query!(
        r#"SELECT turns.id, turns.state = 'open' AS "open!", retry_of, coalesce(asker_id, threads.user_id) AS "asker!",
             question_id > threads.cleared_up_to AND EXISTS (
               SELECT 1 FROM messages WHERE messages.turn_id = turns.id AND role = 'user') AS "remembered!"
           FROM threads JOIN turns ON turns.thread_id = threads.id
           WHERE threads.chat_id = $1 AND threads.user_id = $2 AND threads.topic_id IS NOT DISTINCT FROM $3
           ORDER BY turns.id DESC LIMIT 1 FOR NO KEY UPDATE OF turns"#,
        key.chat.0,
        key.owner.0,
        key.topic.map(|topic| topic.0),
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("retrying::newest"))?;
    Ok(row.map(|row| NewestTurn {
        turn: TurnId(row.id),
        open: row.open,
        remembered: row.remembered,
        asker: UserId(row.asker),
        retry_of: row.retry_of.map(TurnId),
    }))
}

/// Marks a locked turn as asked again, which changes the history of its thread. Returns the new version.
pub(crate) async fn retire(tx: &mut Tx<'_>, turn: TurnId) -> Result<i64, DbError> {
    sqlx::query_scalar!(
        "WITH old AS (UPDATE turns SET retried = TRUE WHERE id = $1 RETURNING thread_id)
         UPDATE threads SET history_version = history_version + 1 FROM old WHERE threads.id = old.thread_id
         RETURNING history_version",
        turn.0,
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("retrying::retire"))
}

/// Opens a turn for the question of a retired one under an epoch of this instance, without a hold, and gives it
/// the messages. `asker` wants that.
pub(crate) async fn ask_again(
    tx: &mut Tx<'_>,
    turn: TurnId,
    asker: UserId,
    model: &ModelId,
    epoch: i64,
) -> Result<TurnId, DbError> {
    let new = sqlx::query_scalar!(
        "INSERT INTO turns (thread_id, question_id, model_id, retry_of, asker_id, epoch)
         SELECT thread_id, question_id, $2, turns.id, CASE WHEN user_id < 0 THEN $3::bigint END, $4
         FROM turns JOIN threads ON threads.id = thread_id WHERE turns.id = $1 RETURNING id",
        turn.0,
        model.0,
        asker.0,
        epoch,
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("retrying::ask_again"))?;
    sqlx::query!("UPDATE messages SET turn_id = $2 WHERE turn_id = $1 AND role = 'user'", turn.0, new)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at("retrying::ask_again"))?;
    Ok(TurnId(new))
}

/// Returns an open turn, or `None` if it is closed.
pub(crate) async fn find_open(db: &Db, turn: TurnId) -> Result<Option<LeftOpen>, DbError> {
    Ok(super::open_turns(db, 0.0, None, Some(turn)).await?.pop())
}

/// An answer whose question was changed soon after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ChangedQuestion {
    /// The turn.
    pub turn: TurnId,
    /// Its conversation.
    pub key: ThreadKey,
    /// The message that was changed.
    pub message: MessageId,
    /// The language of the person.
    pub language: Language,
}

/// Returns the newest turn of a conversation if a message belongs to its question and it was closed less than a minute
/// ago.
pub(crate) async fn changed_question(
    tx: &mut Tx<'_>,
    chat: ChatId,
    message: MessageId,
) -> Result<Option<ChangedQuestion>, DbError> {
    let row = sqlx::query!(
        "SELECT turns.id, threads.chat_id, threads.user_id, threads.topic_id,
                coalesce(users.language, users.language_code) AS language
         FROM messages JOIN turns ON turns.id = messages.turn_id
           JOIN threads ON threads.id = turns.thread_id
           JOIN users ON users.id = coalesce(turns.asker_id, threads.user_id)
         WHERE messages.chat_id = $1 AND messages.message_id = $2 AND role = 'user'
           AND turns.state IN ('answered', 'interrupted') AND turns.closed_at > now() - make_interval(secs => $3)
           AND turns.question_id > threads.cleared_up_to
           AND NOT EXISTS (SELECT 1 FROM turns AS newer WHERE newer.thread_id = threads.id AND newer.id > turns.id)",
        chat.0,
        message.0,
        EDITABLE_FOR_S,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("retrying::changed_question"))?;
    Ok(row.map(|row| ChangedQuestion {
        turn: TurnId(row.id),
        key: ThreadKey {
            chat: ChatId(row.chat_id),
            owner: OwnerId(row.user_id),
            topic: row.topic_id.map(TopicId),
        },
        message,
        language: Language::from_tag(row.language.as_deref()),
    }))
}
