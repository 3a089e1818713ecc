//! Starts instances of the bot under test, each with a log of its own.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::fleet::Fleet;
use crate::service::Setting;
use crate::world::{Environment, Paths};

/// What the directory of a log begins with; the number of the start follows.
const LOG: &str = "start-";

/// Starts the instances.
pub(super) struct Launcher<'a> {
    /// The services around the bot.
    world: &'a Environment,
    /// The working directory of the bot.
    place: &'a Paths,
    /// Settings of the bot in addition to those of its services.
    settings: &'a [Setting],
    /// The number of starts so far.
    starts: u32,
}

impl<'a> Launcher<'a> {
    pub(super) fn new(world: &'a Environment, place: &'a Paths, settings: &'a [Setting]) -> Self {
        Self { world, place, settings, starts: 0 }
    }

    /// Starts an instance at a place of the fleet. Does not wait.
    pub(super) fn start(&mut self, fleet: &mut Fleet, index: usize) -> anyhow::Result<()> {
        let home: PathBuf = self.place.home.join(format!("{LOG}{:03}", self.starts));
        self.starts += 1;
        std::fs::create_dir_all(&home).with_context(|| format!("cannot create {}", home.display()))?;
        fleet.start(index, self.world, (self.place, &home), self.settings)
    }

    /// Starts an instance at each place and waits until one takes updates.
    pub(super) async fn start_all(&mut self, fleet: &mut Fleet) -> anyhow::Result<()> {
        for index in 0..fleet.len() {
            self.start(fleet, index)?;
        }
        fleet.any_ready().await
    }
}

/// Returns the logs of all starts, by the name of their directory.
pub(super) fn logs(home: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut logs = Vec::new();
    for entry in std::fs::read_dir(home).with_context(|| format!("cannot read {}", home.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(LOG) {
            let log = entry.path().join("starling.log");
            let text = std::fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
            logs.push((name, String::from_utf8_lossy(&text).into_owned()));
        }
    }
    logs.sort();
    Ok(logs)
}
