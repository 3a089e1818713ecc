//! Turns that no model can be asked about, because their recordings have no words.

use crate::db::{Db, DbError};
use crate::domain::ids::TurnId;

/// What is known of a turn whose messages are recordings without a word that a model could read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct UnheardTurn {
    /// Whether one of them could not be transcribed.
    pub failed: bool,
    /// Whether nothing is said in one of them.
    pub silent: bool,
}

/// Returns why a model cannot be asked about a turn; `None` if it can.
pub(crate) async fn unheard(db: &Db, turn: TurnId) -> Result<Option<UnheardTurn>, DbError> {
    let row = sqlx::query!(
        r#"SELECT coalesce(bool_and(messages.text !~ '\S' AND coalesce(heard.text, '') = ''
                                    AND coalesce(files.kind IN ('voice', 'video_note'), FALSE)), FALSE) AS "unheard!",
                  coalesce(bool_or(NOT files.fetched), FALSE) AS "failed!",
                  coalesce(bool_or(heard.text = ''), FALSE) AS "silent!"
           FROM messages
           LEFT JOIN files ON files.chat_id = messages.chat_id AND files.message_id = messages.message_id
             AND NOT files.replied
           LEFT JOIN transcriptions AS heard ON heard.chat_id = messages.chat_id
             AND heard.message_id = messages.message_id AND NOT heard.replied AND heard.state = 'done'
             AND heard.unique_id = files.unique_id
           WHERE messages.turn_id = $1 AND messages.role = 'user'"#,
        turn.0,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("transcriptions::unheard"))?;
    Ok(row.unheard.then_some(UnheardTurn { failed: row.failed, silent: row.silent }))
}
