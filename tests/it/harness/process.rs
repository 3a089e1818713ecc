//! The real binary as a child process whose log lines can be awaited.

use std::collections::BTreeMap;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::BOUND;

pub(crate) struct Process {
    child: Child,
    log: watch::Receiver<Vec<String>>,
}

/// The binary with only the given settings.
pub(crate) fn command(settings: &BTreeMap<String, String>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_starling"));
    command
        .env_clear()
        .envs(settings)
        .current_dir(std::env::temp_dir())
        .kill_on_drop(true)
        .stdin(Stdio::null());
    command
}

impl Process {
    pub(crate) fn start(settings: &BTreeMap<String, String>) -> Self {
        let mut child = command(settings).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, log) = watch::channel(Vec::new());
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                sender.send_modify(|log| log.push(line));
            }
        });
        Self { child, log }
    }

    /// Waits for a line that contains `part`.
    pub(crate) async fn line(&self, part: &str) {
        let found = self.seen(part).await.is_ok();
        assert!(found, "no line with '{part}' in the log:\n{}", self.log.borrow().join("\n"));
    }

    /// Waits for a line that contains `part`. Returns an error if the process ends without it, or too late.
    pub(super) async fn seen(&self, part: &str) -> Result<(), ()> {
        let mut log = self.log.clone();
        let found = log.wait_for(|lines| lines.iter().any(|line| line.contains(part)));
        match tokio::time::timeout(BOUND, found).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(()),
        }
    }

    /// Waits for a line that contains one of two texts. Returns whether the first one is there.
    pub(super) async fn either_line(&self, first: &str, second: &str) -> bool {
        let either = async {
            tokio::select! {
                biased;
                found = self.seen(first) => found.map(|()| true),
                found = self.seen(second) => found.map(|()| false),
            }
        };
        let found = either.await;
        found.unwrap_or_else(|()| {
            panic!("neither '{first}' nor '{second}':\n{}", self.log.borrow().join("\n"))
        })
    }

    /// Returns the first line so far that contains `part`.
    pub(crate) fn find_line(&self, part: &str) -> Option<String> {
        self.log.borrow().iter().find(|line| line.contains(part)).cloned()
    }

    /// Returns the lines of the log so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    /// Waits until the process has ended for any reason.
    pub(crate) async fn gone(&self) {
        let mut log = self.log.clone();
        while log.changed().await.is_ok() {}
    }

    /// Returns whether the process has ended.
    pub(super) fn is_gone(&self) -> bool {
        self.log.has_changed().is_err()
    }

    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Kills the process at once, if it runs. Does not wait.
    pub(super) fn cut_power(&self) {
        if !self.is_gone() {
            self.signal("KILL");
        }
    }

    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Returns the exit code and the log up to the end.
    pub(crate) async fn end(mut self) -> (i32, Vec<String>) {
        let Ok(status) = tokio::time::timeout(BOUND, self.child.wait()).await else {
            panic!("the bot does not end:\n{}", self.log.borrow().join("\n"));
        };
        let status = status.unwrap();
        while self.log.changed().await.is_ok() {}
        (status.code().unwrap_or(-1), self.log.borrow().clone())
    }

    /// Returns the most memory that the process has had resident, in KiB.
    pub(crate) fn peak_memory_kib(&self) -> u64 {
        let id = self.child.id().expect("the bot runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        peak.trim().trim_end_matches(" kB").trim().parse().unwrap()
    }

    /// Suspends the process, as a machine that stands still does.
    pub(crate) fn suspend(&self) {
        self.signal("STOP");
    }

    /// Returns whether the process is suspended.
    pub(crate) fn is_suspended(&self) -> bool {
        let Some(id) = self.child.id() else { return false };
        let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        status.rsplit_once(") ").is_some_and(|(_, fields)| fields.starts_with('T'))
    }

    pub(crate) fn wake(&self) {
        self.signal("CONT");
    }

    /// Returns the address of its operators' server.
    pub(crate) fn operators_port(&self) -> String {
        let line = self.find_line("the operators' port is open").expect("the bot is ready");
        line.rsplit_once("address=").expect("the line names it").1.to_owned()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().expect("the bot runs").to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(sent.success());
    }
}
