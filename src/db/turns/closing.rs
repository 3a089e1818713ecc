//! Closing turns: alone or together with others, each once.

use super::super::group_commit::BatchOp;
use super::super::{Db, DbError, model_calls};
use super::close_turn::CloseTurn;
pub(crate) use super::close_turn::{ClosedTurn, StoredAnswer, TurnClosing};

/// Closes a turn; none if it was closed before, and then nothing is done. Turns that end at the same moment are closed by one
/// statement; if that is refused or somebody keeps one of the accounts locked, each is closed alone.
///
/// A statement sees what was committed when it began, but of rows that it changes itself the newest state, after it has
/// waited for whoever is changing them: so also a hold that came late. Where only the books know the calls, after a crash
/// and when another instance has begun another attempt, the turn is locked first, and what is written there and not
/// reported is decided.
pub(crate) async fn close(db: &Db, closing: &TurnClosing<'_>) -> Result<Option<ClosedTurn>, DbError> {
    if closing.calls_complete
        && let Some(Some(written)) = db.shared.closings.try_submit(CloseTurn::of(closing, None)?).await
    {
        return Ok(Some(written.of(closing)));
    }
    let TurnClosing { turn, payer, .. } = *closing;
    let mut tx = db.begin().await?;
    let open =
        sqlx::query!("SELECT id FROM turns WHERE id = $1 AND closed_at IS NULL FOR NO KEY UPDATE", turn.id.0)
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
