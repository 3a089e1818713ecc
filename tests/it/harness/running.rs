//! Starts, stops and kills the instances of a bot, runs its other commands, and reads its log.

use super::Bot;
use super::process::{self, Process};

impl Bot {
    /// Runs the binary with a subcommand; returns the exit code and the output.
    pub(crate) async fn command(&self, arguments: &[&str]) -> (i32, String) {
        self.command_with(&[], arguments).await
    }

    /// Runs [`command`](Self::command) with other settings.
    pub(crate) async fn command_with(&self, changes: &[(&str, &str)], arguments: &[&str]) -> (i32, String) {
        let mut settings = self.settings.clone();
        settings.extend(changes.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())));
        let output = process::command(&settings).args(arguments).output().await.unwrap();
        (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout).unwrap())
    }

    /// Starts the bot and waits until it takes updates.
    pub(crate) async fn run(&mut self) {
        self.launch();
        let json = self.settings.get("LOG_FORMAT").is_some_and(|format| format == "json");
        self.instances.ready(json).await;
    }

    /// Starts those instances again that have ended, and waits until they are ready.
    pub(crate) async fn run_lost(&mut self) {
        self.instances.fill_up(&self.settings, &self.telegram).await;
    }

    /// Starts the bot without waiting.
    pub(crate) fn launch(&mut self) {
        self.instances.launch(&self.settings, &self.telegram);
    }

    /// Starts another instance of the bot, with other settings.
    pub(crate) fn another(&self, changes: &[(&str, &str)]) -> Process {
        let mut settings = self.settings.clone();
        settings.extend(changes.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())));
        Process::start(&settings)
    }

    /// Makes an instance the bot from now on. Returns the one that was it before, if that still runs.
    pub(crate) fn follow(&mut self, instance: Process) -> Option<Process> {
        self.instances.replace(instance)
    }

    /// Changes a setting of the instance at a place for its next start.
    pub(crate) fn set_at(&mut self, place: usize, name: &str, value: &str) {
        self.instances.set_at(place, name, value);
    }

    /// Kills the instance of a place at once; the bot goes on with the others.
    pub(crate) async fn kill_instance(&mut self, place: usize) {
        self.instances.take(place).kill().await;
    }

    /// Starts an instance at a place that is empty, and waits until it is ready.
    pub(crate) async fn add_instance(&mut self, place: usize) {
        self.instances.add(place, &self.settings, &self.telegram).await;
    }

    /// Returns all instances, in the order of their places.
    pub(crate) fn all_instances(&self) -> &[Process] {
        self.instances.all()
    }

    /// Takes the instance of a place out of the bot, which goes on with the others.
    pub(crate) fn take_instance(&mut self, place: usize) -> Process {
        self.instances.take(place)
    }

    /// Kills the bot at once, as a power cut would.
    pub(crate) async fn kill(&mut self) {
        self.instances.kill().await;
    }

    /// Waits until the bot has died without having been asked to stop. If it has several instances, all die with
    /// the first one.
    pub(crate) async fn died(&self) {
        self.instances.gone().await;
    }

    /// Waits until one instance has died without having been asked to stop. The others take over.
    pub(crate) async fn lost_one(&self) {
        self.instances.lost_one().await;
    }

    /// Asks the bot to stop.
    pub(crate) fn terminate(&self) {
        self.instances.terminate();
    }

    /// Waits until the bot has stopped and returns its exit code.
    pub(crate) async fn exit_code(&mut self) -> i32 {
        let (code, log) = self.instances.end().await;
        self.judge_log(&log);
        code
    }

    /// Waits for a log line of any instance.
    pub(crate) async fn log(&self, part: &str) {
        self.instances.line(part).await;
    }

    /// Returns the lines of the log once the bot has ended.
    pub(crate) async fn whole_log(&self) -> Vec<String> {
        self.instances.all_gone().await;
        self.instances.log()
    }

    /// Returns the most memory that the bot has had resident, in KiB.
    pub(crate) fn peak_memory_kib(&self) -> u64 {
        self.instances.all().iter().map(Process::peak_memory_kib).max().expect("the bot runs")
    }
}
