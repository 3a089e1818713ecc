//! Repository of the state that operators watch: what waits, and what people have. One statement, cheap
//! except for the sums over all users and payments.

use super::{Db, DbError};

/// Rows that wait, and the age of the oldest of them in seconds (0 without any).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Waiting {
    pub(crate) count: i64,
    pub(crate) oldest_s: i64,
}

/// The state of the database at one moment. Amounts are US dollars for display, not for the books.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct State {
    /// Users with an account, those of them who were seen in the last hour, and those below zero.
    pub(crate) users: i64,
    pub(crate) active: i64,
    pub(crate) overdrawn: i64,
    /// The sum of all balances, of those below zero, and of all holds.
    pub(crate) balances: f64,
    pub(crate) overdrafts: f64,
    pub(crate) holds: f64,
    /// Stars paid and, of them, refunded; what was credited for them before refunds.
    pub(crate) stars_paid: i64,
    pub(crate) stars_refunded: i64,
    pub(crate) credited: f64,
    /// Updates that are not handled, messages that are owed, turns that are not closed, refunds that Telegram has
    /// not answered.
    pub(crate) inbox: Waiting,
    pub(crate) outbox: Waiting,
    pub(crate) turns: Waiting,
    pub(crate) refunds: Waiting,
    /// Records that the database refused.
    pub(crate) dead_letters: i64,
}

/// Reads the state.
pub(crate) async fn read(db: &Db) -> Result<State, DbError> {
    let row = sqlx::query!(
        r#"SELECT people.*, paid.*, inbox.*, outbox.*, open.*, refunds.*,
                  (SELECT count(*) FROM dead_letters) AS "letters!"
           FROM (SELECT count(*) AS "users!", count(*) FILTER (WHERE last_seen_at > now() - INTERVAL '1 hour') AS "active!",
                        count(*) FILTER (WHERE balance < 0) AS "overdrawn!",
                        coalesce(sum(balance), 0)::float8 AS "balances!",
                        coalesce(sum(balance) FILTER (WHERE balance < 0), 0)::float8 AS "overdrafts!",
                        coalesce(sum(held), 0)::float8 AS "holds!"
                 FROM users) AS people,
                (SELECT coalesce(sum(stars), 0)::int8 AS "stars_paid!",
                        coalesce(sum(stars) FILTER (WHERE state = 'refunded'), 0)::int8 AS "stars_refunded!",
                        coalesce(sum(credit), 0)::float8 AS "credited!"
                 FROM payments) AS paid,
                (SELECT count(*) AS "inbox!", coalesce(extract(epoch FROM now() - min(received_at)), 0)::int8 AS "inbox_s!"
                 FROM inbox WHERE handled_at IS NULL) AS inbox,
                (SELECT count(*) AS "outbox!", coalesce(extract(epoch FROM now() - min(created_at)), 0)::int8 AS "outbox_s!"
                 FROM outbox WHERE state = 'pending') AS outbox,
                (SELECT count(*) AS "turns!", coalesce(extract(epoch FROM now() - min(opened_at)), 0)::int8 AS "turns_s!"
                 FROM turns WHERE state = 'open') AS open,
                (SELECT count(*) AS "refunds!", coalesce(extract(epoch FROM now() - min(asked_at)), 0)::int8 AS "refunds_s!"
                 FROM payments WHERE state = 'refunding') AS refunds"#
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("state::read"))?;
    Ok(State {
        users: row.users,
        active: row.active,
        overdrawn: row.overdrawn,
        balances: row.balances,
        overdrafts: row.overdrafts,
        holds: row.holds,
        stars_paid: row.stars_paid,
        stars_refunded: row.stars_refunded,
        credited: row.credited,
        inbox: Waiting { count: row.inbox, oldest_s: row.inbox_s },
        outbox: Waiting { count: row.outbox, oldest_s: row.outbox_s },
        turns: Waiting { count: row.turns, oldest_s: row.turns_s },
        refunds: Waiting { count: row.refunds, oldest_s: row.refunds_s },
        dead_letters: row.letters,
    })
}
