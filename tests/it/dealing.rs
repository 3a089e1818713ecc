//! The proxy of `compose.scale.yaml` with its own configuration: it deals updates to instances that are ready, and an
//! update that one of them does not take goes to another one.

#![expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use playground::ports::free_address;
use tokio::process::{Child, Command};

use crate::harness::BOUND;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// What an instance of the bot is to the proxy: a port that takes updates, and one that says whether it is ready.
#[derive(Clone, Default)]
struct Instance {
    ready: Arc<AtomicU32>,
    taken: Arc<AtomicU32>,
    refuses: Arc<AtomicU32>,
}

impl Instance {
    /// Starts it; returns both addresses.
    async fn start() -> (Self, SocketAddr, SocketAddr) {
        let this = Self::default();
        this.ready.store(200, Ordering::SeqCst);
        let ready = |State(this): State<Self>| async move { this.ready() };
        let take = |State(this): State<Self>, _body: String| async move { this.take() };
        let app = Router::new().route("/ready", get(ready)).route("/", post(take)).with_state(this.clone());
        let webhook = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let operators = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = (webhook.local_addr().unwrap(), operators.local_addr().unwrap());
        for listener in [webhook, operators] {
            tokio::spawn(axum::serve(listener, app.clone()).into_future());
        }
        (this, addresses.0, addresses.1)
    }

    fn ready(&self) -> StatusCode {
        StatusCode::from_u16(u16::try_from(self.ready.load(Ordering::SeqCst)).unwrap()).unwrap()
    }

    fn take(&self) -> StatusCode {
        if self.refuses.load(Ordering::SeqCst) > 0 {
            self.refuses.fetch_sub(1, Ordering::SeqCst);
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        self.taken.fetch_add(1, Ordering::SeqCst);
        StatusCode::OK
    }

    fn taken(&self) -> u32 {
        self.taken.load(Ordering::SeqCst)
    }
}

struct HaProxy {
    url: String,
    file: PathBuf,
    _process: Child,
}

impl HaProxy {
    /// Starts it with the configuration of operators, before these instances instead of those that a name server
    /// knows. Returns `None`, with a message, if it is not installed here.
    fn start(instances: &[(SocketAddr, SocketAddr)]) -> Option<Self> {
        let program = Path::new("/usr/sbin/haproxy");
        if !program.exists() {
            eprintln!("skipped: HAProxy is not installed here (apt-get install haproxy)");
            return None;
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("haproxy/haproxy.cfg");
        let (webhook, health) = (free_address().unwrap(), free_address().unwrap());
        let servers = instances.iter().enumerate().map(|(number, (webhook, operators))| {
            format!("    server instance{number} {webhook} port {}\n", operators.port())
        });
        let servers: String = servers.collect();
        let mut replaced = 0;
        let configuration: String = std::fs::read_to_string(path)
            .unwrap()
            .lines()
            .map(|line| {
                let changed = match line.trim() {
                    "bind :8443" => format!("    bind {webhook}\n"),
                    "bind :8404" => format!("    bind {health}\n"),
                    line if line.starts_with("server-template starling ") => servers.clone(),
                    _ => return format!("{line}\n"),
                };
                replaced += 1;
                changed
            })
            .collect();
        assert_eq!(replaced, 3, "the configuration has the lines that the test replaces");
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let file = std::env::temp_dir().join(format!("starling-haproxy-{}-{number}.cfg", std::process::id()));
        std::fs::write(&file, configuration).unwrap();
        let mut command = Command::new(program);
        command.args(["-db", "-f"]).arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let process = command.spawn().unwrap();
        Some(Self { url: format!("http://{webhook}/"), file, _process: process })
    }

    async fn post(&self) -> Option<u16> {
        let sent = reqwest::Client::new().post(&self.url).body(r#"{"update_id":1}"#).send().await;
        sent.ok().map(|response| response.status().as_u16())
    }

    /// Posts until the answer and what has come of it are as expected.
    async fn until(&self, what: &str, is_so: impl Fn(Option<u16>) -> bool) {
        let posting = async {
            while !is_so(self.post().await) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(BOUND, posting).await.expect(what);
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

#[test]
fn the_proxys_configuration_is_valid() {
    let program = Path::new("/usr/sbin/haproxy");
    if !program.exists() {
        eprintln!("skipped: HAProxy is not installed here (apt-get install haproxy)");
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("haproxy/haproxy.cfg");
    let checked = std::process::Command::new(program).args(["-c", "-f"]).arg(path).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success() && !said.contains("WARNING"), "{said}");
}

#[tokio::test]
async fn updates_go_to_the_instances_that_are_ready() {
    let (one, one_at, one_ready) = Instance::start().await;
    let (two, two_at, two_ready) = Instance::start().await;
    let dead = (free_address().unwrap(), free_address().unwrap());
    let Some(proxy) = HaProxy::start(&[(one_at, one_ready), dead, (two_at, two_ready)]) else { return };
    proxy.until("the proxy deals", |status| status == Some(200)).await;
    let before = [one.taken(), two.taken()];
    for _ in 0..40 {
        assert_eq!(proxy.post().await, Some(200), "a dead instance loses nothing");
    }
    let each = [one.taken() - before[0], two.taken() - before[1]];
    assert!(each.iter().all(|taken| *taken >= 10), "both get their share: {each:?}");
    assert_eq!(each.iter().sum::<u32>(), 40, "each update once: {each:?}");
    // One refuses, as when its connection to the database is cut: another takes it.
    one.refuses.store(5, Ordering::SeqCst);
    for _ in 0..20 {
        assert_eq!(proxy.post().await, Some(200));
    }
    assert_eq!(one.refuses.load(Ordering::SeqCst), 0);
    // One that says that it stops gets no more, soon.
    one.ready.store(503, Ordering::SeqCst);
    let seen = std::cell::Cell::new((one.taken(), 0));
    proxy
        .until("the one that stops gets nothing", |status| {
            assert_eq!(status, Some(200), "nothing is lost on the way");
            let (taken, quiet) = seen.get();
            let quiet = if one.taken() == taken { quiet + 1 } else { 0 };
            seen.set((one.taken(), quiet));
            quiet > 10
        })
        .await;
    // And all, when nobody is ready: Telegram keeps what is not taken.
    two.ready.store(503, Ordering::SeqCst);
    proxy.until("nobody takes anything", |status| status == Some(503)).await;
    one.ready.store(200, Ordering::SeqCst);
    proxy.until("the first takes updates again", |status| status == Some(200)).await;
}
