//! PostgreSQL servers of a test's own: a primary and a streaming standby that can take over.

#![expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// PostgreSQL refuses to run as root.
pub(crate) const AS_POSTGRES: [&str; 4] =
    ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"];

/// A running server; stopped and deleted on drop.
pub(crate) struct PostgresServer {
    home: PathBuf,
    bin: PathBuf,
    port: u16,
}

impl PostgresServer {
    /// Starts a server. Returns `None`, with a message, if
    /// PostgreSQL is not installed here.
    pub(crate) fn primary() -> Option<Self> {
        let Some(bin) = programs() else {
            eprintln!("skipped: PostgreSQL is not installed here");
            return None;
        };
        let server = Self::prepare(bin);
        let initdb = ["--no-sync", "--username=starling", "--auth=trust", "--encoding=UTF8", "--locale=C"];
        run(as_postgres(server.bin.join("initdb")).arg("-D").arg(server.data()).args(initdb));
        server.configure("max_connections = 60\n");
        server.start();
        Some(server)
    }

    /// Starts a standby of a server.
    pub(crate) fn standby_of(primary: &Self) -> Self {
        let server = Self::prepare(primary.bin.clone());
        run(as_postgres(server.bin.join("pg_basebackup"))
            .arg("-D")
            .arg(server.data())
            .args(["-h", "127.0.0.1", "-U", "starling", "-R", "-X", "stream", "-c", "fast", "-p"])
            .arg(primary.port.to_string()));
        server.configure("synchronous_standby_names = ''\n");
        server.start();
        server
    }

    fn prepare(bin: PathBuf) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let home = PathBuf::from(format!("/var/tmp/starling-cluster-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&home).unwrap();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&home));
        }
        Self { home, bin, port: playground::ports::free_address().unwrap().port() }
    }

    /// Appends to the settings.
    fn configure(&self, more: &str) {
        let settings = format!(
            "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n{more}",
            self.port
        );
        let mut append = as_postgres("sh");
        run(append.args(["-c", "printf %s \"$0\" >>\"$1/postgresql.conf\"", &settings]).arg(self.data()));
    }

    fn start(&self) {
        let log = self.home.join("log");
        run(self.control().arg("-l").arg(log).args(["-w", "start"]).stdout(std::process::Stdio::null()));
    }

    /// Makes commits wait until the standby has them.
    pub(crate) fn wait_for_standby(&self) {
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.sql("SELECT pg_reload_conf()");
    }

    /// Stops the server at once, as a power cut of its machine would.
    pub(crate) fn kill(&self) {
        run(self.control().args(["-m", "immediate", "stop"]));
    }

    /// Makes a standby take over.
    pub(crate) fn promote(&self) {
        run(self.control().args(["-w", "promote"]));
    }

    /// Returns its host and port.
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://starling@{}/postgres", self.host())
    }

    /// Runs a statement and returns its result.
    pub(crate) fn sql(&self, statement: &str) -> String {
        let output =
            run(Command::new(self.bin.join("psql")).args(["-XAtqc", statement, "-d"]).arg(self.url()));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn control(&self) -> Command {
        let mut control = as_postgres(self.bin.join("pg_ctl"));
        control.arg("-D").arg(self.data());
        control
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let _ = self.control().args(["-m", "immediate", "stop"]).output();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// Returns a command that runs as the user `postgres` if this is root.
pub(crate) fn as_postgres(program: impl AsRef<OsStr>) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new(AS_POSTGRES[0]);
    command.args(&AS_POSTGRES[1..]).arg(program).current_dir("/");
    command
}

pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// Returns the directory with the newest PostgreSQL of this machine.
pub(crate) fn programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").ok()?.map(|entry| entry.unwrap().path()).collect();
    versions.sort();
    versions.into_iter().rev().map(|version| version.join("bin")).find(|bin| bin.join("initdb").exists())
}

pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
