//! Executes single statements. Behind a pooler each is a transaction, because preparing and executing it would
//! else reach two sessions.

use futures::TryStreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use sqlx::postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Describe, Either, Error, Execute, Executor, PgPool, Postgres, SqlStr};

/// Takes one statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Single<'a> {
    pub(super) pool: &'a PgPool,
    /// What begins its transaction; `None` if it needs none.
    pub(super) begin: Option<&'a SqlStr>,
}

impl<'p> Executor<'p> for Single<'_> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let Some(begin) = self.begin.cloned() else { return self.pool.fetch_many(query) };
        let pool = self.pool.clone();
        Box::pin(async_stream::try_stream! {
            let mut tx = pool.begin_with(begin).await?;
            {
                let mut results = tx.fetch_many(query);
                while let Some(result) = results.try_next().await? {
                    yield result;
                }
            }
            tx.commit().await?;
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let Some(begin) = self.begin.cloned() else { return self.pool.fetch_optional(query) };
        let pool = self.pool.clone();
        Box::pin(async move {
            let mut tx = pool.begin_with(begin).await?;
            let row = tx.fetch_optional(query).await?;
            tx.commit().await?;
            Ok(row)
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'p: 'e,
    {
        self.pool.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'p: 'e,
    {
        self.pool.describe(sql)
    }
}
