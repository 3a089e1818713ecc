//! Repository of instances, the processes of the bot that are or were alive, and of duties, which one of them
//! has at a time. All times are those of the database.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};

use super::{Db, DbError, Tx};
use crate::domain::ids::InstanceId;
use crate::lifecycle::process_identity::ProcessIdentity;

/// How old the last heartbeat of an instance is when the others declare it dead. It stops by itself before
/// (`lifecycle::fence`).
pub(crate) const DEAD_AFTER: Duration = Duration::from_secs(10);
/// How long instances that have ended are remembered, in days.
const KEPT_DAYS: i32 = 30;
/// The duty with which an instance of the former version answers all chats. Now its epoch is the newest of all
/// buckets.
const WORK: &str = "work";

/// An instance, as the others see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct InstanceRow {
    pub id: InstanceId,
    /// The name of its host.
    pub name: String,
    pub version: String,
    pub process: ProcessIdentity,
    pub started_at: DateTime<Utc>,
    /// The age of its last heartbeat, in milliseconds.
    pub beat_age_ms: i64,
    /// Whether it finishes what runs and then stops.
    pub draining: bool,
    /// Whether it takes buckets: it is of this version, and has started.
    pub takes_buckets: bool,
    /// Whether it is of the former version and answers all chats.
    pub is_former: bool,
    /// The number of buckets that it holds.
    pub buckets: i64,
    /// Since when it holds the oldest of them, and the highest epoch.
    pub since: Option<(DateTime<Utc>, i64)>,
}

/// Registers an instance. Forgets those that have ended long ago.
pub(crate) async fn join(
    db: &Db,
    name: &str,
    version: &str,
    process: &ProcessIdentity,
) -> Result<InstanceId, DbError> {
    let id = sqlx::query_scalar!(
        r#"WITH old AS (
             DELETE FROM instances WHERE dead_at < now() - make_interval(days => $6)
               AND NOT EXISTS (SELECT 1 FROM duties WHERE holder = instances.id)
               AND NOT EXISTS (SELECT 1 FROM leases WHERE holder = instances.id)
           )
           INSERT INTO instances (name, version, host, pid, process_started) VALUES ($1, $2, $3, $4, $5)
           RETURNING id"#,
        name,
        version,
        process.host,
        process.pid,
        process.started,
        KEPT_DAYS,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("instances::join"))?;
    Ok(InstanceId(id))
}

/// The answer to a heartbeat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pulse {
    /// It was recorded.
    Alive {
        /// Whether other instances are alive.
        has_peers: bool,
        /// How many instances have ended without a word in the last half hour.
        deaths: i64,
    },
    /// The instance was declared dead before.
    Dead,
}

/// Renews the heartbeat of an instance, on a connection of its own.
pub(crate) async fn beat(db: &Db, id: InstanceId, draining: bool) -> Result<Pulse, DbError> {
    let beaten = beat_once(db, id, draining).await;
    if let Err(error) = &beaten {
        db.servers.note(error);
    }
    beaten
}

async fn beat_once(db: &Db, id: InstanceId, draining: bool) -> Result<Pulse, DbError> {
    let Some(lane) = db.beats.enter().await else { return Err(DbError::Cancelled) };
    // If this future is dropped or the statement fails, the connection is not reused.
    let mut connection = lane.connection().await?;
    let pulse = match lane.begin() {
        None => renew(&mut connection.inner, id, draining).await?,
        Some(begin) => {
            let begun = connection.inner.begin_with(begin).await;
            let mut tx = begun.map_err(DbError::at("instances::begin"))?;
            let pulse = renew(&mut tx, id, draining).await?;
            tx.commit().await.map_err(DbError::at("instances::commit"))?;
            pulse
        }
    };
    lane.give_back(connection);
    Ok(pulse)
}

async fn renew(connection: &mut PgConnection, id: InstanceId, draining: bool) -> Result<Pulse, DbError> {
    let row = sqlx::query!(
        r#"WITH beat AS (
             UPDATE instances SET beat_at = clock_timestamp(), draining = $2
             WHERE id = $1 AND dead_at IS NULL RETURNING id
           )
           SELECT EXISTS (SELECT 1 FROM beat) AS "alive!",
                  EXISTS (SELECT 1 FROM instances WHERE dead_at IS NULL AND id <> $1
                            AND beat_at > clock_timestamp() - make_interval(secs => $3)) AS "has_peers!",
                  (SELECT count(*) FROM instances
                   WHERE dead_at > clock_timestamp() - interval '30 minutes' AND NOT draining) AS "deaths!""#,
        id.0,
        draining,
        DEAD_AFTER.as_secs_f64(),
    )
    .fetch_one(connection)
    .await
    .map_err(DbError::at("instances::beat"))?;
    let (has_peers, deaths) = (row.has_peers, row.deaths);
    Ok(if row.alive { Pulse::Alive { has_peers, deaths } } else { Pulse::Dead })
}

/// Returns the instances that are alive, oldest first.
pub(crate) async fn known(db: &Db) -> Result<Vec<InstanceRow>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT instances.id, name, version, host, pid, process_started, started_at, draining, takes_buckets,
                  (extract(epoch FROM clock_timestamp() - beat_at) * 1000)::bigint AS "beat_age_ms!",
                  coalesce(held.buckets, 0) AS "buckets!", held.since AS "since?", held.epoch AS "epoch?",
                  EXISTS (SELECT 1 FROM duties WHERE duties.name = $1 AND holder = instances.id) AS "has_work!"
           FROM instances LEFT JOIN (
             SELECT holder, count(*) AS buckets, min(since) AS since, max(epoch) AS epoch
             FROM leases WHERE holder IS NOT NULL GROUP BY holder) AS held ON held.holder = instances.id
           WHERE dead_at IS NULL ORDER BY instances.id"#,
        WORK,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("instances::known"))?;
    let rows = rows.into_iter().map(|row| InstanceRow {
        id: InstanceId(row.id),
        name: row.name,
        version: row.version,
        process: ProcessIdentity { host: row.host, pid: row.pid, started: row.process_started },
        started_at: row.started_at,
        beat_age_ms: row.beat_age_ms,
        draining: row.draining,
        takes_buckets: row.takes_buckets,
        is_former: row.has_work && !row.takes_buckets,
        buckets: row.buckets,
        since: row.since.zip(row.epoch),
    });
    Ok(rows.collect())
}

/// Why an instance is declared dead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Death {
    /// Its process no longer exists.
    Gone,
    /// No heartbeat has come for `DEAD_AFTER`.
    Silent,
}

/// Declares an instance dead, for good, and returns whether it was alive. A silent one that has sent a heartbeat
/// meanwhile lives on.
pub(crate) async fn declare_dead(tx: &mut Tx<'_>, id: InstanceId, death: Death) -> Result<bool, DbError> {
    let declared = sqlx::query!(
        "UPDATE instances SET dead_at = now()
         WHERE id = $1 AND dead_at IS NULL AND ($2 OR beat_at < clock_timestamp() - make_interval(secs => $3))",
        id.0,
        death == Death::Gone,
        DEAD_AFTER.as_secs_f64(),
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("instances::declare_dead"))?;
    Ok(declared.rows_affected() > 0)
}

/// Records that an instance takes buckets from now on.
pub(crate) async fn takes_buckets(db: &Db, id: InstanceId) -> Result<(), DbError> {
    sqlx::query!("UPDATE instances SET takes_buckets = TRUE WHERE id = $1", id.0)
        .execute(db.pool())
        .await
        .map_err(DbError::at("instances::takes_buckets"))?;
    Ok(())
}

/// Marks an instance as leaving: it takes no buckets any more.
pub(crate) async fn drains(db: &Db, id: InstanceId) -> Result<(), DbError> {
    sqlx::query!("UPDATE instances SET draining = TRUE WHERE id = $1", id.0)
        .execute(db.pool())
        .await
        .map_err(DbError::at("instances::drains"))?;
    Ok(())
}

/// Takes the duty `work` from a dead instance of the former version, or for the first time: before there were duties,
/// nobody counted crashes for it. Returns whether it did: what was in flight is not counted yet.
pub(crate) async fn succeed_former(tx: &mut Tx<'_>, id: InstanceId) -> Result<bool, DbError> {
    let succeeded = sqlx::query!(
        "UPDATE duties SET holder = $1, taken_at = now()
         WHERE name = $2 AND EXISTS (SELECT 1 FROM instances WHERE id = $1 AND dead_at IS NULL)
           AND (holder IS NULL AND epoch = 0
             OR EXISTS (SELECT 1 FROM instances WHERE id = holder AND dead_at IS NOT NULL AND NOT takes_buckets))",
        id.0,
        WORK,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("instances::succeed_former"))?;
    Ok(succeeded.rows_affected() > 0)
}

/// Gives the duty `work`, which keeps instances of the former version from working, to another instance that takes
/// buckets, or back.
pub(crate) async fn pass_work_on(tx: &mut Tx<'_>, id: InstanceId) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE duties SET holder = (
           SELECT max(id) FROM instances WHERE dead_at IS NULL AND takes_buckets AND NOT draining AND id <> $1)
         WHERE name = $2 AND holder = $1",
        id.0,
        WORK,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("instances::pass_work_on"))?;
    Ok(())
}

/// Records that an instance has ended. Returns `false` if it was declared dead before.
pub(crate) async fn leave(tx: &mut Tx<'_>, id: InstanceId) -> Result<bool, DbError> {
    let left = sqlx::query!(
        "UPDATE instances SET dead_at = now(), draining = TRUE WHERE id = $1 AND dead_at IS NULL",
        id.0
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("instances::leave"))?;
    Ok(left.rows_affected() > 0)
}

/// Returns how many other instances are alive that have sent no heartbeat since this one was registered, and so may
/// not know of it.
pub(crate) async fn unaware(db: &Db, id: InstanceId) -> Result<i64, DbError> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "unaware!" FROM instances AS other JOIN instances AS own ON own.id = $1
           WHERE other.id <> $1 AND other.dead_at IS NULL AND other.beat_at < own.started_at
             AND other.beat_at > clock_timestamp() - make_interval(secs => $2)"#,
        id.0,
        DEAD_AFTER.as_secs_f64(),
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("instances::unaware"))
}
