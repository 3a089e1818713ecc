//! The identity of a process on its host, by which others there see at once that it is gone.

use std::ffi::OsStr;

use procfs::ProcError;
use procfs::process::Process;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// Names a process. Its id alone does not, because ids are used again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ProcessIdentity {
    /// The running system, the namespace in it (as of a container) whose ids `pid` belongs to, and the name of
    /// the host, because copies of a virtual machine share the rest.
    pub host: String,
    pub pid: i32,
    /// When it was started, in ticks since the system has started.
    pub started: i64,
}

impl ProcessIdentity {
    /// Returns the identity of this process. Without `/proc`, nothing is known but its id.
    pub(crate) fn own() -> Self {
        Self::read().unwrap_or_else(|error| {
            tracing::debug!(error = &error as &dyn std::error::Error, "the process cannot be identified");
            Self {
                host: String::new(),
                pid: i32::try_from(std::process::id()).unwrap_or_default(),
                started: 0,
            }
        })
    }

    fn read() -> Result<Self, ProcError> {
        let own = Process::myself()?;
        let namespaces = own.namespaces()?;
        let namespace = namespaces.0.get(OsStr::new("pid")).map(|found| found.identifier);
        let boot = procfs::sys::kernel::random::boot_id()?;
        let host = format!("{}/{}/{}", boot.trim(), namespace.unwrap_or_default(), host_name());
        let started = i64::try_from(own.stat()?.starttime).unwrap_or_default();
        Ok(Self { host, pid: own.pid, started })
    }

    /// Returns whether another process is gone for certain. `self` is this process.
    pub(crate) fn sees_gone(&self, other: &Self) -> bool {
        if self.host.is_empty() || self.host != other.host {
            return false;
        }
        match Process::new(other.pid).and_then(|process| process.stat()) {
            // It has ended, and its parent has not asked how.
            Ok(stat) if matches!(stat.state, 'Z' | 'X') => true,
            Ok(stat) => i64::try_from(stat.starttime) != Ok(other.started),
            // `/proc` may hide the processes of others.
            Err(_) => Pid::from_raw(other.pid).map(test_kill_process) == Some(Err(Errno::SRCH)),
        }
    }
}

/// Returns the name of this host, for people.
pub(crate) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "unknown".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
