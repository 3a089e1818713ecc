//! PostgreSQL and Redis as processes that the crash test can stop and start. `scripts/crash-test` starts the
//! first ones and leaves a script for each that starts the next.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Time limit for a server to stop or to start.
const LIMIT: Duration = Duration::from_secs(60);
/// Interval between two checks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The signal that stops a server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signal {
    /// SIGKILL, like a power failure.
    Kill,
    /// SIGINT, PostgreSQL's fast shutdown: it rolls back open transactions and closes connections.
    Interrupt,
}

/// A server process that can be stopped and started again.
pub(super) struct Server {
    start: PathBuf,
    pid: PathBuf,
    child: Option<Child>,
}

impl Server {
    /// Refers to a running server. `start` is the program that starts it again; the first line of the file
    /// `pid` is its process id.
    pub(super) fn new(start: PathBuf, pid: PathBuf) -> Self {
        Self { start, pid, child: None }
    }

    /// Stops the server and waits until its process is gone.
    pub(super) async fn end(&mut self, signal: Signal) -> anyhow::Result<()> {
        let text =
            std::fs::read_to_string(&self.pid).with_context(|| format!("no {}", self.pid.display()))?;
        let pid: u32 = text.lines().next().unwrap_or_default().trim().parse().context("no process id")?;
        let name = match signal {
            Signal::Kill => "-KILL",
            Signal::Interrupt => "-INT",
        };
        let number = pid.to_string();
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill \"$1\" \"$2\"", "sh", name, &number]);
        if !kill.status().await.context("cannot send a signal")?.success() {
            bail!("the server with the number {pid} is not there to be ended");
        }
        let gone = async {
            match self.child.take() {
                Some(mut child) => drop(child.wait().await),
                None => {
                    while is_alive(pid) {
                        tokio::time::sleep(LOOK_EVERY).await;
                    }
                }
            }
        };
        tokio::time::timeout(LIMIT, gone).await.with_context(|| format!("process {pid} does not end"))
    }

    /// Starts the server. Does not wait until it accepts connections.
    pub(super) fn start(&mut self) -> anyhow::Result<()> {
        let mut command = Command::new(&self.start);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let child = command.kill_on_drop(true).spawn();
        self.child = Some(child.with_context(|| format!("cannot run {}", self.start.display()))?);
        Ok(())
    }

    /// Stops the processes that were started here.
    pub(super) async fn stop(&mut self, signal: Signal) {
        if self.child.is_some() {
            self.end(signal).await.ok();
        }
    }
}

/// Returns whether a process is alive. A zombie is not.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with('Z'))
}

/// A minimal client of Redis.
pub(super) struct Redis {
    address: SocketAddr,
    password: String,
}

impl Redis {
    /// Reads `redis://:password@127.0.0.1:port/0`, as `scripts/lib/services.sh` writes it.
    pub(super) fn at(url: &str) -> anyhow::Result<Self> {
        let rest = url.strip_prefix("redis://:").and_then(|rest| rest.split_once('@'));
        let (password, place) = rest.context("REDIS_URL has no password")?;
        let port = place.split([':', '/']).nth(1).and_then(|port| port.parse().ok());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.context("REDIS_URL has no port")?));
        Ok(Self { address, password: password.to_owned() })
    }

    /// Waits until Redis answers.
    pub(super) async fn ready(&self) -> anyhow::Result<()> {
        let ready = async {
            while self.command("PING").await.is_err() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(LIMIT, ready).await.context("Redis does not come back")
    }

    /// Deletes all data (`FLUSHALL`).
    pub(super) async fn flush(&self) -> anyhow::Result<()> {
        self.command("FLUSHALL").await
    }

    /// Sends one command without arguments and checks its reply.
    async fn command(&self, command: &str) -> anyhow::Result<()> {
        let mut wire = TcpStream::connect(self.address).await?;
        wire.write_all(format!("AUTH {}\r\n{command}\r\nQUIT\r\n", self.password).as_bytes()).await?;
        let mut answers = String::new();
        wire.read_to_string(&mut answers).await?;
        let refused = answers.lines().find(|line| line.starts_with('-'));
        if answers.lines().count() < 3 || refused.is_some() {
            bail!("Redis says {}", refused.unwrap_or("nothing"));
        }
        Ok(())
    }
}
