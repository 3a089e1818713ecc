//! PgBouncer in transaction mode between the bot and its database, with fewer connections than the bot has.

#![expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use playground::ports::free_address;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use url::Url;

use super::BOUND;
use super::cluster::as_postgres;
use super::database::Database;

static NEXT: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Pooler {
    address: SocketAddr,
    folder: PathBuf,
    _process: Child,
}

impl Pooler {
    /// Starts a pooler for one database. Returns `None`, with a message, if PgBouncer is not installed here.
    pub(crate) async fn start(database: &Database) -> Option<Self> {
        let program = Path::new("/usr/sbin/pgbouncer");
        if !program.exists() {
            eprintln!("skipped: PgBouncer is not installed here");
            return None;
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("starling-pooler-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let address = free_address().unwrap();
        let server: Url = database.url().parse().unwrap();
        let password = server.password().map(|password| format!(" password={password}")).unwrap_or_default();
        let settings = format!(
            "[databases]\n{} = host={} port={} user={}{password}\n[pgbouncer]\nlisten_addr = {}\n\
             listen_port = {}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
             default_pool_size = 3\nmax_client_conn = 200\n",
            database.name(),
            database.address().ip(),
            database.address().port(),
            server.username(),
            address.ip(),
            address.port(),
        );
        let file = folder.join("pgbouncer.ini");
        std::fs::write(&file, settings).unwrap();
        let mut command = Command::from(as_postgres(program));
        let process = command
            .arg("-q")
            .arg(&file)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ready = async {
            // It does not report when it is ready, so this one polls.
            while TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(BOUND, ready).await.expect("PgBouncer listens");
        Some(Self { address, folder, _process: process })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
