//! Opens turns together with their questions and holds.

use super::super::{Db, DbError};
pub(in crate::db) use super::open_turn::file_row;
pub use super::open_turn::{ExpectedThread, HoldRequest, Stored};
use super::open_turn::{OpenTurn, OpenTurnOutput};
use crate::domain::ids::{TurnId, UserId};
use crate::domain::message::Incoming;
use crate::domain::model::ModelId;

/// The result of opening a turn for a batch of messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OpenOutcome {
    /// The messages are stored and a turn for them is open.
    Turn {
        /// The row of the turn.
        turn: TurnId,
        /// The current attempt.
        attempt: i32,
        /// The epoch under which this instance answers it.
        epoch: i64,
        /// Whether the turn has a hold. If not, the gate decides before anything is spent.
        held: bool,
        /// Whether a `/clear` covers the messages, so that no later prompt contains them.
        cleared: bool,
        /// The history version that includes these messages. `None` if some were stored before, or a `/clear`
        /// covers them, so that the history has to be read again.
        history_version: Option<i64>,
        /// The files stored by this call.
        files: Vec<Stored>,
    },
    /// Nothing was done: the caller's view of the user or thread is outdated, or an open dialog waits for
    /// this text.
    Stale,
    /// Nothing was done: so many of the messages, from the oldest, were written before a `/clear` that was
    /// carried out meanwhile, and the others after it. Each part has to be opened by itself.
    Straddles(usize),
    /// All messages were stored and answered before.
    Duplicate,
}

/// Stores the messages of a batch with their files, opens their turn with its hold and marks their updates as
/// handled, atomically. Without sufficient balance the turn is opened without a hold, so that the question is
/// kept and the gate decides. Skips messages that are stored already; if their turn is still open, it is
/// returned. The messages stand in the order in which they were written. Concurrent openings share a
/// statement.
pub async fn open(
    db: &Db,
    place: ExpectedThread,
    asker: UserId,
    model: &ModelId,
    batch: &[Incoming],
    reserve: HoldRequest,
) -> Result<OpenOutcome, DbError> {
    // A turn that this instance opens after another one has taken over would wait for that one's sweep.
    db.check_fence()?;
    let epoch = db.epoch_of(place.key.chat)?;
    let row = || OpenTurn::of(place, asker, model, batch, (reserve, epoch));
    let OpenTurnOutput { turn, held, history_version, files, fresh, older_up_to } =
        db.submit(&db.shared.openings, row).await?;
    let Some(turn) = turn else {
        return if let Some(last) = older_up_to {
            Ok(OpenOutcome::Straddles(batch.partition_point(|incoming| incoming.message <= last)))
        } else if fresh > 0 {
            Ok(OpenOutcome::Stale)
        } else {
            find_open(db, place, batch, epoch).await
        };
    };
    let cleared = history_version.is_none();
    let history_version = history_version.filter(|_| fresh == batch.len());
    Ok(OpenOutcome::Turn { turn, attempt: 1, epoch, held, cleared, history_version, files })
}

/// Finds the open turn of messages that an earlier `open` stored but whose result was lost. A turn of another
/// instance is not returned: it answers it, or the sweep takes it up.
async fn find_open(
    db: &Db,
    place: ExpectedThread,
    batch: &[Incoming],
    epoch: i64,
) -> Result<OpenOutcome, DbError> {
    let messages: Vec<i32> = batch.iter().map(|incoming| incoming.message.0).collect();
    let row = sqlx::query!(
        r#"SELECT turns.id, turns.attempt, turns.held IS NOT NULL AS "held!",
                  turns.question_id <= threads.cleared_up_to AS "cleared!"
           FROM turns JOIN threads ON threads.id = turns.thread_id
           WHERE turns.thread_id = $1 AND turns.state = 'open' AND turns.epoch = $4 AND EXISTS (
             SELECT 1 FROM messages WHERE messages.turn_id = turns.id AND messages.message_id = ANY($2)
               AND messages.chat_id = $3)"#,
        place.thread.0,
        &messages,
        place.key.chat.0,
        epoch,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("opening::find_open"))?;
    Ok(row.map_or(OpenOutcome::Duplicate, |row| OpenOutcome::Turn {
        turn: TurnId(row.id),
        attempt: row.attempt,
        epoch,
        held: row.held,
        cleared: row.cleared,
        history_version: None,
        files: Vec::new(),
    }))
}
