//! An open sandbox: code is run, packages are installed and files are moved, under a lease (`hold`).

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::time::timeout;

use super::hold::Hold;
use super::{OpenError, Sandboxes};
use crate::db::sandboxes;
use crate::domain::file_id::PublicFileId;
use crate::lifecycle::kill_point;
use crate::sandbox::{Connection, Entry, ExecutionEvent, HOME, SandboxError};
use crate::services::file_contents::{FoundFile, LoadedFile};
use crate::services::made_files::file_name;

/// Time limit of installing packages.
const INSTALL_LIMIT: Duration = Duration::from_secs(180);
/// The end of the installer's complaint that is reported, in code points.
const COMPLAINT: usize = 1_500;
/// The folder for the files of the conversation.
const INPUTS: &str = "inputs";

/// A sandbox under a lease. Dropping it ends the lease; code that still runs is interrupted.
#[derive(Debug)]
pub(crate) struct OpenSandbox {
    sandboxes: Sandboxes,
    hold: Hold,
    connection: Connection,
    /// Whether nothing of earlier runs exists in it.
    pub(crate) is_new: bool,
    inputs: BTreeMap<PublicFileId, String>,
}

/// Why packages were not installed.
#[derive(Debug)]
pub(crate) enum InstallError {
    /// The installer's words.
    Refused(String),
    /// It took too long.
    Slow,
    /// The sandbox cannot be used.
    Open(OpenError),
}

impl OpenSandbox {
    pub(super) fn new(
        sandboxes: &Sandboxes,
        hold: Hold,
        connection: Connection,
        is_new: bool,
        inputs: BTreeMap<PublicFileId, String>,
    ) -> Self {
        hold.holds(&connection);
        Self { sandboxes: sandboxes.clone(), hold, connection, is_new, inputs }
    }

    /// Runs Python until it ends and reports what happens. Dropped before that, the code is interrupted.
    ///
    /// # Errors
    /// Returns an error if the code was not run to its end.
    pub(crate) async fn execute(
        &self,
        code: &str,
        mut report: impl FnMut(ExecutionEvent),
    ) -> Result<(), OpenError> {
        let work = async {
            self.hold.set_running(true);
            let mut execution = match self.sandboxes.client.execute(&self.connection, code, None).await {
                Ok(execution) => execution,
                Err(error) => {
                    // The code was refused, not begun.
                    let refused =
                        matches!(error, SandboxError::Limited { .. } | SandboxError::Rejected { .. });
                    self.hold.set_running(!refused);
                    return Err(error.into());
                }
            };
            while let Some(event) = execution.next().await? {
                report(event);
            }
            self.hold.set_running(false);
            kill_point!("sandbox: executed");
            Ok(())
        };
        self.unless_lost(work).await
    }

    /// Installs packages with `pip`, without a shell and in an interpreter of its own, so that it meets none
    /// of the code's variables.
    ///
    /// # Errors
    /// Returns an [`InstallError`].
    pub(crate) async fn install(&self, requirements: &[String]) -> Result<(), InstallError> {
        let client = &self.sandboxes.client;
        let work = async {
            let context = client.create_context(&self.connection).await?;
            let mut execution =
                client.execute(&self.connection, &installer(requirements), Some(&context)).await?;
            let (mut said, mut failed) = (String::new(), false);
            while let Some(event) = execution.next().await? {
                match event {
                    ExecutionEvent::Stdout(text) => said.push_str(&text),
                    ExecutionEvent::Error { .. } => failed = true,
                    _ => {}
                }
            }
            if let Err(error) = client.delete_context(&self.connection, &context).await {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "an interpreter stays until its sandbox ends");
            }
            Ok((said, failed))
        };
        let done = timeout(INSTALL_LIMIT, self.unless_lost(work)).await.map_err(|_| InstallError::Slow)?;
        let (said, failed) = done.map_err(InstallError::Open)?;
        let (code, words) = said.split_once('\n').unwrap_or_default();
        if code == "0" && !failed {
            return Ok(());
        }
        let skipped = words.chars().count().saturating_sub(COMPLAINT);
        Err(InstallError::Refused(words.chars().skip(skipped).collect::<String>().trim().to_owned()))
    }

    /// Puts a file of the conversation into the sandbox unless `present` shows that it is there. Returns its
    /// path from the working directory, and whether it was put there now.
    ///
    /// # Errors
    /// Returns an [`OpenError`].
    pub(crate) async fn give(
        &mut self,
        id: PublicFileId,
        file: &FoundFile,
        present: &[Entry],
    ) -> Result<(String, bool), OpenError> {
        let is_there = |path: &&String| present.iter().any(|entry| entry.path == absolute(path));
        if let Some(path) = self.inputs.get(&id).filter(is_there) {
            return Ok((path.clone(), false));
        }
        let path = match self.inputs.get(&id) {
            Some(path) => path.clone(),
            None => self.free_path(&file.name, present),
        };
        {
            let LoadedFile { bytes, room: _room } = self.sandboxes.contents.load(file).await?;
            let content = Bytes::from(bytes);
            let upload = async {
                Ok(self.sandboxes.client.upload(&self.connection, &absolute(&path), &content).await?)
            };
            self.unless_lost(upload).await?;
        }
        let (db, lease) = (&self.sandboxes.db, self.hold.lease);
        db.persist(|| sandboxes::given(db, lease, id, &path)).await?;
        self.inputs.insert(id, path.clone());
        Ok((path, true))
    }

    /// Returns a path for a file of this name that no other file has.
    fn free_path(&self, name: &str, present: &[Entry]) -> String {
        let name = file_name(name);
        let (stem, extension) = match name.rsplit_once('.') {
            Some((stem, extension)) => (stem.to_owned(), format!(".{extension}")),
            None => (name.clone(), String::new()),
        };
        let is_free = |path: &String| {
            let is_other = |entry: &Entry| entry.path == absolute(path);
            !self.inputs.values().any(|used| used == path) && !present.iter().any(is_other)
        };
        let numbered = (2..).map(|number| format!("{INPUTS}/{stem} ({number}){extension}"));
        let mut paths = std::iter::once(format!("{INPUTS}/{name}")).chain(numbered);
        paths.find(is_free).unwrap_or_default()
    }

    /// Returns the files in the working directory and below it.
    ///
    /// # Errors
    /// Returns an [`OpenError`].
    pub(crate) async fn files(&self) -> Result<Vec<Entry>, OpenError> {
        self.unless_lost(async { Ok(self.sandboxes.client.list(&self.connection, HOME).await?) }).await
    }

    /// Reads a file of at most `limit` bytes.
    ///
    /// # Errors
    /// Returns an [`OpenError`].
    pub(crate) async fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, OpenError> {
        // The semaphore is never closed, so this always returns a permit.
        let _loaded = self.sandboxes.loaded.acquire().await.ok();
        self.unless_lost(async { Ok(self.sandboxes.client.download(&self.connection, path, limit).await?) })
            .await
    }

    /// Runs work that ends early if the sandbox is taken away.
    async fn unless_lost<T>(&self, work: impl Future<Output = Result<T, OpenError>>) -> Result<T, OpenError> {
        let done = tokio::select! {
            done = work => done,
            () = self.hold.lost.cancelled() => Err(OpenError::Lost),
        };
        // Whoever takes it away kills it, perhaps before the next renewal finds that out.
        if matches!(done, Err(OpenError::Service(_))) && self.hold.is_taken_away().await {
            return Err(OpenError::Lost);
        }
        done
    }
}

fn absolute(path: &str) -> String {
    format!("{HOME}/{path}")
}

/// Returns Python that prints the exit code of `pip`, then what it said.
fn installer(requirements: &[String]) -> String {
    // A JSON text is also a literal of Python.
    let requirements = json!(requirements);
    format!(
        "import subprocess, sys\n\
         done = subprocess.run(\n\
         \x20   [sys.executable, '-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check',\n\
         \x20    '--prefer-binary', *{requirements}],\n\
         \x20   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')\n\
         print(done.returncode)\n\
         print(done.stdout[-4000:])"
    )
}

#[cfg(test)]
mod tests;
