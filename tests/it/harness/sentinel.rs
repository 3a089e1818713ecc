//! A Redis Sentinel that watches one master and replaces it after half a second.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use playground::ports::free_address;
use tokio::process::{Child, Command};

use super::redis::{Redis, program};

static NEXT: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Sentinel {
    port: u16,
    folder: PathBuf,
    _server: Child,
}

impl Sentinel {
    /// Starts a Sentinel that calls the master `main`.
    pub(crate) fn start(master: &Redis, password: &str) -> Self {
        let port = free_address().unwrap().port();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("starling-sentinel-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let master = master.address();
        let settings = format!(
            "bind 127.0.0.1\nport {port}\nlogfile sentinel.log\n\
             sentinel monitor main {} {} 1\nsentinel auth-pass main {password}\n\
             sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 3000\n",
            master.ip(),
            master.port()
        );
        std::fs::write(folder.join("sentinel.conf"), settings).unwrap();
        let server = Command::new(program())
            .args(["sentinel.conf", "--sentinel"])
            .current_dir(&folder)
            .kill_on_drop(true)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self { port, folder, _server: server.expect("redis-server is installed; scripts/test does it") }
    }

    /// Returns its host and port.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Asks it something and returns the answer, or `None` if it does not answer.
    pub(crate) async fn ask<T: redis::FromRedisValue>(&self, question: &str) -> Option<T> {
        let client = redis::Client::open(format!("redis://{}", self.address())).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        redis::cmd("SENTINEL").arg(question).arg("main").query_async(&mut connection).await.ok()
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
