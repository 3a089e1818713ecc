//! The harness: one bot per test, of one process or several, with its own database and its own emulators.

pub(crate) mod barrier;
pub(crate) mod certificates;
pub(crate) mod cluster;
pub(crate) mod database;
pub(crate) mod fleet;
pub(crate) mod money;
pub(crate) mod partial_answer;
pub(crate) mod pooler;
pub(crate) mod prices;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod redis;
pub(crate) mod sentinel;
pub(crate) mod temp_path;
mod template;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use playground::anthropic::{self, Anthropic, Outcome, Recorded};
use playground::telegram::{self, Person, SentIds, Telegram};
use rust_decimal::Decimal;
use sqlx::PgPool;

use database::Database;
use fleet::Fleet;
use pooler::Pooler;
use process::Process;
use proxy::Proxy;

/// Time limit of any wait, which only ends a test that hangs: on a machine whose PostgreSQL is starved, work
/// of 10 seconds has taken 90.
pub(crate) const BOUND: Duration = Duration::from_secs(180);

/// The most texts of chats that are looked for in the log of a test.
const TEXTS: usize = 500;

/// Returns how often a test repeats its work: `every_run`, or the `night` number, which takes minutes, in the
/// night run (`scripts/night` sets `STARLING_NIGHT`).
pub(crate) fn scaled(every_run: i64, night: i64) -> i64 {
    if std::env::var_os("STARLING_NIGHT").is_some() { night } else { every_run }
}

/// Ann, the user in most tests. Her private chat has her id.
pub(crate) const ANN: i64 = 42;
/// Bob, a second user.
pub(crate) const BOB: i64 = 43;
/// A forum with both of them.
pub(crate) const GROUP: i64 = -1_000_042;

/// Returns whether a group message is a live message: it has the button that stops the answer.
fn is_unfinished(message: &playground::telegram::Message) -> bool {
    let button =
        message.reply_markup.as_ref().map(|markup| &markup["inline_keyboard"][0][0]["callback_data"]);
    button.and_then(|data| data.as_str()).is_some_and(|data| data.starts_with("stop:"))
}

/// Returns whether a message is an answer or another reply. The offer to answer a changed question again
/// comes beside them.
fn is_reply(message: &playground::telegram::Message) -> bool {
    !message.text.starts_with('✏')
}

/// A bot and its emulators.
pub(crate) struct Bot {
    pub telegram: Telegram,
    pub model: Anthropic,
    pub database: Database,
    pub proxy: Proxy,
    /// What is between the proxy and the database, if something is.
    pooler: Option<Pooler>,
    settings: BTreeMap<String, String>,
    instances: Fleet,
    /// Log lines of level ERROR that the test expects, identified by a part of their text.
    expected_errors: Vec<&'static str>,
}

impl Bot {
    /// Starts a bot with the settings of the tests: a batch window that closes soon.
    pub(crate) async fn start() -> Self {
        Self::with([]).await
    }

    /// Starts a bot with additional settings of the test.
    pub(crate) async fn with<const N: usize>(settings: [(&str, &str); N]) -> Self {
        let mut bot = Self::prepare(settings).await;
        bot.run().await;
        bot
    }

    /// Prepares a world whose bot has two instances behind a load balancer, neither of which is started yet.
    pub(crate) async fn pair<const N: usize>(settings: [(&str, &str); N]) -> Self {
        let bot = Self::prepare(settings).await;
        Self { instances: Fleet::of_several().await, ..bot }
    }

    /// Starts a bot with a Telegram that enforces its limits, and with the bot's own limits as in real use.
    pub(crate) async fn under_limits() -> Self {
        let strict = telegram::Settings { enforce_rates: true, ..telegram::Settings::default() };
        let mut bot = Self::prepare_in(strict, [("TELEGRAM_SENDS_PER_SECOND", "30")]).await;
        bot.run().await;
        bot
    }

    /// Prepares a world with a local Bot API server, which keeps its files in a directory.
    pub(crate) async fn prepare_local<const N: usize>(directory: &Path, settings: [(&str, &str); N]) -> Self {
        let local_files = Some(directory.to_owned());
        let local = telegram::Settings { local_files, ..telegram::Settings::default() };
        Self::prepare_in(local, settings).await
    }

    /// Prepares a world whose bot is not started yet.
    pub(crate) async fn prepare<const N: usize>(settings: [(&str, &str); N]) -> Self {
        Self::prepare_in(telegram::Settings::default(), settings).await
    }

    /// Prepares a world whose database was never migrated.
    pub(crate) async fn prepare_empty<const N: usize>(settings: [(&str, &str); N]) -> Self {
        Self::prepare_on(Database::create_empty("").await, settings).await
    }

    /// Prepares a world with a database of the test's own. The bot reaches it through a proxy.
    pub(crate) async fn prepare_on<const N: usize>(database: Database, settings: [(&str, &str); N]) -> Self {
        Self::prepare_with(telegram::Settings::default(), database, None, settings).await
    }

    /// Prepares a world whose bot reaches its database through a pooler, behind the proxy. Returns `None` if
    /// there is no pooler on this machine.
    pub(crate) async fn prepare_pooled<const N: usize>(settings: [(&str, &str); N]) -> Option<Self> {
        let database = Database::create().await;
        let pooler = Pooler::start(&database).await;
        if pooler.is_none() {
            database.drop().await;
            return None;
        }
        Some(Self::prepare_with(telegram::Settings::default(), database, pooler, settings).await)
    }

    async fn prepare_in<const N: usize>(emulator: telegram::Settings, settings: [(&str, &str); N]) -> Self {
        let database = Database::create().await;
        // To try any test behind a pooler, by hand.
        let wants_pooler = std::env::var_os("STARLING_POOLER").is_some();
        let pooler = if wants_pooler { Pooler::start(&database).await } else { None };
        Self::prepare_with(emulator, database, pooler, settings).await
    }

    async fn prepare_with<const N: usize>(
        emulator: telegram::Settings,
        database: Database,
        pooler: Option<Pooler>,
        settings: [(&str, &str); N],
    ) -> Self {
        let telegram = Telegram::start(emulator).await.unwrap();
        let model = Anthropic::start(anthropic::Settings::default()).await.unwrap();
        let target = pooler.as_ref().map_or_else(|| database.address(), Pooler::address);
        let proxy = Proxy::start(target).await;
        for (id, name) in [(ANN, "Ann"), (BOB, "Bob")] {
            telegram.add_user(Person::new(id, name));
        }
        telegram.add_group(GROUP, "Friends", true, &[ANN, BOB]);
        let mut all: BTreeMap<String, String> = [
            ("TELEGRAM_BOT_TOKEN", "123456:TEST-TOKEN".to_owned()),
            ("TELEGRAM_API_URL", telegram.url()),
            ("TELEGRAM_SENDS_PER_SECOND", "0".to_owned()),
            ("ANTHROPIC_API_KEY", "sk-ant-test".to_owned()),
            ("ANTHROPIC_BASE_URL", model.url()),
            ("DATABASE_URL", database.url_through(proxy.address())),
            ("DATABASE_POOL_SIZE", "5".to_owned()),
            ("METRICS_ADDR", "127.0.0.1:0".to_owned()),
            ("LOG_FORMAT", "text".to_owned()),
            ("RUST_LOG", "info,starling=debug".to_owned()),
            ("BATCH_WINDOW_MS", "20".to_owned()),
            // Tests that are not about money give every user enough of it.
            ("STARTER_BALANCE_USD", "1000".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        if pooler.is_some() {
            all.insert("DATABASE_POOLER".to_owned(), "transaction".to_owned());
            all.insert("DATABASE_DIRECT_URL".to_owned(), database.url());
        }
        all.extend(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let (instances, expected_errors) = (Fleet::prepare(&all).await, Vec::new());
        Self { telegram, model, database, proxy, pooler, settings: all, instances, expected_errors }
    }

    /// Changes a setting for the next start.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

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

    pub(crate) fn expect_error(&mut self, part: &'static str) {
        self.expected_errors.push(part);
    }

    /// Sends a message by Ann to the bot.
    pub(crate) fn ann(&self, text: &str) -> SentIds {
        self.telegram.say(ANN, ANN, text)
    }

    /// Sends a message by Ann and waits for the complete answer.
    pub(crate) async fn ask(&self, text: &str) -> String {
        self.ask_in(ANN, ANN, text).await
    }

    /// Sends a message in a chat and waits until the bot has one more finished message there.
    pub(crate) async fn ask_in(&self, chat: i64, from: i64, text: &str) -> String {
        let before = self.answers(chat).len();
        self.telegram.say(chat, from, text);
        self.answer(chat, before + 1).await;
        let what = format!("the finished answer to {from} in chat {chat}");
        let finished = |message: &&playground::telegram::Message| !is_unfinished(message);
        let found = self.telegram.until(&what, BOUND, |view| {
            let answer = view.answers(chat).filter(|message| is_reply(message)).nth(before);
            answer.filter(finished).map(|message| message.text.clone())
        });
        found.await.unwrap()
    }

    /// Returns the text of the bot's `number`th message in a chat (from 1), once its turn is closed.
    pub(crate) async fn answer(&self, chat: i64, number: usize) -> String {
        let what = format!("message {number} of the bot in chat {chat}");
        let found = self.telegram.until(&what, BOUND, |view| {
            view.answers(chat).filter(|message| is_reply(message)).nth(number - 1).map(|m| m.text.clone())
        });
        found.await.unwrap()
    }

    /// Returns all texts of the bot in a chat, except offers to answer again.
    pub(crate) fn answers(&self, chat: i64) -> Vec<String> {
        self.telegram.view(|view| {
            view.answers(chat)
                .filter(|message| is_reply(message))
                .map(|message| message.text.clone())
                .collect()
        })
    }

    /// Returns the visible contents of a chat, one line per message.
    pub(crate) fn screen(&self, chat: i64) -> String {
        let line =
            |m: telegram::Message| format!("{}: {}", if m.from_bot { "bot" } else { "person" }, m.text);
        self.telegram.messages(chat).into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Waits for the model's `number`th request (from 1).
    pub(crate) async fn request(&self, number: usize) -> Recorded {
        let what = format!("request {number} to the model");
        self.model.until(&what, BOUND, |requests| requests.get(number - 1).cloned()).await.unwrap()
    }

    /// Waits until the model's `number`th request has ended.
    pub(crate) async fn request_end(&self, number: usize) -> Outcome {
        let what = format!("end of request {number} to the model");
        let ended = |requests: &[Recorded]| {
            let outcome = requests.get(number - 1)?.outcome.clone();
            (outcome != Outcome::Open).then_some(outcome)
        };
        self.model.until(&what, BOUND, ended).await.unwrap()
    }

    /// Asserts that nothing is left: stops the bot, then checks its books, its log and the calls that the
    /// emulators refused.
    pub(crate) async fn end(mut self) {
        if self.instances.runs() {
            // Messages in flight get there now; what is not delivered by then never will be.
            self.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
            self.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
            self.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
            self.terminate();
            assert_eq!(self.exit_code().await, 0, "the bot ends well");
        }
        self.database.assert_settled().await;
        let refusals: Vec<Outcome> =
            self.model.refusals().into_iter().map(|refused| refused.outcome).collect();
        assert!(refusals.is_empty(), "the model refused requests: {refusals:?}");
        let violations = self.telegram.violations();
        assert!(violations.is_empty(), "Telegram saw violations: {violations:?}");
        // Its connections would be broken.
        drop(self.pooler);
        self.database.drop().await;
    }

    /// Returns the number of rows in the outbox.
    pub(crate) async fn outbox(&self) -> i64 {
        self.database.count("SELECT count(*) FROM outbox").await
    }

    /// Returns the exact balance of a user.
    pub(crate) async fn balance(&self, user: i64) -> Decimal {
        sqlx::query_scalar("SELECT balance FROM users WHERE id = $1")
            .bind(user)
            .fetch_one(self.books())
            .await
            .unwrap()
    }

    /// Returns the address of the operators' server: the bot opens any free port and logs it.
    pub(crate) fn operators_port(&self) -> String {
        self.instances.first().operators_port()
    }

    /// Returns the sum of a counter's series whose line starts with this prefix, over all instances.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        self.metric_of_each(name).await.into_iter().sum()
    }

    /// Returns the sum of the series whose line starts with this prefix, for each instance.
    pub(crate) async fn metric_of_each(&self, name: &str) -> Vec<u64> {
        let mut sums = Vec::new();
        for address in self.instances.all().iter().map(Process::operators_port) {
            let answer = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
            let answer = answer.text().await.unwrap();
            let lines = answer.lines().filter(|line| line.starts_with(name));
            sums.push(lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum());
        }
        sums
    }

    /// Connects to the database, to inspect the books.
    pub(crate) fn books(&self) -> &PgPool {
        self.database.pool()
    }

    fn judge_log(&self, log: &[String]) {
        let unexpected = |line: &&String| {
            let bad = line.contains("ERROR") || line.contains("panicked");
            bad && !self.expected_errors.iter().any(|part| line.contains(part))
        };
        let errors: Vec<&String> = log.iter().filter(unexpected).collect();
        assert!(errors.is_empty(), "the log has errors:\n{errors:#?}");
        self.assert_discreet(log);
    }

    /// Asserts that the log has no key and no text of a chat.
    fn assert_discreet(&self, log: &[String]) {
        let is_secret =
            |name: &str| name.ends_with("_KEY") || name.ends_with("_TOKEN") || name.ends_with("_SECRET");
        let secrets = self.settings.iter().filter(|(name, value)| is_secret(name) && value.len() > 5);
        let texts = self.telegram.view(|view| {
            let chats: Vec<i64> = view.chats().collect();
            let texts = chats.into_iter().flat_map(|chat| view.messages(chat)).take(TEXTS);
            texts.map(|message| message.text.chars().take(60).collect()).collect::<Vec<String>>()
        });
        // Shorter ones may well be words of the log.
        let telling = texts.into_iter().filter(|text| text.chars().count() > 20 && text.contains(' '));
        let log = log.join("\n");
        for said in secrets.map(|(_, value)| value.clone()).chain(telling) {
            let line = log.lines().find(|line| line.contains(&said));
            assert!(line.is_none(), "the log tells '{said}': {line:?}");
        }
    }
}

/// Returns the texts of a recorded request's messages, as `role: text` lines.
pub(crate) fn conversation(request: &Recorded) -> Vec<String> {
    let messages = request.body["messages"].as_array().expect("a request has messages");
    let texts = |message: &serde_json::Value| -> String {
        let blocks = message["content"].as_array().expect("content is a list of blocks");
        blocks.iter().filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join(" | ")
    };
    messages
        .iter()
        .map(|message| format!("{}: {}", message["role"].as_str().unwrap_or("?"), texts(message)))
        .collect()
}

/// Returns a recorded request's messages as one text.
pub(crate) fn prompt(request: &Recorded) -> String {
    exact(conversation(request).join("\n"))
}

/// Returns a text for comparison with a snapshot. The comparison ignores blanks at both ends of a text, so it
/// must have none.
pub(crate) fn exact(text: impl Into<String>) -> String {
    let text = text.into();
    assert_eq!(text, text.trim(), "a snapshot does not show the blanks around it");
    text
}
