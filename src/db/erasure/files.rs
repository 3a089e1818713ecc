//! Erasure of files: those that a person has sent, and those that were made for the person.

use super::super::{Db, DbError};
use crate::domain::ids::UserId;

/// Returns the content ids of up to `limit` files that a person has sent, and the ids of their rows.
pub(crate) async fn files(db: &Db, user: UserId, limit: i64) -> Result<Vec<(i64, String)>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT files.id AS "id!", unique_id AS "unique_id!" FROM threads JOIN files ON thread_id = threads.id
           WHERE user_id = $1
           UNION SELECT files.id, unique_id FROM turns JOIN messages ON messages.turn_id = turns.id
             JOIN files ON files.chat_id = messages.chat_id AND files.message_id = messages.message_id
           WHERE asker_id = $1
           LIMIT $2"#,
        user.0,
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("erasure::files"))?;
    Ok(rows.into_iter().map(|row| (row.id, row.unique_id)).collect())
}

/// Deletes files by their rows. Triggers queue their copies at the provider.
pub(crate) async fn delete_files(db: &Db, files: &[i64]) -> Result<(), DbError> {
    sqlx::query!("DELETE FROM files WHERE id = ANY($1)", files)
        .execute(db.pool())
        .await
        .map_err(DbError::at("erasure::delete_files"))?;
    Ok(())
}

/// Returns the ids of up to `limit` files that were made for a person, exports included.
pub(crate) async fn made_files(db: &Db, user: UserId, limit: i64) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar!(
        r#"SELECT made_files.id::text AS "id!" FROM made_files
           WHERE id = ANY(ARRAY(
             SELECT made.file_id FROM made_files_of_people AS made WHERE person_id = $1
             UNION SELECT file_id FROM data_requests WHERE user_id = $1))
           LIMIT $2"#,
        user.0,
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("erasure::made_files"))
}

/// Deletes made files with their contents.
pub(crate) async fn delete_made_files(db: &Db, files: &[String]) -> Result<(), DbError> {
    sqlx::query!("DELETE FROM made_files WHERE id = ANY($1::text[]::uuid[])", files)
        .execute(db.pool())
        .await
        .map_err(DbError::at("erasure::delete_made_files"))?;
    Ok(())
}
