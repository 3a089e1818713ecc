//! An interpreter of a sandbox: a Python process that keeps its variables. Where the machine allows
//! namespaces, it has no network, sees no other processes and has its own `/home` and `/tmp`; in any case
//! CPU, memory, processes and the size of files are limited, and root becomes nobody.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};
use tokio_util::sync::CancellationToken;

const DRIVER: &str = include_str!("driver.py");
/// The last line of an execution.
const END: &str = r#"{"type": "end_of_execution"}"#;
/// Lines of output that may wait for the client.
const LINES_WAITING: usize = 64;
/// Mounts an empty `/home` with the sandbox's files as `/home/user` and the packages for `pip`, and an empty
/// `/tmp`, then runs the rest.
const ENTER: &str = r#"packages=$1; shift
    mount -t tmpfs -o mode=755 tmpfs /home && mkdir /home/user /home/packages && mount --bind "$0" /home/user &&
    mount --bind "$packages" /home/packages && mount -t tmpfs -o size=64m,mode=1777 tmpfs /tmp &&
    cd /home/user && HOME=/home/user PIP_FIND_LINKS=/home/packages exec "$@""#;

/// How interpreters are started on this machine.
#[derive(Clone, Debug)]
pub(super) struct Jail {
    python: PathBuf,
    /// The arguments of `unshare`; `None` if the machine does not allow namespaces.
    unshare: Option<Vec<&'static str>>,
    /// Where `pip` finds packages.
    packages: PathBuf,
}

impl Jail {
    /// Finds out what the machine allows.
    pub(super) async fn examine(packages: PathBuf) -> Self {
        let system = Path::new("/usr/bin/python3");
        let python = if system.exists() { system.to_owned() } else { PathBuf::from("python3") };
        let mut jail = Self { python, unshare: None, packages };
        let as_root = vec!["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
        let as_user = [vec!["--map-root-user"], as_root.clone()].concat();
        for unshare in [as_root, as_user] {
            jail.unshare = Some(unshare);
            let mut probe = jail.command(&std::env::temp_dir(), &["-c", "pass"]);
            let worked =
                probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
            if worked.is_ok_and(|status| status.success()) {
                return jail;
            }
        }
        tracing::warn!("this machine allows no namespaces: code in emulated sandboxes can reach the network");
        jail.unshare = None;
        jail
    }

    /// Returns whether code has no network and its own file system.
    pub(super) fn is_closed(&self) -> bool {
        self.unshare.is_some()
    }

    fn command(&self, home: &Path, arguments: &[&str]) -> Command {
        let mut command = match &self.unshare {
            None => Command::new(&self.python),
            Some(unshare) => {
                let mut command = Command::new("unshare");
                command.args(unshare).args(["--", "sh", "-c", ENTER]).arg(home).arg(&self.packages);
                command.arg(&self.python);
                command
            }
        };
        command.args(arguments).current_dir(home).env_clear().kill_on_drop(true);
        for (name, value) in [
            ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"),
            ("LANG", "C.UTF-8"),
            ("MPLBACKEND", "agg"),
            ("PIP_NO_INDEX", "1"),
            ("PIP_NO_CACHE_DIR", "1"),
            ("PIP_BREAK_SYSTEM_PACKAGES", "1"),
        ] {
            command.env(name, value);
        }
        command.env("HOME", home).env("PIP_FIND_LINKS", &self.packages);
        command
    }

    /// Runs a script outside of any sandbox, for the emulator itself.
    pub(super) async fn script(&self, script: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let ran = Command::new(&self.python).args(["-c", script]).args(arguments).output().await?;
        anyhow::ensure!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        Ok(())
    }
}

/// The limits of an interpreter.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// CPU time over its whole life, in seconds.
    pub cpu_s: u64,
    /// Address space in bytes.
    pub memory: u64,
    /// The largest file in bytes.
    pub file_size: u64,
    /// Processes and threads of its user.
    pub processes: u64,
    /// Files open at once.
    pub open_files: u64,
}

impl Default for Limits {
    /// A minute of CPU time, 1 GiB of memory, files of 64 MiB.
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self { cpu_s: 60, memory: 1024 * MIB, file_size: 64 * MIB, processes: 512, open_files: 256 }
    }
}

/// A running interpreter. Dropping it kills it.
#[derive(Clone, Debug)]
pub(super) struct Kernel {
    jail: Jail,
    home: PathBuf,
    limits: Limits,
    /// Executions wait for each other here. `None` before the first one, and after the process has died.
    process: Arc<Mutex<Option<Process>>>,
    /// Ends whatever runs, and the process.
    dead: CancellationToken,
}

#[derive(Debug)]
struct Process {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Kernel {
    pub(super) fn new(jail: Jail, home: PathBuf, limits: Limits, dead: CancellationToken) -> Self {
        Self { jail, home, limits, process: Arc::default(), dead }
    }

    /// Runs code when all earlier executions have ended. Returns the lines of its stream, `end_of_execution`
    /// included. Dropping the receiver interrupts the code. If the stream ends without `end_of_execution`, the process
    /// has died or the kernel was killed.
    pub(super) fn execute(&self, code: String) -> mpsc::Receiver<String> {
        let (lines, receiver) = mpsc::channel(LINES_WAITING);
        let kernel = self.clone();
        tokio::spawn(async move {
            let work = async {
                let process = tokio::select! {
                    process = kernel.process.clone().lock_owned() => process,
                    () = lines.closed() => return,
                };
                if let Err(error) = kernel.run(process, &code, &lines).await {
                    tracing::warn!("an emulated interpreter failed: {error:#}");
                }
            };
            tokio::select! {
                () = work => {}
                () = kernel.dead.cancelled() => {}
            }
        });
        receiver
    }

    async fn run(
        &self,
        mut slot: OwnedMutexGuard<Option<Process>>,
        code: &str,
        lines: &mpsc::Sender<String>,
    ) -> anyhow::Result<()> {
        let mut process = match slot.take() {
            Some(process) => process,
            None => self.start()?,
        };
        send(&mut process.input, &json!({ "code": code })).await?;
        let mut heard = true;
        loop {
            let line = tokio::select! {
                line = process.output.next_line() => line?,
                () = lines.closed(), if heard => {
                    heard = false;
                    send(&mut process.input, &json!({ "interrupt": true })).await?;
                    continue;
                }
            };
            // Without a line the process is dead, and the next execution starts another one.
            let Some(line) = line else { return Ok(()) };
            let is_end = line == END;
            if heard && !is_end {
                heard = lines.send(line).await.is_ok();
                if !heard {
                    send(&mut process.input, &json!({ "interrupt": true })).await?;
                }
            } else if is_end {
                *slot = Some(process);
                drop(slot);
                let _ = lines.send(line).await;
                return Ok(());
            }
        }
    }

    fn start(&self) -> anyhow::Result<Process> {
        let Limits { cpu_s, memory, file_size, processes, open_files } = self.limits;
        let limits = json!({"cpu_s": cpu_s, "memory": memory, "file_size": file_size, "processes": processes,
                            "open_files": open_files});
        let mut command = self.jail.command(&self.home, &["-u", "-c", DRIVER, &limits.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let missing = || anyhow::anyhow!("the interpreter has no pipes");
        let output = BufReader::new(output.ok_or_else(missing)?).lines();
        Ok(Process { _child: child, input: input.ok_or_else(missing)?, output })
    }
}

async fn send(input: &mut ChildStdin, request: &Value) -> anyhow::Result<()> {
    input.write_all(format!("{request}\n").as_bytes()).await?;
    Ok(input.flush().await?)
}
