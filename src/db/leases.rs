//! Repository of the leases of buckets: which instance answers the chats of each. A lease is free, or its holder is
//! alive, or its holder was declared dead; only the last ends it against the holder's will.

use super::{Db, DbError, Tx};
use crate::domain::bucket::Bucket;
use crate::domain::ids::InstanceId;

/// How long a lease may be free before instances take it beyond their share, in seconds: who could take it may be
/// unable to.
const SPARED_FOR_S: f64 = 10.0;

/// The leases from the view of one instance.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Leases {
    /// Those that it holds, each with its epoch.
    pub held: Vec<(Bucket, i64)>,
    /// The number of those that nobody alive holds.
    pub free: i64,
}

/// Returns the leases that an instance holds, and how many nobody alive holds.
pub(crate) async fn of(db: &Db, instance: InstanceId) -> Result<Leases, DbError> {
    let rows = sqlx::query!(
        r#"SELECT bucket, epoch, coalesce(holder = $1 AND dead_at IS NULL, FALSE) AS "held!"
           FROM leases LEFT JOIN instances ON instances.id = holder
           WHERE holder IS NULL OR holder = $1 OR dead_at IS NOT NULL ORDER BY bucket"#,
        instance.0,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("leases::of"))?;
    let mut leases = Leases::default();
    for row in rows {
        match Bucket::from_column(row.bucket).filter(|_| row.held) {
            Some(bucket) => leases.held.push((bucket, row.epoch)),
            None => leases.free += 1,
        }
    }
    Ok(leases)
}

/// Takes up to `most` leases that nobody alive holds, and all that have been free for long, under a new epoch, and
/// the open turns of their chats with them: whoever had these can no longer close them. Takes nothing while an
/// instance of the former version, which answers all chats, is alive. Returns how many were taken. May be repeated.
pub(crate) async fn take(db: &Db, instance: InstanceId, most: i64) -> Result<i64, DbError> {
    sqlx::query_scalar!(
        r#"WITH work AS (
             -- An instance of the former version takes this duty only from a dead one.
             UPDATE duties SET epoch = epoch + 1, taken_at = now(),
               holder = CASE WHEN EXISTS (SELECT 1 FROM instances WHERE id = holder AND dead_at IS NULL)
                             THEN holder ELSE $1 END
             WHERE name = 'work' AND EXISTS (SELECT 1 FROM instances WHERE id = $1 AND dead_at IS NULL)
               AND NOT EXISTS (SELECT 1 FROM instances WHERE id = holder AND dead_at IS NULL AND NOT takes_buckets)
             RETURNING epoch
           ), free AS (
             -- A lease that was taken since the snapshot has a holder who is not dead in it.
             SELECT bucket FROM leases, work
             WHERE holder IS NULL OR EXISTS (SELECT 1 FROM instances WHERE id = holder AND dead_at IS NOT NULL)
             ORDER BY leases.since, bucket
             LIMIT greatest($2, (
               SELECT count(*) FROM leases
               WHERE holder IS NULL AND leases.since < now() - make_interval(secs => $3)))
             FOR UPDATE OF leases
           ), taken AS (
             UPDATE leases SET holder = $1, epoch = work.epoch, since = now()
             FROM free, work WHERE leases.bucket = free.bucket RETURNING leases.bucket, leases.epoch
           ), answered AS (
             UPDATE turns SET epoch = taken.epoch FROM threads, taken
             WHERE turns.state = 'open' AND threads.id = turns.thread_id AND threads.chat_id & 1023 = taken.bucket
               AND turns.epoch < taken.epoch
               -- The group of a turn may have become another chat while its answer runs.
               AND NOT EXISTS (SELECT 1 FROM leases AS other JOIN instances ON instances.id = other.holder
                               WHERE other.epoch = turns.epoch AND other.holder <> $1 AND dead_at IS NULL)
           )
           SELECT count(*) AS "taken!" FROM taken"#,
        instance.0,
        most,
        SPARED_FOR_S,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("leases::take"))
}

/// Gives leases of an instance back. Nothing may run in their buckets.
pub(crate) async fn give_back(db: &Db, instance: InstanceId, buckets: &[Bucket]) -> Result<(), DbError> {
    let buckets = Bucket::numbers(buckets);
    sqlx::query!(
        "UPDATE leases SET holder = NULL, since = now() WHERE holder = $1 AND bucket = ANY($2)",
        instance.0,
        &buckets,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("leases::give_back"))?;
    Ok(())
}

/// Frees all leases of an instance that has ended.
pub(crate) async fn free(tx: &mut Tx<'_>, instance: InstanceId) -> Result<(), DbError> {
    sqlx::query!("UPDATE leases SET holder = NULL, since = now() WHERE holder = $1", instance.0)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at("leases::free"))?;
    Ok(())
}

/// Why a bucket cannot be handed over yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    /// This update is not handled.
    Update(i64),
    /// A message is still owed.
    Owed,
}

/// Returns why buckets cannot be handed over yet: unhandled updates, and owed messages not marked `left_to_holder`.
/// A deletion of topics keeps its bucket by the guard of `Holdings`, not by a row.
pub(crate) async fn unfinished(db: &Db, buckets: &[Bucket]) -> Result<Vec<(Bucket, Reason)>, DbError> {
    let buckets = Bucket::numbers(buckets);
    let rows = sqlx::query!(
        r#"SELECT coalesce(route, 0) & 1023 AS "bucket!", update_id AS "update?" FROM inbox
           WHERE handled_at IS NULL AND coalesce(route, 0) & 1023 = ANY($1)
           UNION ALL
           SELECT DISTINCT chat_id & 1023, NULL::bigint FROM outbox
           WHERE state = 'pending' AND left_to_holder IS NOT TRUE AND chat_id & 1023 = ANY($1)"#,
        &buckets,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("leases::unfinished"))?;
    let found = rows.into_iter().filter_map(|row| {
        Some((Bucket::from_column(row.bucket)?, row.update.map_or(Reason::Owed, Reason::Update)))
    });
    Ok(found.collect())
}
