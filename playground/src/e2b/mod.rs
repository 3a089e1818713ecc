//! An emulated sandbox service: E2B's control plane, and sandboxes that run real Python.
//!
//! It refuses what the real service refuses (`control`, `execute`, `inside`) and forgets a sandbox at the end
//! of its life. Code runs in a process of this machine (`kernel`): without network, rights and other people's
//! files where the machine allows namespaces, and with limits of CPU, memory, processes and sizes of files.
//! Variables and files stay between executions. Plots appear as in a notebook, by `_repr_png_`, or by
//! matplotlib where that is installed. `pip` finds only what [`E2b::offer_package`] offers. Tests order
//! faults with [`E2b::fail_next`].

mod control;
mod error;
mod execute;
mod faults;
mod inside;
mod kernel;
mod record;
mod sandboxes;
mod server;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

pub use error::ApiError;
pub use faults::{Fault, Operation};
pub use kernel::Limits;
pub use record::{Call, Outcome};

use crate::serving::Serving;
use faults::Faults;
use kernel::Jail;
use record::Log;
use sandboxes::{Folder, Sandboxes};
use server::Core;

/// How often sandboxes whose life is over are deleted.
const REAPING: Duration = Duration::from_millis(100);
/// Makes a wheel with one module: path, name, version, source.
const WHEEL: &str = r#"
import sys, zipfile
folder, name, version, source = sys.argv[1:]
about = f"{name}-{version}.dist-info"
files = {
    f"{name}.py": source,
    f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: playground\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    for file, text in files.items():
        wheel.writestr(file, text)
"#;

/// Settings of the emulator.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// The accepted key.
    pub api_key: String,
    /// The limits of each interpreter.
    pub limits: Limits,
    /// The most sandboxes at once.
    pub most_sandboxes: usize,
}

impl Default for Settings {
    /// A free port and 20 sandboxes, as the smallest plan has.
    fn default() -> Self {
        Self { port: 0, api_key: "e2b_playground".to_owned(), limits: Limits::default(), most_sandboxes: 20 }
    }
}

/// A sandbox as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxView {
    /// Its id.
    pub id: String,
    /// What its creator has noted.
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// Seconds until its life is over.
    pub left_s: i64,
    /// Whether it is paused.
    pub is_paused: bool,
}

/// A handle of a running emulator. Clones refer to the same one; it stops with the last of them.
#[derive(Clone)]
pub struct E2b {
    core: Arc<Core>,
    serving: Serving,
    packages: Arc<Folder>,
    jail: Jail,
}

impl E2b {
    /// Starts the emulator on 127.0.0.1.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        let packages = Arc::new(Folder::new().context("no folder for packages")?);
        let jail = Jail::examine(packages.path().to_owned()).await;
        let stop = CancellationToken::new();
        let core = Arc::new(Core {
            api_key: settings.api_key,
            sandboxes: Mutex::new(Sandboxes::new(jail.clone(), settings.limits, settings.most_sandboxes)),
            faults: Mutex::new(Faults::default()),
            log: Arc::new(Log::new("sandbox service")),
            stop: stop.clone(),
        });
        let router = server::router(Arc::clone(&core));
        let serving = Serving::start("sandbox service", settings.port, router, stop.clone()).await?;
        tokio::spawn(reap(Arc::downgrade(&core), stop));
        Ok(Self { core, serving, packages, jail })
    }

    /// Returns the address of both planes, for `E2B_API_URL` and `E2B_SANDBOX_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.serving.address())
    }

    /// Returns whether code in sandboxes has no network and a file system of its own on this machine.
    pub fn is_closed(&self) -> bool {
        self.jail.is_closed()
    }

    /// Kills all sandboxes and closes all connections and the port. Repeated calls return at once.
    pub async fn stop(&self) {
        self.core.stop.cancel();
        self.core.sandboxes.lock().all.clear();
        self.serving.stop().await;
    }

    /// Returns every call so far, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.core.log.all()
    }

    /// Returns the calls of one kind so far.
    pub fn calls_of(&self, operation: Operation) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.operation == operation).collect()
    }

    /// Returns the calls that broke a rule of the API. Tests assert that there are none.
    pub fn refusals(&self) -> Vec<Call> {
        self.calls().into_iter().filter(|call| matches!(call.outcome, Outcome::Refused(..))).collect()
    }

    /// Returns the sandboxes that exist, oldest first.
    pub fn sandboxes(&self) -> Vec<SandboxView> {
        let mut sandboxes = self.core.sandboxes.lock();
        sandboxes.reap();
        let view = |sandbox: &sandboxes::Sandbox| SandboxView {
            id: sandbox.id.clone(),
            metadata: sandbox.metadata.clone(),
            left_s: (sandbox.ends - chrono::Utc::now()).num_seconds(),
            is_paused: sandbox.is_paused,
        };
        sandboxes.all.values().map(view).collect()
    }

    /// Ends a sandbox as if its life were over. Returns whether it existed.
    pub fn expire(&self, id: &str) -> bool {
        let existed = self.core.sandboxes.lock().all.remove(id).is_some();
        self.core.log.touch();
        existed
    }

    /// Pauses a sandbox. Returns whether it existed.
    pub fn pause(&self, id: &str) -> bool {
        let mut sandboxes = self.core.sandboxes.lock();
        sandboxes.all.get_mut(id).map(|sandbox| sandbox.is_paused = true).is_some()
    }

    /// Lets the next calls of a kind go wrong.
    pub fn fail_next(&self, operation: Operation, times: usize, fault: &Fault) {
        self.core.faults.lock().order(operation, times, fault);
    }

    /// Lets `pip` find a package with one module of the same name.
    pub async fn offer_package(&self, name: &str, version: &str, source: &str) -> anyhow::Result<()> {
        let folder = self.packages.path().to_string_lossy().into_owned();
        self.jail.script(WHEEL, &[&folder, name, version, source]).await
    }

    /// Waits until the probe returns a value. The probe runs at once and after every change; it must not call
    /// this handle. The error names `what` and the last calls.
    pub async fn until<T>(
        &self,
        what: &str,
        bound: Duration,
        probe: impl FnMut(&[Call]) -> Option<T>,
    ) -> anyhow::Result<T> {
        self.core.log.until(what, bound, probe).await
    }
}

/// Deletes sandboxes whose life is over.
async fn reap(core: std::sync::Weak<Core>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(REAPING) => {}
        }
        let Some(core) = core.upgrade() else { return };
        if core.sandboxes.lock().reap() {
            core.log.touch();
        }
    }
}
