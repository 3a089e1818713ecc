//! The world around one bot: the services that it uses, and the settings that point `starling` at them.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use playground::anthropic::{self, Anthropic, Scenario};
use playground::telegram::{self, Person, Telegram};

use crate::outside::{ChatService, ImageService, ModelService, PythonService, SpeechService};
use crate::service::{Service, Setting};

/// The person who writes to the bot.
pub(crate) const ANN: i64 = 1_001;
/// The administrator, who corrects balances and sets the margin.
pub(crate) const OLGA: i64 = 1_002;

/// Where things are: shared by all commands.
#[derive(clap::Args)]
pub(crate) struct Paths {
    /// The `starling` binary to run.
    #[arg(long)]
    pub starling: PathBuf,
    /// Directory for its log.
    #[arg(long)]
    pub home: PathBuf,
    /// PostgreSQL; `scripts/play` starts one and sets this.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Redis; without it the bot runs uncached.
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<String>,
}

impl Paths {
    /// The program, wherever it is started from.
    pub(crate) fn program(&self) -> anyhow::Result<PathBuf> {
        self.starling.canonicalize().context("the path of starling")
    }

    /// Returns the settings with the addresses of PostgreSQL and Redis.
    pub(crate) fn stores(&self) -> [Setting; 2] {
        [("DATABASE_URL", Some(self.database_url.clone())), ("REDIS_URL", self.redis_url.clone())]
    }

    /// Returns an error if the program to run does not exist.
    fn check(&self) -> anyhow::Result<()> {
        if !self.starling.is_file() {
            bail!("{} is not a file; build it with `cargo build -p starling`", self.starling.display());
        }
        std::fs::create_dir_all(&self.home).with_context(|| format!("cannot create {}", self.home.display()))
    }
}

/// What replaces or configures the outside services.
#[derive(clap::Args)]
pub(crate) struct OutsideArgs {
    /// What the emulated model does with every message; `playground scenarios` lists the names.
    #[arg(long, value_parser = scenario)]
    pub scenario: Option<Scenario>,
    /// Key of the real model; without it the model is emulated.
    #[arg(long, env = "ANTHROPIC_API_KEY", hide_env_values = true)]
    pub anthropic_api_key: Option<String>,
    /// Key of the real transcription; without it transcription is emulated.
    #[arg(long, env = "OPENAI_API_KEY", hide_env_values = true)]
    pub openai_api_key: Option<String>,
    /// Key of the real image model; without it pictures are emulated.
    #[arg(long, env = "GOOGLE_API_KEY", hide_env_values = true)]
    pub google_api_key: Option<String>,
    /// Key of the real sandboxes; without it they are emulated.
    #[arg(long, env = "E2B_API_KEY", hide_env_values = true)]
    pub e2b_api_key: Option<String>,
    /// Token of a real bot; without it Telegram is emulated.
    #[arg(long, env = "TELEGRAM_BOT_TOKEN", hide_env_values = true)]
    pub telegram_bot_token: Option<String>,
}

fn scenario(name: &str) -> Result<Scenario, String> {
    let found = Scenario::ALL.iter().copied().find(|scenario| scenario.name() == name);
    found.ok_or_else(|| format!("the emulated model knows these scenarios:\n{}", scenarios()))
}

/// The scenarios of the emulated model, one a line, and how to choose one.
pub(crate) fn scenarios() -> String {
    let line = |scenario: &Scenario| format!("  {:<18} {}", scenario.name(), scenario.shows());
    let lines: Vec<String> = Scenario::ALL.iter().map(line).collect();
    format!(
        "{}\n--scenario NAME does it with every message, and then faults never pass; a line \"!NAME\" in a message does \
         it with that message.",
        lines.join("\n")
    )
}

/// What money means in an emulated Telegram.
#[derive(Clone, Copy)]
pub(crate) enum MoneyMode {
    /// Limited balances. People start with one dollar, unless the environment says otherwise, and Olga is the
    /// administrator.
    Counts,
    /// Unlimited balances.
    IsNoObject,
}

impl MoneyMode {
    /// Returns the bot's settings for this mode.
    pub(crate) fn settings(self) -> [Setting; 2] {
        let (starter_balance, privileged) = match self {
            Self::Counts => {
                let wanted = non_empty(std::env::var("STARTER_BALANCE_USD").ok());
                (wanted.unwrap_or_else(|| "1.00".to_owned()), OLGA.to_string())
            }
            Self::IsNoObject => ("1000".to_owned(), format!("{ANN},{OLGA}")),
        };
        [("STARTER_BALANCE_USD", Some(starter_balance)), ("PRIVILEGED_USERS", Some(privileged))]
    }
}

/// The services of one bot.
pub(crate) struct Environment {
    /// The chat service.
    pub messenger: ChatService,
    /// The model service.
    pub model: ModelService,
    /// The transcription service.
    pub speech: SpeechService,
    /// The image model.
    pub images: ImageService,
    /// Where Python runs.
    pub python: PythonService,
}

impl Environment {
    /// Starts what is emulated; `port` is that of the chat page, 0 for any.
    pub(crate) async fn start(outside: OutsideArgs, port: u16) -> anyhow::Result<Self> {
        let model = match non_empty(outside.anthropic_api_key) {
            Some(_) if outside.scenario.is_some() => {
                bail!("--scenario is for the emulated model, but ANTHROPIC_API_KEY asks for the real one");
            }
            Some(key) => ModelService::Real(key),
            None => ModelService::Emulated(model_for_people(outside.scenario).await?),
        };
        let speech = match non_empty(outside.openai_api_key) {
            Some(key) => SpeechService::Real(key),
            None => SpeechService::emulated(Duration::from_secs(1)).await?,
        };
        let images = match non_empty(outside.google_api_key) {
            Some(key) => ImageService::Real(key),
            None => ImageService::emulated(Duration::from_secs(3)).await?,
        };
        let python = match non_empty(outside.e2b_api_key) {
            Some(key) => PythonService::Real(key),
            None => PythonService::emulated().await?,
        };
        let messenger = match non_empty(outside.telegram_bot_token) {
            Some(token) => ChatService::Real(token),
            None => ChatService::Emulated(emulated_telegram(port).await?),
        };
        Ok(Self { messenger, model, speech, images, python })
    }

    /// Starts the real binary with these services and waits until it accepts updates.
    pub(crate) async fn run(&self, place: &Paths, money: MoneyMode) -> anyhow::Result<Service> {
        let money: Vec<Setting> = match self.messenger {
            ChatService::Emulated(_) => money.settings().into_iter().collect(),
            ChatService::Real(_) => Vec::new(),
        };
        let mut service = self.launch(place, &place.home, &money)?;
        service.ready().await?;
        Ok(service)
    }

    /// Starts the binary with further settings and with its log in `home`. Does not wait.
    pub(crate) fn launch(&self, place: &Paths, home: &Path, further: &[Setting]) -> anyhow::Result<Service> {
        place.check()?;
        let mut settings = self.settings();
        settings.extend(place.stores());
        settings.extend_from_slice(further);
        Service::start(&place.program()?, home, &settings)
    }

    /// Stops the emulators.
    pub(crate) async fn stop(&self) {
        if let ChatService::Emulated(telegram) = &self.messenger {
            telegram.stop().await;
        }
        if let ModelService::Emulated(model) = &self.model {
            model.stop().await;
        }
        if let SpeechService::Emulated(speech) = &self.speech {
            speech.stop().await;
        }
        if let ImageService::Emulated(images) = &self.images {
            images.stop().await;
        }
        if let PythonService::Emulated(e2b) = &self.python {
            e2b.stop().await;
        }
    }

    /// Returns the settings with the addresses of all services.
    pub(crate) fn settings(&self) -> Vec<Setting> {
        let mut settings: Vec<Setting> = Vec::new();
        match &self.messenger {
            ChatService::Emulated(telegram) => {
                // The emulator does not enforce the limit over all chats, so many can be answered at the same
                // moment.
                settings.push(("TELEGRAM_SENDS_PER_SECOND", Some("0".to_owned())));
                settings.push(("TELEGRAM_BOT_TOKEN", Some(telegram::Settings::default().token)));
                settings.push(("TELEGRAM_API_URL", Some(telegram.url())));
                settings.push(("TELEGRAM_MODE", None));
            }
            ChatService::Real(token) => settings.push(("TELEGRAM_BOT_TOKEN", Some(token.clone()))),
        }
        match &self.model {
            ModelService::Emulated(model) => {
                settings.push(("ANTHROPIC_API_KEY", Some(EMULATED_KEY.to_owned())));
                settings.push(("ANTHROPIC_BASE_URL", Some(model.url())));
            }
            ModelService::Real(key) => settings.push(("ANTHROPIC_API_KEY", Some(key.clone()))),
        }
        settings.extend(self.speech.settings());
        settings.extend(self.images.settings());
        settings.extend(self.python.settings());
        if let (ChatService::Emulated(_), ModelService::Emulated(_)) = (&self.messenger, &self.model) {
            // Nothing of an operator's real secrets may be used in a world that is made up.
            settings.push(("SECRETS_DIR", Some(Path::new("no-secrets").display().to_string())));
        }
        settings
    }
}

const EMULATED_KEY: &str = "sk-ant-playground";

fn non_empty(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.trim().is_empty())
}

/// Starts an emulated model that answers slowly enough for a person to follow.
async fn model_for_people(scenario: Option<Scenario>) -> anyhow::Result<Anthropic> {
    let model = emulated_model(anthropic::Settings {
        first_token_delay: Duration::from_millis(400),
        chunk_delay: Duration::from_millis(30),
        ..anthropic::Settings::default()
    });
    let model = model.await?;
    if let Some(scenario) = scenario {
        model.set_always(scenario);
    }
    Ok(model)
}

/// Starts the emulated model; it accepts the key that this bot uses.
pub(crate) async fn emulated_model(settings: anthropic::Settings) -> anyhow::Result<Anthropic> {
    let settings = anthropic::Settings { api_key: EMULATED_KEY.to_owned(), ..settings };
    Anthropic::start(settings).await.context("the emulated model does not start")
}

/// Starts the emulated Telegram with a person and an administrator. The bot's database outlives the emulator,
/// so update and message ids begin above those of any earlier run.
pub(crate) async fn emulated_telegram(port: u16) -> anyhow::Result<Telegram> {
    let first = number_of_now();
    let settings = telegram::Settings {
        port,
        first_update: first,
        first_message: first,
        ..telegram::Settings::default()
    };
    let telegram = Telegram::start(settings).await.context("the emulated Telegram does not start")?;
    telegram.add_user(Person {
        last_name: Some("Example".to_owned()),
        username: Some("ann_example".to_owned()),
        ..Person::new(ANN, "Ann")
    });
    telegram.add_user(Person {
        last_name: Some("Admin".to_owned()),
        username: Some("olga_admin".to_owned()),
        ..Person::new(OLGA, "Olga")
    });
    for person in [ANN, OLGA] {
        telegram.set_stars(person, 1_000);
        // They may have written in an earlier run, and the bot may still owe them an answer.
        telegram.open_chat(person);
    }
    Ok(telegram)
}

/// Returns a first id for this run. It grows by four per second: above the ids that an earlier run can have
/// used, and within 32 bits until 2040.
fn number_of_now() -> i64 {
    const START: Duration = Duration::from_secs(1_700_000_000);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH + START).unwrap_or_default();
    i64::try_from(now.as_secs() * 4).unwrap_or(i64::MAX)
}
