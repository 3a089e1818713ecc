//! CPU time and memory of the bot's processes, read from `/proc`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

/// Length of the kernel's clock tick in `/proc`; the same on every Linux that Rust supports.
const TICK: Duration = Duration::from_millis(10);

/// A running process.
struct Process {
    directory: PathBuf,
}

/// All instances of the bot.
pub(super) struct Processes(Vec<Process>);

/// Resident memory in MiB.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memory {
    /// The peak; of several processes, the sum of their peaks.
    pub peak_mib: u64,
    /// The current value.
    pub now_mib: u64,
}

impl Processes {
    /// Refers to processes by their ids. Reads nothing yet.
    pub(super) fn new(pids: impl IntoIterator<Item = u32>) -> Self {
        Self(pids.into_iter().map(Process::new).collect())
    }

    /// Returns the CPU time of all so far, in steps of 10 ms.
    pub(super) fn cpu(&self) -> anyhow::Result<Duration> {
        self.0.iter().map(Process::cpu).sum()
    }

    /// Returns the resident memory of all.
    pub(super) fn memory(&self) -> anyhow::Result<Memory> {
        self.0.iter().try_fold(Memory::default(), |sum, process| {
            let Memory { peak_mib, now_mib } = process.memory()?;
            Ok(Memory { peak_mib: sum.peak_mib + peak_mib, now_mib: sum.now_mib + now_mib })
        })
    }
}

impl Process {
    /// Refers to a process by its id. Reads nothing yet.
    fn new(pid: u32) -> Self {
        Self { directory: PathBuf::from(format!("/proc/{pid}")) }
    }

    /// Returns the CPU time of all threads so far, in user and kernel mode, in steps of 10 ms.
    fn cpu(&self) -> anyhow::Result<Duration> {
        let text = self.read("stat")?;
        // The name in parentheses may hold anything; fields are counted behind it.
        let (_, fields) = text.rsplit_once(") ").context("/proc/<pid>/stat looks unfamiliar")?;
        let ticks: Result<Vec<u32>, _> = fields.split(' ').skip(11).take(2).map(str::parse).collect();
        Ok(TICK * ticks.context("/proc/<pid>/stat looks unfamiliar")?.iter().sum())
    }

    /// Returns the resident memory.
    fn memory(&self) -> anyhow::Result<Memory> {
        let text = self.read("status")?;
        let mib = |name: &str| -> anyhow::Result<u64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
            let kib: u64 =
                kib.with_context(|| format!("/proc/<pid>/status has no {name}"))?.trim().parse()?;
            Ok(kib.div_ceil(1024))
        };
        Ok(Memory { peak_mib: mib("VmHWM:")?, now_mib: mib("VmRSS:")? })
    }

    fn read(&self, name: &str) -> anyhow::Result<String> {
        let path = self.directory.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_time() {
        let this = Process::new(std::process::id());
        let memory = this.memory().unwrap();
        assert!(memory.now_mib > 0 && memory.peak_mib >= memory.now_mib, "{memory:?}");
        let before = this.cpu().unwrap();
        let start = std::time::Instant::now();
        while this.cpu().unwrap() <= before {
            assert!(start.elapsed() < Duration::from_secs(20), "reading /proc takes no CPU time?");
        }
    }
}
