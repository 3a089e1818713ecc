//! The instances of one bot: one, or several behind a load balancer (`STARLING_INSTANCES`).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use futures::FutureExt as _;
use futures::future::{join_all, select_all, select_ok};
use playground::dealer::{Dealer, Upstream};
use playground::ports::free_address;
use playground::telegram::Telegram;

use super::BOUND;
use super::process::Process;
use super::redis::Redis;

/// Modules and tests about one process or about polling, or that choose the instances themselves.
const ALONE: [&str; 21] = [
    // What a circuit breaker has seen, and what one process has counted.
    "cache::faults::a_hung_redis",
    "cache::faults::people_who_write_at_once_to_a_slow_redis",
    "settings::the_operators_port",
    // Rows put into the inbox, which only the sweep of a single instance counts as tried.
    "clear_delayed",
    "interruptions::an_older_message_that_was_delayed",
    // A load balancer passes nothing on if all instances are stopping.
    "shutdown::a_load_balancer_is_told",
    // With the webhook, nobody asks Telegram again and again whether the token is still valid.
    "secrets::the_token_and_the_password",
    // Statements of one process that are sent together.
    "openings::a_question_that_cannot_be_stored",
    // How much is read for an answer, without what instances ask for each other.
    "lookups",
    // Without its database, only an instance that knows of no other one goes on.
    "outage::a_finished_answer_stays_visible",
    "doctor",
    "failover",
    "import",
    "instances",
    "intake",
    "judges",
    "operations",
    "pooler",
    "readiness",
    "recovery",
    "upgrades",
];
/// The secret of deliveries.
const SECRET: &str = "s3cret";
/// The number of instances in such a test.
const SEVERAL: usize = 2;
/// What an instance logs that waits until it can take over.
const STANDS_BY: &str = "this one stands by";

/// The instances of one bot. Empty while it does not run.
#[derive(Default)]
pub(crate) struct Fleet {
    processes: Vec<Process>,
    /// What deals the updates; `None` for a single instance.
    dealer: Option<Dealer>,
    /// What all instances share if the settings name no Redis; without one they find what others have received only
    /// once a second.
    redis: Option<Redis>,
    /// Settings of the instance at a place only.
    own: BTreeMap<usize, BTreeMap<String, String>>,
}

/// Returns with how many instances the current test runs its bot.
fn wanted(settings: &BTreeMap<String, String>) -> usize {
    let wanted = std::env::var("STARLING_INSTANCES").unwrap_or_default();
    // The test harness names the thread after the test; with one thread for all tests it does not.
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    let module = test.split("::").next().unwrap_or_default();
    let is_alone = settings.contains_key("TELEGRAM_MODE")
        || ALONE
            .iter()
            .any(|alone| if alone.contains("::") { test.starts_with(alone) } else { *alone == module });
    match wanted.as_str() {
        "" | "1" => 1,
        _ if is_alone => 1,
        "2" => SEVERAL,
        other => panic!("STARLING_INSTANCES is 1 or 2, not {other}"),
    }
}

impl Fleet {
    /// Prepares the instances that the current test wants, none of which runs yet.
    pub(super) async fn prepare(settings: &BTreeMap<String, String>) -> Self {
        if wanted(settings) == 1 {
            return Self::default();
        }
        Self { redis: Some(Redis::start().await), ..Self::of_several().await }
    }

    /// Prepares two instances.
    pub(super) async fn of_several() -> Self {
        Self { dealer: Some(Dealer::start().await.unwrap()), ..Self::default() }
    }

    pub(super) fn runs(&self) -> bool {
        !self.processes.is_empty()
    }

    /// Changes a setting of the instance at a place for its next start.
    pub(super) fn set_at(&mut self, place: usize, name: &str, value: &str) {
        self.own.entry(place).or_default().insert(name.to_owned(), value.to_owned());
    }

    /// Starts all instances without waiting.
    pub(super) fn launch(&mut self, settings: &BTreeMap<String, String>, telegram: &Telegram) {
        let Some(dealer) = &self.dealer else {
            self.processes = vec![Process::start(settings)];
            return;
        };
        let start = |place| start_behind(dealer, place, &self.settings_at(place, settings), telegram);
        self.processes = (0..SEVERAL).map(start).collect();
    }

    fn settings_at(&self, place: usize, common: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let shared = self.redis.as_ref().map(|redis| ("REDIS_URL".to_owned(), redis.url()));
        let mut settings: BTreeMap<String, String> = shared.into_iter().collect();
        settings.extend(common.clone());
        settings.extend(self.own.get(&place).cloned().unwrap_or_default());
        settings
    }

    /// Starts those instances again that have ended, and waits until they are ready.
    pub(super) async fn fill_up(&mut self, settings: &BTreeMap<String, String>, telegram: &Telegram) {
        let Some(dealer) = &self.dealer else {
            self.launch(settings, telegram);
            return self.ready(false).await;
        };
        for place in 0..self.processes.len() {
            if self.processes[place].is_gone() {
                let settings = self.settings_at(place, settings);
                self.processes[place] = start_behind(dealer, place, &settings, telegram);
            }
        }
        self.ready(false).await;
    }

    /// Starts an instance at a place from which the former one was taken, and waits until all are ready.
    pub(super) async fn add(
        &mut self,
        place: usize,
        settings: &BTreeMap<String, String>,
        telegram: &Telegram,
    ) {
        let dealer = self.dealer.as_ref().expect("there are several instances");
        let process = start_behind(dealer, place, &self.settings_at(place, settings), telegram);
        self.processes.insert(place, process);
        self.ready(false).await;
    }

    /// Waits until all instances are ready to take updates, or stand by.
    pub(super) async fn ready(&self, json: bool) {
        let ready = if json { "\"ready\"" } else { " ready" };
        let Some(dealer) = &self.dealer else { return self.line(ready).await };
        let up = self.processes.iter().enumerate().map(async |(place, process)| {
            let is_ready = process.either_line(ready, STANDS_BY).await;
            if is_ready {
                dealer.sees(place, true, BOUND).await.unwrap();
            }
            is_ready
        });
        if !join_all(up).await.contains(&true) {
            // The one for which all waited has ended meanwhile.
            self.line(ready).await;
        }
    }

    /// Waits until one of the instances has logged a line.
    pub(super) async fn line(&self, part: &str) {
        let seen = self.processes.iter().map(|process| process.seen(part).boxed_local());
        let is_seen = select_ok(seen).await.is_ok();
        assert!(is_seen, "no line with '{part}' in the log:\n{}", self.log().join("\n"));
    }

    /// Returns the log of all instances so far.
    pub(super) fn log(&self) -> Vec<String> {
        self.processes.iter().flat_map(Process::log).collect()
    }

    /// Waits until one instance has ended for any reason. The others go on.
    pub(super) async fn lost_one(&self) {
        select_all(self.processes.iter().map(|process| process.gone().boxed_local())).await;
    }

    /// Waits until one instance has ended for any reason, and ends the others like it: what a test wants to see
    /// next is the state in which the bot has left everything.
    pub(super) async fn gone(&self) {
        self.lost_one().await;
        self.processes.iter().for_each(Process::cut_power);
        join_all(self.processes.iter().map(Process::gone)).await;
    }

    /// Waits until all instances have ended.
    pub(super) async fn all_gone(&self) {
        join_all(self.processes.iter().map(Process::gone)).await;
    }

    /// Kills all instances at once.
    pub(super) async fn kill(&mut self) {
        assert!(self.runs(), "the bot runs");
        join_all(self.processes.drain(..).map(Process::kill)).await;
    }

    pub(super) fn terminate(&self) {
        self.processes.iter().for_each(Process::terminate);
    }

    /// Waits until all instances have stopped. Returns the worst exit code and the logs.
    pub(super) async fn end(&mut self) -> (i32, Vec<String>) {
        assert!(self.runs(), "the bot runs");
        let ended = join_all(self.processes.drain(..).map(Process::end)).await;
        let worst = ended.iter().map(|(code, _)| *code).find(|code| *code != 0).unwrap_or(0);
        (worst, ended.into_iter().flat_map(|(_, log)| log).collect())
    }

    /// Takes an instance out, for a test that goes on with it alone.
    pub(super) fn take(&mut self, place: usize) -> Process {
        self.processes.remove(place)
    }

    /// Exchanges the instance of a bot with one.
    pub(super) fn replace(&mut self, instance: Process) -> Option<Process> {
        assert!(self.dealer.is_none(), "this is for tests that choose their instances");
        self.processes.push(instance);
        (self.processes.len() > 1).then(|| self.processes.swap_remove(0))
    }

    /// Returns the instance, or the first one.
    pub(super) fn first(&self) -> &Process {
        self.processes.first().expect("the bot runs")
    }

    /// Returns all instances.
    pub(super) fn all(&self) -> &[Process] {
        &self.processes
    }
}

fn start_behind(
    dealer: &Dealer,
    place: usize,
    settings: &BTreeMap<String, String>,
    telegram: &Telegram,
) -> Process {
    let name = (place + 1).to_string();
    let mut own = settings.clone();
    let mut set = |name: &str, value: String| own.insert(name.to_owned(), value);
    let webhook: SocketAddr = free_address().unwrap();
    set("TELEGRAM_MODE", "webhook".to_owned());
    set("WEBHOOK_URL", dealer.url());
    set("WEBHOOK_ADDR", webhook.to_string());
    set("WEBHOOK_SECRET", SECRET.to_owned());
    let operators = free_address().unwrap();
    set("METRICS_ADDR", operators.to_string());
    if settings.get("TELEGRAM_API_URL") == Some(&telegram.url()) {
        set("TELEGRAM_API_URL", telegram.url_for(&name));
    }
    let process = Process::start(&own);
    dealer.set(place, Upstream { name, webhook, operators });
    process
}
