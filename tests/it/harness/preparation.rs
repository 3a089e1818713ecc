//! Prepares the world of a test: the emulators, the database, what is between it and the bot, and the settings.

use std::collections::BTreeMap;
use std::path::Path;

use playground::anthropic::{self, Anthropic};
use playground::telegram::{self, Person, Telegram};

use super::database::Database;
use super::fleet::Fleet;
use super::pooler::Pooler;
use super::proxy::Proxy;
use super::{ANN, BOB, Bot, GROUP};

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

    /// Prepares a world whose Telegram has these settings.
    pub(super) async fn prepare_in<const N: usize>(
        emulator: telegram::Settings,
        settings: [(&str, &str); N],
    ) -> Self {
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
}
