//! Closes turns, each once, in shared statements or alone.

use super::super::group_commit::BatchOp;
use super::super::{Db, DbError, model_calls};
use super::close_turn::CloseTurn;
pub(crate) use super::close_turn::{ClosedTurn, StoredAnswer, TurnClosing};

/// Closes a turn. Returns `None`, and changes nothing, if it was closed before or another instance has taken
/// it over. Concurrent closings share a statement. If that fails or an account stays locked, each turn is
/// closed alone.
///
/// A statement sees the commits before its start, but the newest version of rows that it locks; so it also
/// releases a hold that was taken meanwhile. If `calls` may be incomplete, after a crash or because another
/// instance began another attempt, the turn is locked first, and calls that are recorded but not reported are
/// assigned a payer.
pub(crate) async fn close(db: &Db, closing: &TurnClosing<'_>) -> Result<Option<ClosedTurn>, DbError> {
    if closing.calls_complete
        && let Some(Some(written)) = db.shared.closings.try_submit(CloseTurn::of(closing, None)?).await
    {
        return Ok(Some(written.of(closing)));
    }
    let TurnClosing { turn, payer, .. } = *closing;
    let mut tx = db.begin().await?;
    let open = sqlx::query!(
        "SELECT id FROM turns WHERE id = $1 AND closed_at IS NULL AND epoch = $2 FOR NO KEY UPDATE",
        turn.id.0,
        turn.epoch,
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(DbError::at("closing::close"))?;
    if open.is_none() {
        return Ok(None);
    }
    let reported: Vec<i32> = closing.calls.iter().map(|entry| entry.call.number).collect();
    let decided = model_calls::decide(&mut tx, turn.id, payer, (turn.attempt, &reported)).await?;
    let written = CloseTurn::execute(&mut tx, vec![CloseTurn::of(closing, Some(decided))?]).await?;
    Db::commit(tx).await?;
    Ok(written.into_iter().flatten().next().map(|written| written.of(closing)))
}
