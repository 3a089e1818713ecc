//! Repository of sandboxes: at most one per conversation, under the lease of one worker. Rows that are
//! deleted are queued by a trigger, so that the sandbox is killed at the provider.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::{Db, DbError};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::ThreadId;

/// The sandbox of a conversation as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StoredSandbox {
    /// Names it at the provider.
    pub key: String,
    /// The provider's id, if the provider has told it.
    pub provider_id: Option<String>,
    /// The paths of the files of the conversation that it has been given.
    pub inputs: BTreeMap<PublicFileId, String>,
}

/// A worker's claim to the sandbox of a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SandboxLease {
    /// The conversation.
    pub thread: ThreadId,
    /// A number that no other worker has.
    pub number: i64,
    /// How long the worker owns the sandbox without renewing that.
    pub lasts: Duration,
    /// How long the sandbox lives after its last use.
    pub life: Duration,
}

/// Leases the sandbox of a conversation to a worker; with the same lease again it succeeds, too. If there is no
/// sandbox, inserts a row for one that is to be created under `key`. Returns `None` while another worker's lease is
/// valid.
pub(crate) async fn claim(db: &Db, lease: SandboxLease, key: &str) -> Result<Option<StoredSandbox>, DbError> {
    let row = sqlx::query!(
        "INSERT INTO sandboxes (thread_id, key, lease, leased_until, expires_at)
         VALUES ($1, $2, $3, now() + make_interval(secs => $4), now() + make_interval(secs => $5))
         ON CONFLICT (thread_id) DO UPDATE SET lease = excluded.lease, leased_until = excluded.leased_until,
           expires_at = greatest(sandboxes.expires_at, excluded.expires_at)
         WHERE sandboxes.leased_until < now() OR sandboxes.lease = excluded.lease
         RETURNING key, provider_id, inputs",
        lease.thread.0,
        key,
        lease.number,
        lease.lasts.as_secs_f64(),
        lease.life.as_secs_f64(),
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("sandboxes::claim"))?;
    Ok(row.map(|row| StoredSandbox {
        key: row.key,
        provider_id: row.provider_id,
        inputs: read_inputs(&row.inputs),
    }))
}

fn read_inputs(column: &Value) -> BTreeMap<PublicFileId, String> {
    let fields = column.as_object().into_iter().flatten();
    fields
        .filter_map(|(id, path)| Some((PublicFileId::from_column(id)?, path.as_str()?.to_owned())))
        .collect()
}

/// Renews the lease and the life of a sandbox. Returns `false` if the worker has lost it: the conversation
/// was cleared, or another worker has taken it.
pub(crate) async fn renew(db: &Db, lease: SandboxLease) -> Result<bool, DbError> {
    let renewed = sqlx::query!(
        "UPDATE sandboxes SET leased_until = now() + make_interval(secs => $3),
           expires_at = now() + make_interval(secs => $4)
         WHERE thread_id = $1 AND lease = $2",
        lease.thread.0,
        lease.number,
        lease.lasts.as_secs_f64(),
        lease.life.as_secs_f64(),
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("sandboxes::renew"))?;
    Ok(renewed.rows_affected() == 1)
}

/// Ends a lease; the sandbox stays for its life.
pub(crate) async fn release(db: &Db, lease: SandboxLease) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE sandboxes SET leased_until = now() WHERE thread_id = $1 AND lease = $2",
        lease.thread.0,
        lease.number,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("sandboxes::release"))?;
    Ok(())
}

/// Prepares another sandbox in the place of one that is gone, which is queued for being killed. Returns
/// `false` if the worker has lost it.
pub(crate) async fn replace(db: &Db, lease: SandboxLease, key: &str) -> Result<bool, DbError> {
    let replaced = sqlx::query!(
        "UPDATE sandboxes SET provider_id = CASE WHEN key = $3 THEN provider_id END, key = $3,
           inputs = '{}', created_at = now()
         WHERE thread_id = $1 AND lease = $2",
        lease.thread.0,
        lease.number,
        key,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("sandboxes::replace"))?;
    Ok(replaced.rows_affected() == 1)
}

/// Stores the provider's id of a sandbox that was created under `key`. Returns `false` if nobody wants it any
/// more; it is then queued.
pub(crate) async fn created(
    db: &Db,
    thread: ThreadId,
    key: &str,
    provider_id: &str,
) -> Result<bool, DbError> {
    let stored = sqlx::query_scalar!(
        r#"WITH stored AS (
             UPDATE sandboxes SET provider_id = $3 WHERE thread_id = $1 AND key = $2 RETURNING 1
           ), unwanted AS (
             INSERT INTO sandbox_deletions (key, provider_id) SELECT $2, $3 WHERE NOT EXISTS (SELECT 1 FROM stored)
             ON CONFLICT (key) DO UPDATE SET provider_id = excluded.provider_id, due_at = now()
           )
           SELECT EXISTS (SELECT 1 FROM stored) AS "stored!""#,
        thread.0,
        key,
        provider_id,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("sandboxes::created"))?;
    Ok(stored)
}

/// Stores that a sandbox has been given a file.
pub(crate) async fn given(
    db: &Db,
    lease: SandboxLease,
    file: PublicFileId,
    path: &str,
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE sandboxes SET inputs = inputs || jsonb_build_object($3::text, $4::text)
         WHERE thread_id = $1 AND lease = $2",
        lease.thread.0,
        lease.number,
        file.column(),
        path,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("sandboxes::given"))?;
    Ok(())
}

/// Gives up a sandbox, which is queued for being killed.
pub(crate) async fn drop(db: &Db, lease: SandboxLease) -> Result<(), DbError> {
    sqlx::query!("DELETE FROM sandboxes WHERE thread_id = $1 AND lease = $2", lease.thread.0, lease.number,)
        .execute(db.pool())
        .await
        .map_err(DbError::at("sandboxes::drop"))?;
    Ok(())
}

/// Gives up sandboxes whose life is over.
pub(crate) async fn expire(db: &Db) -> Result<(), DbError> {
    sqlx::query!("DELETE FROM sandboxes WHERE expires_at < now() AND leased_until < now()")
        .execute(db.pool())
        .await
        .map_err(DbError::at("sandboxes::expire"))?;
    Ok(())
}

/// A sandbox that is to be killed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SandboxDeletion {
    /// Names it at the provider.
    pub key: String,
    /// The provider's id; `None` if it has to be searched for.
    pub provider_id: Option<String>,
}

/// Takes up to `limit` sandboxes that are due. Each is due again after `lease`, or later if it was tried
/// before: the pause doubles up to ten minutes. Another instance gets other ones.
pub(crate) async fn claim_deletions(
    db: &Db,
    limit: i64,
    lease: Duration,
) -> Result<Vec<SandboxDeletion>, DbError> {
    sqlx::query_as!(
        SandboxDeletion,
        "UPDATE sandbox_deletions SET attempts = attempts + 1,
           due_at = now() + least(make_interval(secs => $2) * power(2, least(attempts, 10)), interval '10 minutes')
         WHERE key = ANY(ARRAY(
           SELECT key FROM sandbox_deletions WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
         )) RETURNING key, provider_id",
        limit,
        lease.as_secs_f64(),
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("sandboxes::claim_deletions"))
}

/// Removes a sandbox that was killed, unless its id has become known meanwhile.
pub(crate) async fn killed(db: &Db, deletion: &SandboxDeletion) -> Result<(), DbError> {
    sqlx::query!(
        "DELETE FROM sandbox_deletions WHERE key = $1 AND provider_id IS NOT DISTINCT FROM $2",
        deletion.key,
        deletion.provider_id,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("sandboxes::killed"))?;
    Ok(())
}

/// Removes sandboxes that were queued at least `life` ago: the provider has killed them by itself.
pub(crate) async fn forget(db: &Db, life: Duration) -> Result<(), DbError> {
    sqlx::query!(
        "DELETE FROM sandbox_deletions WHERE created_at < now() - make_interval(secs => $1)",
        life.as_secs_f64(),
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("sandboxes::forget"))?;
    Ok(())
}
