//! Opening a turn together with the messages that ask and the money that is reserved for it.

use super::super::{Db, DbError};
pub use super::open_turn::{ExpectedThread, HoldRequest, Stored};
use super::open_turn::{OpenTurn, OpenTurnOutput};
use crate::domain::ids::TurnId;
use crate::domain::message::Incoming;
use crate::domain::model::ModelId;

/// What opening a batch of messages came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OpenOutcome {
    /// The messages are stored and wait for an answer.
    Turn {
        /// The row.
        turn: TurnId,
        /// The try that begins now.
        attempt: i32,
        /// Whether money is reserved for it. If not, the gate has to decide before anything is spent.
        held: bool,
        /// The version of the conversation's history with these messages in it; none if some of them had been there
        /// before, so that the history has to be read again.
        history_version: Option<i64>,
        /// The files that are stored now.
        files: Vec<Stored>,
    },
    /// What the caller knows of user or conversation is not what the database has, or a question waits for this text:
    /// nothing was done.
    Stale,
    /// All messages were stored and answered before.
    Duplicate,
}

/// Stores the messages of a batch with their files, opens their turn with its hold and closes their inbox rows: all or
/// nothing. Without money the turn is opened all the same, without a hold: what was said is kept, and the gate decides.
/// Messages that are already stored are left out; if their turn is still open, it is found again. Turns that begin at the
/// same moment are opened by one statement.
pub async fn open(
    db: &Db,
    place: ExpectedThread,
    model: &ModelId,
    batch: &[Incoming],
    reserve: HoldRequest,
) -> Result<OpenOutcome, DbError> {
    let row = || OpenTurn::of(place, model, batch, reserve);
    let OpenTurnOutput { turn, held, history_version, files, fresh, misplaced } =
        db.submit(&db.shared.openings, row).await?;
    let Some(turn) = turn else {
        return if fresh > 0 && misplaced {
            Ok(OpenOutcome::Stale)
        } else {
            find_open(db, place, batch).await
        };
    };
    let history_version = history_version.filter(|_| fresh == batch.len());
    Ok(OpenOutcome::Turn { turn, attempt: 1, held, history_version, files })
}

/// An open turn of messages that were stored before: the answer of an earlier `open` was lost on the way.
async fn find_open(db: &Db, place: ExpectedThread, batch: &[Incoming]) -> Result<OpenOutcome, DbError> {
    let messages: Vec<i32> = batch.iter().map(|incoming| incoming.message.0).collect();
    let row = sqlx::query!(
        r#"SELECT turns.id, turns.attempt, turns.held IS NOT NULL AS "held!" FROM turns
           WHERE turns.thread_id = $1 AND turns.state = 'open' AND EXISTS (
             SELECT 1 FROM messages WHERE messages.turn_id = turns.id AND messages.message_id = ANY($2)
               AND messages.chat_id = $3)"#,
        place.thread.0,
        &messages,
        place.key.chat.0,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("opening::find_open"))?;
    Ok(row.map_or(OpenOutcome::Duplicate, |row| OpenOutcome::Turn {
        turn: TurnId(row.id),
        attempt: row.attempt,
        held: row.held,
        history_version: None,
        files: Vec::new(),
    }))
}
