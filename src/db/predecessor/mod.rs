//! Reads the database of the predecessor, from one snapshot and never changing it. Its schema grew by hand in
//! many steps, so a column that is missing there reads as NULL. Every page is read behind the key of the one
//! before, so that memory is bounded whatever the size of a table.

mod row;
mod tables;

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgArguments, PgConnectOptions};
use sqlx::query::QueryScalar;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Postgres};

pub(crate) use self::row::Row;
use self::tables::Column;
pub(crate) use self::tables::Table;
use super::DbError;
use crate::domain::money::Usd;

/// The place of a message in the order of times: seconds since 1970, chat, number in the chat.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Place {
    /// Seconds since 1970.
    pub sent_s: i64,
    /// The chat.
    pub chat: i64,
    /// The number in the chat.
    pub message: i64,
}

/// The open database of the predecessor.
#[derive(Debug)]
pub(crate) struct Predecessor {
    connection: PgConnection,
    columns: BTreeSet<(String, String)>,
}

impl Predecessor {
    /// Connects and begins a snapshot.
    ///
    /// # Errors
    /// Returns an error if the server is unavailable, or if the database is not one of the predecessor.
    pub(crate) async fn open(url: &SecretString) -> Result<Self, DbError> {
        let options: PgConnectOptions =
            url.expose_secret().parse().map_err(DbError::at("predecessor::open"))?;
        let options = options.application_name("starling import").options([
            ("default_transaction_isolation", "repeatable read"),
            ("default_transaction_read_only", "on"),
            // It waits while pages are written; one statement reads a whole table at most.
            ("idle_in_transaction_session_timeout", "0"),
            ("statement_timeout", "600s"),
            ("TimeZone", "UTC"),
        ]);
        let mut connection =
            PgConnection::connect_with(&options).await.map_err(DbError::at("predecessor::open"))?;
        let prepared = prepare(&mut connection).await.map_err(DbError::at("predecessor::open"))?;
        Ok(Self { connection, columns: prepared })
    }

    /// Returns the tables that an import needs and that do not exist.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let exists = |table: Table| self.columns.iter().any(|(name, _)| name == table.name());
        Table::ALL[..6].iter().filter(|&&table| !exists(table)).map(|table| table.name()).collect()
    }

    /// Returns the number of rows of a table; 0 if there is no such table.
    pub(crate) async fn count(&mut self, table: Table) -> Result<u64, DbError> {
        if !self.columns.iter().any(|(name, _)| name == table.name()) {
            return Ok(0);
        }
        self.scalar(format!("SELECT count(*) FROM {}", table.name())).await
    }

    /// Returns the number of messages that were sent before a time (seconds since 1970).
    pub(crate) async fn older(&mut self, sent_s: i64) -> Result<u64, DbError> {
        self.scalar(format!("SELECT count(*) FROM messages WHERE date < {sent_s}")).await
    }

    /// Returns the number of payments of people whom the table of people does not contain, or whose id is not
    /// that of a person.
    pub(crate) async fn payments_of_nobody(&mut self) -> Result<u64, DbError> {
        let query = "SELECT count(*) FROM payments
                     WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = payments.user_id AND users.id > 0)";
        self.scalar(query.to_owned()).await
    }

    /// Returns the sum of all balances that are numbers.
    pub(crate) async fn balances(&mut self) -> Result<Usd, DbError> {
        let query = "SELECT coalesce(sum(balance), 0) FROM users WHERE balance <> 'NaN'";
        let sum = sqlx::query_scalar(query).fetch_one(&mut self.connection).await;
        sum.map(Usd).map_err(DbError::at("predecessor::balances"))
    }

    /// Returns people in the order of their ids.
    pub(crate) async fn people(&mut self, behind: i64, limit: i64) -> Result<Vec<Row>, DbError> {
        let columns = self.list(Table::Users, "");
        let page = format!("SELECT {columns} FROM users WHERE id > $1 ORDER BY id LIMIT $2");
        self.rows(page, |query| query.bind(behind).bind(limit)).await
    }

    /// Returns the payments of some people.
    pub(crate) async fn payments(&mut self, people: &[i64]) -> Result<Vec<Row>, DbError> {
        let columns = self.list(Table::Payments, "");
        let page = format!("SELECT {columns} FROM payments WHERE user_id = ANY($1) ORDER BY id");
        self.rows(page, |query| query.bind(people.to_vec())).await
    }

    /// Returns what the newest operation of some people left; nothing of people without operations.
    pub(crate) async fn left_by_operations(&mut self, people: &[i64]) -> Result<Vec<Row>, DbError> {
        let columns = self.list(Table::Operations, "");
        let page = format!(
            "SELECT DISTINCT ON (user_id) {columns} FROM balance_operations
             WHERE user_id = ANY($1) AND balance_after <> 'NaN' ORDER BY user_id, id DESC"
        );
        self.rows(page, |query| query.bind(people.to_vec())).await
    }

    /// Returns chats in the order of their ids.
    pub(crate) async fn chats(&mut self, behind: i64, limit: i64) -> Result<Vec<Row>, DbError> {
        let columns = self.list(Table::Chats, "");
        let page = format!("SELECT {columns} FROM chats WHERE id > $1 ORDER BY id LIMIT $2");
        self.rows(page, |query| query.bind(behind).bind(limit)).await
    }

    /// Returns conversations in the order of chat, person and topic (0 for none), one row for all duplicates.
    /// `rows` is the number of duplicates, `gone` whether the topic is deleted in all of them. The topic
    /// "General" has the number 1, but its messages have none.
    pub(crate) async fn conversations(
        &mut self,
        behind: (i64, i64, i64),
        limit: i64,
    ) -> Result<Vec<Row>, DbError> {
        let gone =
            if self.has(Table::Threads, "is_cleared") { "bool_and(is_cleared IS TRUE)" } else { "FALSE" };
        let page = format!(
            "SELECT chat_id, user_id, {TOPIC} AS topic, count(*) AS rows, min(id) AS first, {gone} AS gone
             FROM threads WHERE (chat_id, user_id, {TOPIC}) > ($1, $2, $3)
             GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT $4"
        );
        self.rows(page, |query| query.bind(behind.0).bind(behind.1).bind(behind.2).bind(limit)).await
    }

    /// Returns messages in the order of their places, with their conversation: `in_id`, `in_chat`, `in_user`,
    /// `topic` and `gone`.
    pub(crate) async fn messages(&mut self, behind: Place, limit: i64) -> Result<Vec<Row>, DbError> {
        let columns = self.list(Table::Messages, "messages.");
        let gone = if self.has(Table::Threads, "is_cleared") { "place.is_cleared" } else { "FALSE" };
        let page = format!(
            "SELECT {columns}, place.id AS in_id, place.chat_id AS in_chat, place.user_id AS in_user,
                    coalesce(nullif(place.thread_id, 1), 0) AS topic, {gone} AS gone
             FROM messages LEFT JOIN threads AS place ON place.id = messages.thread_id
             WHERE (messages.date, messages.chat_id, messages.message_id) > ($1, $2, $3)
             ORDER BY messages.date, messages.chat_id, messages.message_id LIMIT $4"
        );
        let Place { sent_s, chat, message } = behind;
        self.rows(page, |query| query.bind(sent_s).bind(chat).bind(message).bind(limit)).await
    }

    /// Returns files in the order of their ids, with `chats`, the number of chats that have a message with the
    /// number of theirs, and `chat`, one of them. Which chat a file belongs to was not stored.
    pub(crate) async fn files(&mut self, behind: i64, limit: i64) -> Result<Vec<Row>, DbError> {
        let columns = self.list(Table::Files, "page.");
        let page = format!(
            "WITH page AS MATERIALIZED (SELECT * FROM user_files WHERE id > $1 ORDER BY id LIMIT $2), found AS (
               SELECT message_id, count(*) AS chats, min(chat_id) AS chat FROM messages
               WHERE message_id IN (SELECT message_id FROM page) GROUP BY message_id)
             SELECT {columns}, found.chats, found.chat
             FROM page LEFT JOIN found ON found.message_id = page.message_id ORDER BY page.id"
        );
        self.rows(page, |query| query.bind(behind).bind(limit)).await
    }

    fn has(&self, table: Table, column: &str) -> bool {
        self.columns.contains(&(table.name().to_owned(), column.to_owned()))
    }

    /// Returns the columns of a table for a SELECT.
    fn list(&self, table: Table, prefix: &str) -> String {
        let column = |&(name, cast): &Column| {
            if self.has(table, name) {
                format!("{prefix}{name}{cast} AS {name}")
            } else {
                format!("NULL AS {name}")
            }
        };
        table.columns().iter().map(column).collect::<Vec<_>>().join(", ")
    }

    /// Runs a query of this file. It contains nothing but our own names and numbers.
    async fn rows(
        &mut self,
        page: String,
        bind: impl FnOnce(
            QueryScalar<'static, Postgres, Vec<u8>, PgArguments>,
        ) -> QueryScalar<'static, Postgres, Vec<u8>, PgArguments>,
    ) -> Result<Vec<Row>, DbError> {
        // `textsend` gives the bytes, so that those that are not UTF-8 cost one row its letters, not all.
        let query = format!("SELECT textsend(row_to_json(page)::text) FROM ({page}) AS page");
        let rows = bind(sqlx::query_scalar(AssertSqlSafe(query))).fetch_all(&mut self.connection).await;
        let rows = rows.map_err(DbError::at("predecessor::rows"))?;
        Ok(rows.iter().map(|json| Row::read(json)).collect())
    }

    async fn scalar(&mut self, query: String) -> Result<u64, DbError> {
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(query))
            .fetch_one(&mut self.connection)
            .await
            .map_err(DbError::at("predecessor::count"))?;
        Ok(count.unsigned_abs())
    }
}

/// The topic of a conversation, 0 for none.
const TOPIC: &str = "coalesce(nullif(thread_id, 1), 0)";

/// Begins the snapshot and returns all columns of all tables.
async fn prepare(connection: &mut PgConnection) -> Result<BTreeSet<(String, String)>, sqlx::Error> {
    let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(&mut *connection).await?;
    if encoding == "SQL_ASCII" {
        // The server would refuse bytes that are not UTF-8.
        sqlx::raw_sql("SET client_encoding = 'SQL_ASCII'").execute(&mut *connection).await?;
    }
    sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
    let columns = "SELECT table_name::text, column_name::text FROM information_schema.columns
                   WHERE table_schema = current_schema()";
    Ok(sqlx::query_as(columns).fetch_all(connection).await?.into_iter().collect())
}
