//! A Redis server per test, on a free port and with its own directory, with ways to make it fail.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use playground::ports::free_address;
use redis::FromRedisValue;
use redis::TlsCertificates;
use redis::aio::MultiplexedConnection;
use tokio::process::{Child, Command};

use super::BOUND;
use super::certificates::Certificates;

static NEXT: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Redis {
    port: u16,
    folder: PathBuf,
    server: Option<Child>,
    /// Settings beside those recommended to operators.
    more: Vec<String>,
    password: Option<&'static str>,
    certificates: Option<Certificates>,
}

impl Redis {
    /// Starts a server with the settings recommended to operators.
    pub(crate) async fn start() -> Self {
        let mut redis = Self::prepare();
        redis.run().await;
        redis
    }

    /// Prepares a server that is not started yet.
    pub(crate) fn prepare() -> Self {
        let port = free_address().unwrap().port();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("starling-redis-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { port, folder, server: None, more: Vec::new(), password: None, certificates: None }
    }

    /// Starts a server that accepts only encrypted connections. Returns `None` if openssl is missing.
    pub(crate) async fn start_encrypted() -> Option<Self> {
        let mut redis = Self::prepare();
        let certificates = Certificates::create(&redis.folder)?;
        let port = redis.port.to_string();
        let [authority, certificate, key] = certificates.files();
        let settings = [
            ["--port", "0"],
            ["--tls-port", &port],
            ["--tls-cert-file", &certificate],
            ["--tls-key-file", &key],
            ["--tls-ca-cert-file", &authority],
            ["--tls-auth-clients", "no"],
        ];
        redis.more = settings.concat().into_iter().map(str::to_owned).collect();
        redis.certificates = Some(certificates);
        redis.run().await;
        Some(redis)
    }

    /// Starts a server with a password, which may be a replica of another one.
    pub(crate) async fn start_with(password: &'static str, master: Option<&Self>) -> Self {
        let mut redis = Self::prepare();
        let mut settings = vec!["--requirepass", password, "--masterauth", password];
        let port = master.map(|master| master.port.to_string());
        if let Some(port) = &port {
            settings.extend(["--replicaof", "127.0.0.1", port]);
        }
        redis.more = settings.into_iter().map(str::to_owned).collect();
        redis.password = Some(password);
        redis.run().await;
        redis
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.certificates.is_some() { "rediss" } else { "redis" };
        let user = self.password.map(|password| format!(":{password}@")).unwrap_or_default();
        format!("{scheme}://{user}127.0.0.1:{}/0", self.port)
    }

    /// Returns the file with the certificate that vouches for the server's.
    pub(crate) fn authority(&self) -> String {
        let [authority, ..] = self.certificates.as_ref().expect("the server is encrypted").files();
        authority
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Starts the server with the data of an earlier run.
    pub(crate) async fn run(&mut self) {
        let port = self.port.to_string();
        let settings = [
            ["--bind", "127.0.0.1"],
            ["--port", &port],
            ["--save", ""],
            ["--appendonly", "yes"],
            ["--maxmemory-policy", "volatile-lru"],
            ["--logfile", "redis.log"],
        ];
        let server = Command::new(program())
            .args(settings.concat())
            .args(&self.more)
            .current_dir(&self.folder)
            .kill_on_drop(true)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.server = Some(server.expect("redis-server is installed; scripts/test does it"));
        let answers = async {
            // The server does not report when it is ready, so this one polls.
            while self.try_ask::<String>(&["PING"]).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(BOUND, answers).await.expect("Redis answers");
    }

    /// Kills the server at once, as a power cut of its machine would.
    pub(crate) async fn kill(&mut self) {
        self.server.take().expect("Redis runs").kill().await.unwrap();
    }

    /// Suspends the server: the system accepts connections, but there is no response.
    pub(crate) fn hang(&self) {
        self.signal("STOP");
    }

    pub(crate) fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.server.as_ref().and_then(Child::id).expect("Redis runs").to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) async fn connect(&self) -> redis::RedisResult<MultiplexedConnection> {
        let client = if self.certificates.is_some() {
            let root_cert = Some(std::fs::read(self.authority()).unwrap());
            redis::Client::build_with_tls(self.url(), TlsCertificates { client_tls: None, root_cert })
        } else {
            redis::Client::open(self.url())
        };
        client.unwrap().get_multiplexed_async_connection().await
    }

    async fn try_ask<T: FromRedisValue>(&self, command: &[&str]) -> redis::RedisResult<T> {
        let mut connection = self.connect().await?;
        redis::cmd(command[0]).arg(&command[1..]).query_async(&mut connection).await
    }

    /// Runs a command on the server.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        self.try_ask(command).await.unwrap()
    }

    /// Returns the names of all keys that contain `part`.
    pub(crate) async fn keys(&self, part: &str) -> Vec<String> {
        self.ask(&["KEYS", &format!("*{part}*")]).await
    }
}

/// Some systems have Valkey instead.
pub(super) fn program() -> &'static str {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |name: &&str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    ["redis-server", "valkey-server"].into_iter().find(there).unwrap_or("redis-server")
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.start_kill();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
