//! A PostgreSQL of a test's own, with the archive of `compose.archive.yaml`, which the lines of
//! `docs/OPERATIONS.md` back up, destroy and restore.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::harness::cluster::{AS_POSTGRES, as_postgres, is_root, programs, run};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A running server; stopped and deleted on drop.
pub(super) struct Server {
    home: PathBuf,
    bin: PathBuf,
    port: u16,
}

impl Server {
    /// Starts a server with an empty database `starling`. Returns `None` if PostgreSQL is not installed here.
    pub(super) fn start() -> Option<Self> {
        let bin = programs()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let home = PathBuf::from(format!("/var/tmp/starling-recovery-{}-{number}", std::process::id()));
        for folder in ["bin", "backups", "archive"] {
            std::fs::create_dir_all(home.join(folder)).unwrap();
        }
        let server = Self { home, bin, port: playground::ports::free_address().unwrap().port() };
        for script in ["backup", "restore", "archive"] {
            std::fs::copy(root().join("scripts").join(script), server.home.join("bin").join(script)).unwrap();
        }
        std::fs::copy(root().join("tests/it/recovery/docker"), server.home.join("bin/docker")).unwrap();
        if is_root() {
            run(Command::new("chown").args(["-R", "postgres"]).arg(&server.home));
        }
        let initdb = ["--no-sync", "--username=starling", "--auth=trust", "--encoding=UTF8", "--locale=C"];
        run(as_postgres(server.bin.join("initdb")).arg("-D").arg(server.data()).args(initdb));
        let mut settings = format!(
            "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nfsync = off\n",
            server.port,
            server.home.display()
        );
        for (name, value) in archive_settings() {
            writeln!(settings, "{name} = '{value}'").unwrap();
        }
        std::fs::write(server.data().join("conf"), &settings).unwrap();
        run(Command::new("sh")
            .current_dir(server.data())
            .args(["-c", "cat conf >>postgresql.conf && rm conf"]));
        server.line("docker compose start postgres");
        server.sql("postgres", "CREATE DATABASE starling");
        Some(server)
    }

    pub(super) fn url(&self) -> String {
        format!("postgres://starling@127.0.0.1:{}/starling", self.port)
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// Runs a statement in a database and returns its result.
    pub(super) fn sql(&self, database: &str, statement: &str) -> String {
        let mut psql = Command::new(self.bin.join("psql"));
        let output = run(self.environment(psql.args([
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            database,
            "-c",
            statement,
        ])));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs a tested block of the manual, with variables of its own; returns what it prints.
    pub(super) fn manual(&self, name: &str, variables: &[(&str, &str)]) -> String {
        let manual = std::fs::read_to_string(root().join("docs/OPERATIONS.md")).unwrap();
        let (_, block) =
            manual.split_once(&format!("<!-- tested: {name} -->\n```sh\n")).expect("the block exists");
        let (block, _) = block.split_once("\n```").expect("the block ends");
        let (output, succeeded) = self.shell(block, variables);
        assert!(succeeded, "the block `{name}` failed:\n{output}");
        output
    }

    /// Runs lines of a shell, and fails if they do.
    pub(super) fn line(&self, line: &str) -> String {
        let (output, succeeded) = self.shell(line, &[]);
        assert!(succeeded, "`{line}` failed:\n{output}");
        output
    }

    /// Runs lines of a shell; returns what they print and whether they succeeded.
    pub(super) fn shell(&self, lines: &str, variables: &[(&str, &str)]) -> (String, bool) {
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", lines]);
        let output = self.environment(&mut bash).envs(variables.iter().copied()).output().unwrap();
        let printed = [output.stdout, output.stderr].concat();
        (String::from_utf8_lossy(&printed).into_owned(), output.status.success())
    }

    /// Gives a command the variables that the containers have.
    fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let path = format!("{}:{}:/usr/bin:/bin", self.home.join("bin").display(), self.bin.display());
        let as_postgres = if is_root() { AS_POSTGRES.join(" ") } else { String::new() };
        command
            .env_clear()
            .current_dir(&self.home)
            .env("PATH", path)
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", "starling")
            .env("PGDATABASE", "starling")
            .env("PGDATA", self.data())
            .env("PG_BIN", &self.bin)
            .env("AS_POSTGRES", as_postgres)
            .env("BACKUP_DIR", self.home.join("backups"))
            .env("ARCHIVE_DIR", self.home.join("archive"))
            .env("METRICS_DIR", self.home.join("none"))
            .env("STARLING", env!("CARGO_BIN_EXE_starling"))
            .env("DATABASE_URL", self.url())
            .env("TELEGRAM_BOT_TOKEN", "123456:TEST-TOKEN")
            .env("ANTHROPIC_API_KEY", "sk-ant-test")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = as_postgres(self.bin.join("pg_ctl"));
        let _ = stop.arg("-D").arg(self.data()).args(["-m", "immediate", "stop"]).output();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// Returns the settings that `compose.archive.yaml` gives PostgreSQL.
fn archive_settings() -> Vec<(String, String)> {
    let file = std::fs::read_to_string(root().join("compose.archive.yaml")).unwrap();
    let settings = file.lines().filter_map(|line| line.trim().strip_prefix("- ")?.split_once('='));
    let settings: Vec<_> = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(settings.len(), 3, "mode, command and timeout");
    settings
}
