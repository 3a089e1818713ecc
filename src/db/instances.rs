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
/// The duty of answering people: everything that the bot does but wait.
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
    pub dead: bool,
    /// Since when it has the duty `work`, and the epoch.
    pub works: Option<(DateTime<Utc>, i64)>,
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
                            AND beat_at > clock_timestamp() - make_interval(secs => $3)) AS "has_peers!""#,
        id.0,
        draining,
        DEAD_AFTER.as_secs_f64(),
    )
    .fetch_one(connection)
    .await
    .map_err(DbError::at("instances::beat"))?;
    Ok(if row.alive { Pulse::Alive { has_peers: row.has_peers } } else { Pulse::Dead })
}

/// Returns the instances that are alive, and the one that has the duty `work` even if it is dead; oldest
/// first.
pub(crate) async fn known(db: &Db) -> Result<Vec<InstanceRow>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT instances.id, instances.name, version, host, pid, process_started, started_at, draining,
                  (extract(epoch FROM clock_timestamp() - beat_at) * 1000)::bigint AS "beat_age_ms!",
                  dead_at IS NOT NULL AS "dead!", taken_at AS "taken_at?", epoch AS "epoch?"
           FROM instances LEFT JOIN duties ON holder = instances.id AND duties.name = $1
           WHERE dead_at IS NULL OR instances.id = (SELECT holder FROM duties WHERE duties.name = $1)
           ORDER BY instances.id"#,
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
        dead: row.dead,
        works: row.taken_at.zip(row.epoch),
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

/// Declares an instance dead, for good. A silent one that has sent a heartbeat meanwhile lives on.
pub(crate) async fn declare_dead(db: &Db, id: InstanceId, death: Death) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE instances SET dead_at = now()
         WHERE id = $1 AND dead_at IS NULL AND ($2 OR beat_at < clock_timestamp() - make_interval(secs => $3))",
        id.0,
        death == Death::Gone,
        DEAD_AFTER.as_secs_f64(),
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("instances::declare_dead"))?;
    Ok(())
}

/// Takes the duty `work` if nobody alive has it, and all open turns with it: whoever had them can no longer
/// close them. Returns the epoch, or `None` if somebody else has it. May be repeated.
pub(crate) async fn take_work(db: &Db, id: InstanceId) -> Result<Option<i64>, DbError> {
    sqlx::query_scalar!(
        r#"WITH duty AS (
             UPDATE duties SET holder = $1, taken_at = now(), epoch = epoch + (holder IS DISTINCT FROM $1)::int
             WHERE name = $2 AND EXISTS (SELECT 1 FROM instances WHERE id = $1 AND dead_at IS NULL)
               AND NOT EXISTS (SELECT 1 FROM instances WHERE id = holder AND id <> $1 AND dead_at IS NULL)
             RETURNING epoch
           ), taken AS (
             UPDATE turns SET epoch = duty.epoch FROM duty WHERE turns.state = 'open' AND turns.epoch < duty.epoch
           )
           SELECT epoch AS "epoch!" FROM duty"#,
        id.0,
        WORK,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("instances::take_work"))
}

/// Gives the duty `work` back, if the instance has it. Locks it, so that nobody takes it before the
/// transaction ends.
pub(crate) async fn give_work_back(tx: &mut Tx<'_>, id: InstanceId) -> Result<bool, DbError> {
    let given = sqlx::query!(
        "UPDATE duties SET holder = NULL, taken_at = NULL WHERE name = $2 AND holder = $1
           AND EXISTS (SELECT 1 FROM instances WHERE id = $1 AND dead_at IS NULL)",
        id.0,
        WORK,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("instances::give_work_back"))?;
    Ok(given.rows_affected() > 0)
}

/// Records that an instance has ended.
pub(crate) async fn leave(tx: &mut Tx<'_>, id: InstanceId) -> Result<(), DbError> {
    sqlx::query!("UPDATE instances SET dead_at = now() WHERE id = $1 AND dead_at IS NULL", id.0)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at("instances::leave"))?;
    Ok(())
}
