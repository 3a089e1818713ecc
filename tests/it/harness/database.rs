//! A database per test, created and dropped with it. `DATABASE_URL` names a server that allows this.

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool};
use tokio::net::lookup_host;
use url::Url;

use super::template;

static NEXT: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Database {
    server: Url,
    address: SocketAddr,
    name: String,
    pool: PgPool,
    since: Instant,
}

impl Database {
    /// Creates a database with the newest schema.
    pub(crate) async fn create() -> Self {
        let server = server();
        let template = template::name(&server.parse().expect("the server has an address")).await;
        Self::create_on(&server, &format!("TEMPLATE {template}")).await
    }

    /// Creates a database that was never migrated, with options of CREATE DATABASE.
    pub(crate) async fn create_empty(options: &str) -> Self {
        Self::create_on(&server(), options).await
    }

    /// Creates a database on another server.
    pub(crate) async fn create_on(server: &str, options: &str) -> Self {
        let server: Url = server.parse().expect("the server has an address");
        let host = server.host_str().expect("the address has a host");
        let port = server.port().unwrap_or(5432);
        let address = lookup_host((host, port)).await.unwrap().next().expect("the host has an address");
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("starling_test_{}_{number}", std::process::id());
        run(&server, &format!("CREATE DATABASE {name} {options}")).await;
        let pool = pool(&server, &name);
        Self { server, address, name, pool, since: Instant::now() }
    }

    /// Uses the database on another server, which has taken over.
    pub(crate) fn turn_to(&mut self, server: &str) {
        self.server = server.parse().unwrap();
        self.pool = pool(&self.server, &self.name);
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Returns the address of this database.
    pub(crate) fn url(&self) -> String {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url.to_string()
    }

    /// Returns the address of this database through a proxy.
    pub(crate) fn url_through(&self, proxy: SocketAddr) -> String {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url.set_host(Some(&proxy.ip().to_string())).unwrap();
        url.set_port(Some(proxy.port())).unwrap();
        url.to_string()
    }

    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.pool).await.unwrap()
    }

    /// Waits until a count has a value. The database does not report changes, so this one polls.
    pub(crate) async fn until(&self, query: &'static str, value: i64) {
        self.until_within(super::BOUND, query, value).await;
    }

    /// Waits until a count has a value, but at most `bound`, for work that is slow on any machine.
    pub(crate) async fn until_within(&self, bound: std::time::Duration, query: &'static str, value: i64) {
        let reached = async {
            while self.count(query).await != value {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        let reached = tokio::time::timeout(bound, reached).await;
        assert!(reached.is_ok(), "{query} is {}, not {value}", self.count(query).await);
    }

    /// Asserts that nothing is left open at the end of a test.
    pub(crate) async fn assert_settled(&self) {
        for (what, query) in [
            ("open turns", "SELECT count(*) FROM turns WHERE state = 'open'"),
            ("messages that are still owed", "SELECT count(*) FROM outbox WHERE state = 'pending'"),
            ("updates that nobody handled", "SELECT count(*) FROM inbox WHERE handled_at IS NULL"),
        ] {
            assert_eq!(self.count(query).await, 0, "{what}");
        }
        self.assert_audited().await;
    }

    /// Asserts that the books are right; called after every test.
    pub(crate) async fn assert_audited(&self) {
        let audit = include_str!("../../../src/db/audit.sql");
        let all_books = None::<DateTime<Utc>>;
        let problems: Vec<(String, i64, String)> =
            sqlx::query_as(audit).bind(all_books).fetch_all(&self.pool).await.unwrap();
        assert!(problems.is_empty(), "the books are wrong: {problems:#?}");
    }

    pub(crate) async fn drop(self) {
        self.pool.close().await;
        run(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
        self.note_time();
    }

    /// Appends the name of the test and how many seconds its database existed to the file that `STARLING_TIMES`
    /// names, to find what takes long.
    fn note_time(&self) {
        let Some(file) = std::env::var_os("STARLING_TIMES") else { return };
        let mut file = File::options().create(true).append(true).open(file).unwrap();
        let thread = std::thread::current();
        let line = format!("{:.1} {}\n", self.since.elapsed().as_secs_f64(), thread.name().unwrap_or("?"));
        file.write_all(line.as_bytes()).unwrap();
    }
}

fn pool(server: &Url, name: &str) -> PgPool {
    let mut own = server.clone();
    own.set_path(name);
    let options: PgConnectOptions = own.as_str().parse().unwrap();
    PgPoolOptions::new().max_connections(2).connect_lazy_with(options)
}

fn server() -> String {
    std::env::var("DATABASE_URL").expect("DATABASE_URL names a PostgreSQL server; scripts/test sets it")
}

async fn run(server: &Url, statement: &str) {
    let options: PgConnectOptions = server.as_str().parse().unwrap();
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&pool).await.unwrap();
    pool.close().await;
}
