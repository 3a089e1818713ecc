//! The sandboxes: each has a directory, interpreters, tokens and a life.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::kernel::{Jail, Kernel, Limits};

/// The template that can run code.
pub(super) const TEMPLATE: &str = "code-interpreter-v1";
/// The folder of the user.
pub(super) const HOME: &str = "/home/user";

/// A directory of this machine that is deleted with this value.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> std::io::Result<Self> {
        let name = format!("playground-e2b-{:016x}", rand::random::<u64>());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        open_to_all(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::debug!("a folder of an emulated sandbox stays: {error}");
        }
    }
}

/// Code runs as nobody, who may do everything with the files.
pub(super) fn open_to_all(path: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777))
}

/// A sandbox.
#[derive(Debug)]
pub(super) struct Sandbox {
    pub(super) id: String,
    pub(super) metadata: Map<String, Value>,
    pub(super) started: DateTime<Utc>,
    pub(super) ends: DateTime<Utc>,
    pub(super) is_paused: bool,
    pub(super) access_token: String,
    /// Required where the sandbox is closed to the public.
    pub(super) traffic_token: Option<String>,
    /// By id; the usual one has an empty id.
    pub(super) kernels: BTreeMap<String, Kernel>,
    pub(super) folder: Folder,
    pub(super) dead: CancellationToken,
    limits: Limits,
    jail: Jail,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.dead.cancel();
    }
}

/// What a new sandbox is made of.
pub(super) struct NewSandbox {
    pub(super) metadata: Map<String, Value>,
    pub(super) life_s: i64,
    pub(super) is_public: bool,
    pub(super) idempotency_key: Option<String>,
}

/// All sandboxes that exist.
#[derive(Debug)]
pub(super) struct Sandboxes {
    pub(super) all: BTreeMap<String, Sandbox>,
    /// Which sandbox a key has created.
    keys: BTreeMap<String, String>,
    numbers: u64,
    pub(super) jail: Jail,
    pub(super) limits: Limits,
    /// The most that may exist at once.
    pub(super) most: usize,
}

impl Sandboxes {
    pub(super) fn new(jail: Jail, limits: Limits, most: usize) -> Self {
        Self { all: BTreeMap::new(), keys: BTreeMap::new(), numbers: 0, jail, limits, most }
    }

    /// Deletes those whose life is over. Returns whether there were any.
    pub(super) fn reap(&mut self) -> bool {
        let (now, before) = (Utc::now(), self.all.len());
        self.all.retain(|_, sandbox| sandbox.is_paused || sandbox.ends > now);
        self.all.len() < before
    }

    /// Creates a sandbox, or returns the one that this key has created. Returns `None` if there are too many.
    pub(super) fn create(&mut self, new: NewSandbox) -> std::io::Result<Option<&Sandbox>> {
        let known = new.idempotency_key.as_ref().and_then(|key| self.keys.get(key)).cloned();
        if let Some(id) = known.filter(|id| self.all.contains_key(id)) {
            return Ok(self.all.get(&id));
        }
        if self.all.len() >= self.most {
            return Ok(None);
        }
        self.numbers += 1;
        let id = format!("i{:05}{:010x}", self.numbers, rand::random::<u32>());
        if let Some(key) = new.idempotency_key {
            self.keys.insert(key, id.clone());
        }
        let token = |kind: &str| format!("{kind}_{:016x}", rand::random::<u64>());
        let now = Utc::now();
        let mut sandbox = Sandbox {
            id: id.clone(),
            metadata: new.metadata,
            started: now,
            ends: now + TimeDelta::seconds(new.life_s),
            is_paused: false,
            access_token: token("ea"),
            traffic_token: (!new.is_public).then(|| token("ta")),
            kernels: BTreeMap::new(),
            folder: Folder::new()?,
            dead: CancellationToken::new(),
            limits: self.limits,
            jail: self.jail.clone(),
        };
        sandbox.add_kernel(String::new());
        Ok(Some(self.all.entry(id).or_insert(sandbox)))
    }

    /// Returns a sandbox that runs.
    pub(super) fn running(&mut self, id: &str) -> Option<&mut Sandbox> {
        self.reap();
        self.all.get_mut(id).filter(|sandbox| !sandbox.is_paused)
    }
}

impl Sandbox {
    /// Adds an interpreter.
    pub(super) fn add_kernel(&mut self, id: String) {
        let home = self.folder.path().to_owned();
        let kernel = Kernel::new(self.jail.clone(), home, self.limits, self.dead.child_token());
        self.kernels.insert(id, kernel);
    }

    /// Sets its life from now on.
    pub(super) fn extend(&mut self, seconds: i64) {
        self.ends = Utc::now() + TimeDelta::seconds(seconds);
    }

    /// The answer to creating it and attaching to it.
    pub(super) fn connection(&self) -> Value {
        json!({
            "templateID": TEMPLATE,
            "sandboxID": self.id,
            "clientID": "playground",
            "alias": null,
            "envdVersion": "0.6.0",
            "envdAccessToken": self.access_token,
            "trafficAccessToken": self.traffic_token,
            "domain": null,
        })
    }

    /// Its state as the control plane tells it.
    pub(super) fn state(&self) -> Value {
        json!({
            "templateID": TEMPLATE,
            "sandboxID": self.id,
            "clientID": "playground",
            "startedAt": self.started.to_rfc3339(),
            "endAt": self.ends.to_rfc3339(),
            "envdVersion": "0.6.0",
            "cpuCount": 2,
            "memoryMB": 512,
            "diskSizeMB": 10_240,
            "state": if self.is_paused { "paused" } else { "running" },
            "metadata": self.metadata,
        })
    }

    /// Returns where a path of the sandbox is on this machine, or `None` for a place outside the user's
    /// folder.
    pub(super) fn place(&self, path: &str) -> Option<PathBuf> {
        let inside = match path.strip_prefix(HOME) {
            Some(inside) if inside.is_empty() || inside.starts_with('/') => inside.trim_start_matches('/'),
            Some(_) => return None,
            None if path.starts_with('/') => return None,
            None => path,
        };
        let is_plain = |part: &str| !matches!(part, "..");
        inside.split('/').all(is_plain).then(|| self.folder.path().join(inside))
    }
}
