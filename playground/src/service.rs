//! The real `starling` as a child process: started with given settings and its output in a log file, watched
//! until it is ready, stopped with its own drain. It is not restarted automatically; an early exit is
//! reported with the last lines of its log.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use playground::ports::free_address;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::console;
use crate::signals::Signals;

/// Time limit for migrations and the first connections.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// Time limit for running answers after SIGTERM, including the bot's own grace time.
const STOPPED_WITHIN: Duration = Duration::from_secs(75);
/// Interval between two checks of `/ready`.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Number of log lines in the report of a failure.
const LAST_LINES: usize = 15;

/// A setting of the child: name and value, or `None` to unset an inherited variable.
pub(crate) type Setting = (&'static str, Option<String>);

/// The running child.
pub(crate) struct Service {
    child: Child,
    log: PathBuf,
    http: reqwest::Client,
    /// Address of `/metrics`, `/live` and `/ready`.
    pub address: SocketAddr,
}

impl Service {
    /// Starts the program in `home`, where it also writes its log. The previous log is kept as
    /// `starling.log.1`.
    pub(crate) fn start(program: &Path, home: &Path, settings: &[Setting]) -> anyhow::Result<Self> {
        let log = home.join("starling.log");
        std::fs::rename(&log, home.join("starling.log.1")).ok();
        let output =
            std::fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let address = free_address().context("starling cannot be given a port")?;
        // `setpriv` hands the child a SIGTERM should this process be killed; it replaces itself by the child.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]).arg(program).current_dir(home);
        command.env("METRICS_ADDR", address.to_string());
        for (name, value) in settings {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().context("cannot share the log file")?)
            .stderr(output)
            // A Ctrl-C of the terminal must not reach it beside the SIGTERM that it gets from here.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build()?;
        Ok(Self { child, log, http, address })
    }

    /// Returns the process id while the child runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until the bot accepts updates.
    pub(crate) async fn ready(&mut self) -> anyhow::Result<()> {
        self.until(async |service| service.get("ready").await.is_ok()).await
    }

    /// Waits until the bot accepts updates, or only waits itself until it can take over from another instance.
    /// Returns whether it accepts updates.
    pub(crate) async fn up(&mut self) -> anyhow::Result<bool> {
        self.until(async |service| service.get("ready").await.is_ok() || service.stands_by().await).await?;
        Ok(self.get("ready").await.is_ok())
    }

    async fn stands_by(&self) -> bool {
        let answer = self.http.get(format!("http://{}/ready", self.address)).send().await;
        let Ok(answer) = answer else { return false };
        answer.text().await.is_ok_and(|reason| reason.starts_with("standing by"))
    }

    async fn until(&mut self, is_up: impl AsyncFn(&Self) -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!(self.report(&format!("starling ended before it was ready: {status}")));
            }
            if is_up(self).await {
                return Ok(());
            }
            if Instant::now() >= deadline {
                bail!(self.report(&format!("starling was not ready within {} s", READY_WITHIN.as_secs())));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Returns the body of one of the bot's own pages, or an error for any status except 200.
    pub(crate) async fn get(&self, page: &str) -> anyhow::Result<String> {
        let answer = self.http.get(format!("http://{}/{page}", self.address)).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// Waits until the child exits by itself, which is always a failure. May be dropped and called again.
    pub(crate) async fn ended(&mut self) -> anyhow::Error {
        match self.child.wait().await {
            Ok(status) => anyhow::anyhow!(self.report(&format!("starling ended: {status}"))),
            Err(error) => anyhow::anyhow!(error).context("cannot wait for starling"),
        }
    }

    /// Returns the failure if the child has already exited.
    pub(crate) fn try_ended(&mut self) -> Option<anyhow::Error> {
        let status = self.child.try_wait().ok()??;
        Some(anyhow::anyhow!(self.report(&format!("starling ended: {status}"))))
    }

    /// Asks the child to finish running answers and to exit. A further signal kills it at once.
    pub(crate) async fn stop(mut self, signals: &mut Signals) -> anyhow::Result<()> {
        self.terminate().await?;
        let status = tokio::select! {
            status = tokio::time::timeout(STOPPED_WITHIN, self.child.wait()) => status,
            () = signals.next() => {
                console::remark("second signal: ending starling at once");
                self.child.kill().await?;
                bail!("starling was killed before it had finished");
            }
        };
        let Ok(status) = status else {
            self.child.kill().await?;
            bail!(self.report(&format!("starling did not end within {} s", STOPPED_WITHIN.as_secs())));
        };
        let status: ExitStatus = status?;
        if !status.success() {
            bail!(self.report(&format!("starling did not end well: {status}")));
        }
        Ok(())
    }

    /// Kills the child, like a power failure.
    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("cannot kill starling")
    }

    async fn terminate(&self) -> anyhow::Result<()> {
        let Some(pid) = self.child.id() else { return Ok(()) };
        // The shell's own `kill`: the program of that name is missing on small systems.
        let sent =
            Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &pid.to_string()]).status().await;
        let sent = sent.context("cannot send SIGTERM to starling")?;
        if !sent.success() {
            bail!("cannot send SIGTERM to starling (process {pid})");
        }
        Ok(())
    }

    /// Returns a failure with the end of the log, which usually names the cause.
    pub(crate) fn report(&self, what: &str) -> String {
        let lines = last_lines(&self.log).join("\n  ");
        format!("{what}\nthe end of {}:\n  {lines}", self.log.display())
    }
}

fn last_lines(log: &Path) -> Vec<String> {
    let Ok(file) = std::fs::File::open(log) else { return vec!["(it cannot be read)".to_owned()] };
    let mut last = VecDeque::with_capacity(LAST_LINES);
    for line in BufReader::new(file).split(b'\n').map_while(Result::ok) {
        if last.len() == LAST_LINES {
            last.pop_front();
        }
        last.push_back(String::from_utf8_lossy(&line).into_owned());
    }
    last.into()
}
