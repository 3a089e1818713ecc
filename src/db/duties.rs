//! Repository of the duties, which one instance has at a time (`domain::duty`). All times are those of the
//! database.

use chrono::{DateTime, Utc};

use super::instances::DEAD_AFTER;
use super::{Db, DbError};
use crate::domain::duty::Duty;
use crate::domain::ids::InstanceId;

/// A duty, as one look has found it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct DutyRow {
    pub duty: Duty,
    /// How often it was taken.
    pub epoch: i64,
    /// The instance that has it, unless that is dead.
    pub holder: Option<InstanceId>,
    /// Since when that one has it.
    pub since: Option<DateTime<Utc>>,
}

/// Reads all duties.
pub(crate) async fn read(db: &Db) -> Result<Vec<DutyRow>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT duties.name, epoch, taken_at AS "since?", instances.id AS "holder?"
           FROM duties LEFT JOIN instances ON instances.id = holder AND dead_at IS NULL ORDER BY duties.name"#,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("duties::read"))?;
    let rows = rows.into_iter().filter_map(|row| {
        let (holder, duty) = (row.holder.map(InstanceId), Duty::of(&row.name)?);
        Some(DutyRow { duty, epoch: row.epoch, holder, since: holder.and(row.since) })
    });
    Ok(rows.collect())
}

/// Returns how many instances are alive and do not drain.
pub(crate) async fn candidates(db: &Db) -> Result<i64, DbError> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM instances WHERE dead_at IS NULL AND NOT draining
             AND beat_at > clock_timestamp() - make_interval(secs => $1)"#,
        DEAD_AFTER.as_secs_f64(),
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("duties::candidates"))
}

/// Takes a duty that nobody alive had when it was read, unless somebody has taken it since: that raises the
/// epoch. Returns the new epoch. A repetition after a lost answer takes nothing.
pub(crate) async fn take(db: &Db, id: InstanceId, read: &DutyRow) -> Result<Option<i64>, DbError> {
    sqlx::query_scalar!(
        "UPDATE duties SET holder = $1, taken_at = now(), epoch = epoch + 1
         WHERE name = $2 AND epoch = $3 AND EXISTS (SELECT 1 FROM instances WHERE id = $1 AND dead_at IS NULL)
         RETURNING epoch",
        id.0,
        read.duty.name(),
        read.epoch,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("duties::take"))
}

/// Gives a duty back that the instance has under this epoch.
pub(crate) async fn give_back(db: &Db, id: InstanceId, duty: Duty, epoch: i64) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE duties SET holder = NULL, taken_at = NULL WHERE name = $2 AND holder = $1 AND epoch = $3",
        id.0,
        duty.name(),
        epoch,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("duties::give_back"))?;
    Ok(())
}
