//! Figures for administrators: people, answers, revenue and costs of three periods, from the books. Each query
//! reads the rows of the longest period.

use chrono::{DateTime, Utc};

use super::{Db, DbError};
use crate::domain::money::Usd;

/// A figure for three periods: today, 7 days, 30 days.
pub(crate) type Periods<T> = [T; 3];

/// The figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Statistics {
    /// Users who have asked something.
    pub people: Periods<i64>,
    /// Answers, also those that were cut; without those that failed.
    pub answers: Periods<i64>,
    /// Stars that were paid and not refunded.
    pub stars: Periods<i64>,
    /// What the models and other services have cost, whoever pays.
    pub costs: Periods<Usd>,
}

/// Reads the figures of the periods that begin at these times, the longest last.
pub(crate) async fn read(db: &Db, since: Periods<DateTime<Utc>>) -> Result<Statistics, DbError> {
    let [day, week, month] = since;
    let asked = sqlx::query!(
        r#"SELECT count(DISTINCT user_id) FILTER (WHERE opened_at >= $1) AS "people_day!",
                  count(DISTINCT user_id) FILTER (WHERE opened_at >= $2) AS "people_week!",
                  count(DISTINCT user_id) AS "people_month!",
                  count(*) FILTER (WHERE opened_at >= $1 AND state IN ('answered', 'interrupted')) AS "day!",
                  count(*) FILTER (WHERE opened_at >= $2 AND state IN ('answered', 'interrupted')) AS "week!",
                  count(*) FILTER (WHERE state IN ('answered', 'interrupted')) AS "month!"
           FROM turns JOIN threads ON threads.id = thread_id WHERE opened_at >= $3"#,
        day,
        week,
        month,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("statistics::read"))?;
    let paid = sqlx::query!(
        r#"SELECT coalesce(sum(stars) FILTER (WHERE paid_at >= $1), 0) AS "day!",
                  coalesce(sum(stars) FILTER (WHERE paid_at >= $2), 0) AS "week!",
                  coalesce(sum(stars), 0) AS "month!"
           FROM payments WHERE paid_at >= $3 AND state <> 'refunded'"#,
        day,
        week,
        month,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("statistics::read"))?;
    let spent = sqlx::query!(
        r#"SELECT coalesce(sum(cost) FILTER (WHERE at >= $1), 0) AS "day!",
                  coalesce(sum(cost) FILTER (WHERE at >= $2), 0) AS "week!",
                  coalesce(sum(cost), 0) AS "month!"
           FROM (SELECT cost, created_at AS at FROM model_calls WHERE created_at >= $3
                 UNION ALL
                 SELECT cost, created_at FROM transcriptions WHERE created_at >= $3) AS costs"#,
        day,
        week,
        month,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("statistics::read"))?;
    Ok(Statistics {
        people: [asked.people_day, asked.people_week, asked.people_month],
        answers: [asked.day, asked.week, asked.month],
        stars: [paid.day, paid.week, paid.month],
        costs: [Usd(spent.day), Usd(spent.week), Usd(spent.month)],
    })
}
