//! What the database says of the instances of the bot: who is alive, whose chats are whose, what was cut.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::Books;

/// The number of parts into which all chats are divided.
const BUCKETS: i64 = 1_024;
/// What hides the host of an instance from the others, in front of its name.
const ELSEWHERE: &str = "elsewhere:";
/// Instances that are alive.
const ALIVE: &str = "SELECT count(*) FROM instances
    WHERE dead_at IS NULL AND NOT draining AND beat_at > now() - interval '5 seconds'";
/// Work that was in flight in a crash and is not done.
const LEFT_BY_A_CRASH: &str = "SELECT (SELECT count(*) FROM turns WHERE state = 'open' AND crashes >= 1)
    + (SELECT count(*) FROM inbox WHERE handled_at IS NULL AND crashes >= 1)";
/// The smallest number of buckets of an instance that is alive, and the number that instances alive have.
const HELD: &str = "
    WITH alive AS (SELECT id FROM instances WHERE dead_at IS NULL),
         held AS (SELECT alive.id, count(bucket) AS buckets
                  FROM alive LEFT JOIN leases ON holder = alive.id GROUP BY alive.id)
    SELECT coalesce(min(buckets), 0)::BIGINT, coalesce(sum(buckets), 0)::BIGINT FROM held";
/// Turns that an end of the bot has cut, or that were begun anew after one.
const CUT: &str = "SELECT format('turn %s: %s %s, attempt %s', id, state, detail, attempt) FROM turns
    WHERE opened_at >= $1 AND (attempt > 1 OR detail IN ('shutdown', 'crashed')) ORDER BY id";

/// Messages that were in flight in several crashes.
const SUSPECTED: &str = "
    SELECT chat_id, message_id::BIGINT FROM inbox WHERE crashes >= 2 AND message_id IS NOT NULL
    UNION SELECT chat_id, message_id::BIGINT FROM messages JOIN turns ON turns.id = turn_id
    WHERE crashes >= 2 AND message_id IS NOT NULL";

impl Books {
    /// Returns the messages that were in flight in several crashes, by chat and message id. They are answered one
    /// by one at moments at which nothing else runs, so newer ones may overtake them.
    pub(in super::super) async fn suspected(&self) -> anyhow::Result<HashSet<(i64, i64)>> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(SUSPECTED).fetch_all(&self.0).await?;
        Ok(rows.into_iter().collect())
    }

    /// Returns the time of the database.
    pub(in super::super) async fn now(&self) -> anyhow::Result<DateTime<Utc>> {
        Ok(sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&self.0).await?)
    }

    /// Returns the turns since then that an end of the bot has cut.
    pub(in super::super) async fn cut_since(&self, since: DateTime<Utc>) -> anyhow::Result<Vec<String>> {
        Ok(sqlx::query_scalar(CUT).bind(since).fetch_all(&self.0).await?)
    }

    /// Makes all instances believe that the others run on other hosts, where they cannot see whether a process
    /// exists, or undoes that.
    pub(in super::super) async fn move_hosts(&self, elsewhere: bool) -> anyhow::Result<()> {
        let bare = "CASE WHEN starts_with(host, $1) THEN substr(host, length($1) + 1) ELSE host END";
        let prefix = if elsewhere { "$1 || " } else { "" };
        let update = format!("UPDATE instances SET host = {prefix}({bare}) WHERE dead_at IS NULL");
        sqlx::query(sqlx::AssertSqlSafe(update)).bind(ELSEWHERE).execute(&self.0).await?;
        Ok(())
    }

    /// Returns those of these chats for which the process works.
    pub(in super::super) async fn chats_of(&self, pid: u32, chats: &[i64]) -> anyhow::Result<Vec<i64>> {
        let held = "SELECT chat FROM unnest($2::BIGINT[]) AS chat
            JOIN leases ON bucket = chat & 1023 JOIN instances ON instances.id = holder
            WHERE pid = $1 AND dead_at IS NULL";
        let pid = i32::try_from(pid)?;
        Ok(sqlx::query_scalar(held).bind(pid).bind(chats).fetch_all(&self.0).await?)
    }

    /// Returns what is missing until so many instances are alive, share the work and have nothing to run alone.
    pub(in super::super) async fn unsettled(&self, instances: usize) -> anyhow::Result<Option<String>> {
        let expected = i64::try_from(instances)?;
        let alive: i64 = sqlx::query_scalar(ALIVE).fetch_one(&self.0).await?;
        if alive != expected {
            return Ok(Some(format!("{alive} instances are alive, not {expected}")));
        }
        let (least, held): (i64, i64) = sqlx::query_as(HELD).fetch_one(&self.0).await?;
        let enough = BUCKETS / expected * 4 / 5;
        let problem = format!("the instances have {held} buckets of {BUCKETS}, one of them {least}");
        if held != BUCKETS || least < enough {
            return Ok(Some(problem));
        }
        // After a second crash it would have to run alone, and an instance lets nothing else begin meanwhile.
        let left: i64 = sqlx::query_scalar(LEFT_BY_A_CRASH).fetch_one(&self.0).await?;
        Ok((left > 0).then(|| format!("{left} questions were in flight in a crash")))
    }
}
