//! Repository of the leases of announcements: one worker at a time sends the announcement that is running, until
//! it has ended.

use std::time::Duration;

use sqlx::types::Json;

use super::announcement_recipients::Tally;
use super::announcements::{self, Announcement};
use super::{Db, DbError, Tx};
use crate::domain::ids::AnnouncementId;

/// A worker's right to send the announcement that is running.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AnnouncementLease {
    /// A number that no other worker has.
    pub number: i64,
    /// How long the worker has the right without renewing it.
    pub lasts: Duration,
}

/// What a worker finds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Claim {
    /// Nothing is being sent.
    Nothing,
    /// Another worker sends it, at least for this time unless it renews its lease.
    Taken(Duration),
    /// This worker is to send it.
    Ours(Announcement),
}

/// Takes the lease of the announcement that is being sent, unless another worker has it. Recipients that a former
/// worker had begun get the state `unknown`.
pub(crate) async fn claim(db: &Db, lease: AnnouncementLease) -> Result<Claim, DbError> {
    let mut tx = db.begin().await?;
    let found = sqlx::query!(
        r#"SELECT id, coalesce(lease <> $1 AND leased_until > now(), FALSE) AS "taken!",
                  coalesce(extract(epoch FROM leased_until - now()), 0)::float8 AS "left_s!"
           FROM announcements WHERE state IN ('sending', 'stopping') FOR UPDATE"#,
        lease.number,
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(DbError::at("announcement_leases::claim"))?;
    let Some(found) = found else { return Ok(Claim::Nothing) };
    if found.taken {
        return Ok(Claim::Taken(Duration::try_from_secs_f64(found.left_s).unwrap_or_default()));
    }
    sqlx::query!(
        "UPDATE announcements SET lease = $2, leased_until = now() + make_interval(secs => $3) WHERE id = $1",
        found.id,
        lease.number,
        lease.lasts.as_secs_f64(),
    )
    .execute(&mut *tx)
    .await
    .map_err(DbError::at("announcement_leases::claim"))?;
    sqlx::query!(
        "UPDATE announcement_recipients SET state = 'unknown', changed_at = now()
         WHERE announcement_id = $1 AND state = 'begun' AND lease IS DISTINCT FROM $2",
        found.id,
        lease.number,
    )
    .execute(&mut *tx)
    .await
    .map_err(DbError::at("announcement_leases::claim"))?;
    let claimed = announcements::lock(&mut tx, AnnouncementId(found.id)).await?;
    Db::commit(tx).await?;
    Ok(claimed.map_or(Claim::Nothing, Claim::Ours))
}

/// Renews a lease. Returns `false` if another worker has the announcement, or if it has ended.
pub(crate) async fn renew(db: &Db, id: AnnouncementId, lease: AnnouncementLease) -> Result<bool, DbError> {
    let renewed = sqlx::query!(
        "UPDATE announcements SET leased_until = now() + make_interval(secs => $3)
         WHERE id = $1 AND lease = $2 AND state IN ('sending', 'stopping')",
        id.0,
        lease.number,
        lease.lasts.as_secs_f64(),
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("announcement_leases::renew"))?;
    Ok(renewed.rows_affected() > 0)
}

/// Returns an announcement that this worker sends, or has just ended, locked until the transaction ends.
pub(crate) async fn lock(
    tx: &mut Tx<'_>,
    id: AnnouncementId,
    lease: i64,
) -> Result<Option<Announcement>, DbError> {
    let is_ours = sqlx::query_scalar!("SELECT lease = $2 FROM announcements WHERE id = $1", id.0, lease)
        .fetch_optional(&mut **tx)
        .await
        .map_err(DbError::at("announcement_leases::lock"))?;
    if is_ours.flatten() == Some(true) { announcements::lock(tx, id).await } else { Ok(None) }
}

/// Records that an announcement has ended, and how many recipients ended in each state.
pub(crate) async fn end(tx: &mut Tx<'_>, id: AnnouncementId, tally: &Tally) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE announcements SET state = CASE state WHEN 'sending' THEN 'sent' ELSE 'stopped' END,
           finished_at = now(), tally = $2
         WHERE id = $1 AND state IN ('sending', 'stopping')",
        id.0,
        Json(tally) as _,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("announcement_leases::end"))?;
    Ok(())
}
