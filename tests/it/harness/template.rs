//! The template of the tests' databases: it is migrated once, so that no test waits for migrations.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::sync::OnceCell;
use url::Url;

/// The key of the advisory lock under which the template is made, so that runs at the same time make one.
const LOCK: i64 = 0x5374_6172_6c69_6e67;

/// Returns the name of a database with the newest schema on the server of the tests. It stays there for later
/// runs until the migrations change.
pub(super) async fn name(server: &Url) -> &'static str {
    static NAME: OnceCell<String> = OnceCell::const_new();
    NAME.get_or_init(|| make(server)).await
}

async fn make(server: &Url) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let migrator = Migrator::new(folder).await.unwrap();
    let mut hasher = DefaultHasher::new();
    migrator.iter().for_each(|migration| migration.checksum.hash(&mut hasher));
    let name = format!("starling_template_{:016x}", hasher.finish());
    let mut connection = PgConnection::connect(server.as_str()).await.unwrap();
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await.unwrap();
    if !exists(&mut connection, &name).await {
        forget_former(&mut connection).await;
        // Under another name until it is complete: a run may be interrupted.
        run(&mut connection, "CREATE DATABASE starling_template_unfinished").await;
        let mut unfinished = server.clone();
        unfinished.set_path("starling_template_unfinished");
        let mut migrated = PgConnection::connect(unfinished.as_str()).await.unwrap();
        migrator.run(&mut migrated).await.unwrap();
        migrated.close().await.unwrap();
        run(&mut connection, &format!("ALTER DATABASE starling_template_unfinished RENAME TO {name}")).await;
    }
    // Ends the lock.
    connection.close().await.unwrap();
    name
}

async fn exists(connection: &mut PgConnection, name: &str) -> bool {
    let found = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)");
    found.bind(name).fetch_one(connection).await.unwrap()
}

/// Forgets all but the newest ones: another working copy, with other migrations, may be testing on this server.
async fn forget_former(connection: &mut PgConnection) {
    let former = sqlx::query_scalar(
        r"SELECT datname FROM (
            SELECT datname, row_number() OVER (PARTITION BY datname = 'starling_template_unfinished' ORDER BY oid DESC) AS place
            FROM pg_database WHERE datname LIKE 'starling\_template\_%') AS found
          WHERE place > 3 OR datname = 'starling_template_unfinished'",
    );
    let former: Vec<String> = former.fetch_all(&mut *connection).await.unwrap();
    for name in former {
        run(connection, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
}

async fn run(connection: &mut PgConnection, statement: &str) {
    sqlx::query(AssertSqlSafe(statement.to_owned())).execute(connection).await.unwrap();
}
