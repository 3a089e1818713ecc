//! `playground bench`: measures the delays that the bot adds. Many people write at once or at a steady rate,
//! the emulated model answers at a fixed pace, and both emulators take their timestamps from one clock. Each
//! number of users and each answer length gets a fresh bot process, warmed up by one answer that does not
//! count.

mod delay_proxy;
mod load;
mod process;
mod row;
mod sample;
mod table;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use playground::anthropic;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use crate::bench::delay_proxy::DelayProxy;
use crate::bench::load::{Asker, Load};
use crate::bench::process::{Memory, Processes};
use crate::bench::row::Row;
use crate::console;
use crate::fleet::{self, Fleet};
use crate::outside::{ChatService, ImageService, ModelService, PythonService, SpeechService};
use crate::service::Setting;
use crate::signals::Signals;
use crate::world::{self, Environment, MoneyMode, Paths};

/// Default batching window of the bot, in milliseconds.
const DEFAULT_WINDOW_MS: u64 = 200;
/// Minimum of measured answers; with fewer users at once there are more runs.
const ANSWERS_AT_LEAST: usize = 10;

/// Explanation of the table, printed below the help.
const COLUMNS: &str = "\
Columns of the table:
  people             new: first question; back: second question, with the first in the history
  window -> request  from the end of the batching window to the request to the model
  delta -> draft     from the first piece of text to the first draft that shows it
  end -> message     from the last byte of the stream to the final message
  noise              smallest and largest median of \"end -> message\" over the runs
  CPU/answer         CPU time of the bot, everything included
  CPU/event          the same for each event of the model's stream
  memory             resident, the most it ever was and afterwards";

/// Arguments of `bench`.
#[derive(clap::Args)]
#[command(after_help = COLUMNS)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Paths,
    /// How many people write at once; several numbers give several loads, 0 none.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 50, 200])]
    users: Vec<usize>,
    /// Characters of the answers: Cyrillic, Markdown and code; at most 4000, which is one message.
    #[arg(long, value_delimiter = ',', default_values_t = [1_500, 4_000], value_parser = chars)]
    chars: Vec<usize>,
    /// How often each number of people writes at once, with other people each time.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Answers a second of the steady load; 0 for no such load.
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// Seconds of the steady load.
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Characters of one delta of the model's stream.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    chunk_chars: u16,
    /// Milliseconds between two deltas.
    #[arg(long, default_value_t = 20)]
    chunk_delay_ms: u64,
    /// Milliseconds that every answer of PostgreSQL takes longer.
    #[arg(long, default_value_t = 0)]
    database_delay_ms: u64,
    /// Milliseconds that every answer of Telegram takes longer.
    #[arg(long, default_value_t = 0)]
    telegram_delay_ms: u64,
    /// Seconds until a run gives up waiting for its answers.
    #[arg(long, default_value_t = 120)]
    time_limit: u64,
    /// Instances of the bot; several get their updates through a load balancer.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    instances: u8,
    /// Batching window of the bot in milliseconds.
    #[arg(long, env = "BATCH_WINDOW_MS", default_value_t = DEFAULT_WINDOW_MS)]
    batch_window_ms: u64,
}

fn chars(text: &str) -> Result<usize, String> {
    let chars = text.parse().map_err(|_| "must be a number".to_owned())?;
    if (1..=4_000).contains(&chars) { Ok(chars) } else { Err("must be from 1 to 4000".to_owned()) }
}

/// Measures every load and prints the table. Returns an error if an answer is missing or wrong.
pub(crate) async fn bench(arguments: Arguments) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    console::remark(&format!(
        "{} instances; deltas of {} characters, {} ms apart; batching window {} ms; answers of PostgreSQL {} ms and of \
         Telegram {} ms later; emulators, PostgreSQL and Redis share this machine",
        arguments.instances,
        arguments.chunk_chars,
        arguments.chunk_delay_ms,
        arguments.batch_window_ms,
        arguments.database_delay_ms,
        arguments.telegram_delay_ms,
    ));
    let bench = Bench::prepare(&arguments).await?;
    let mut rows: Vec<Row> = Vec::new();
    let bursts = arguments.users.iter().filter(|&&users| users > 0).map(|&users| Some(users));
    let loads: Vec<Option<usize>> = bursts.chain((arguments.rate > 0).then_some(None)).collect();
    let mut first_person = 1_000_000;
    for &chars in &arguments.chars {
        for &users in &loads {
            let load = users
                .map_or_else(|| format!("{}/s steady", arguments.rate), |users| format!("{users} at once"));
            console::remark(&format!("{load}, answers of {chars} characters ..."));
            let mut fleet = bench.run(&arguments).await?;
            let measured = tokio::select! {
                measured = bench.measure(&arguments, &mut fleet, users, chars, first_person) => measured,
                () = signals.next() => Err(anyhow::anyhow!("interrupted")),
            };
            first_person += 1_000_000;
            fleet.stop_all().await?;
            rows.extend(measured?);
        }
    }
    bench.world.stop().await;
    console::out(&table::render(&rows, Duration::from_millis(arguments.batch_window_ms)));
    let runs = || rows.iter().flat_map(|row| &row.runs);
    let missing = runs().map(|run| run.asked - run.delays.len()).sum::<usize>();
    if missing > 0 {
        bail!("{missing} answers are missing or differ from what the model said");
    }
    Ok(())
}

/// The services for all loads: ids must not repeat in the bot's database.
struct Bench {
    world: Environment,
    load: Load,
    /// Returns settings that connect the bot through the proxies.
    overrides: Vec<Setting>,
    _proxies: Vec<DelayProxy>,
}

impl Bench {
    async fn prepare(arguments: &Arguments) -> anyhow::Result<Self> {
        let chunk_chars = usize::from(arguments.chunk_chars);
        let model = world::emulated_model(anthropic::Settings {
            chunk_delay: Duration::from_millis(arguments.chunk_delay_ms),
            chunk_chars,
            ..anthropic::Settings::default()
        });
        let (model, telegram) = (model.await?, world::emulated_telegram(0).await?);
        let (mut overrides, mut proxies): (Vec<Setting>, Vec<DelayProxy>) = (Vec::new(), Vec::new());
        if arguments.telegram_delay_ms > 0 {
            let server: SocketAddr = telegram.url().trim_start_matches("http://").parse()?;
            let proxy = DelayProxy::to(server, Duration::from_millis(arguments.telegram_delay_ms)).await?;
            overrides.push(("TELEGRAM_API_URL", Some(format!("http://{}", proxy.address))));
            proxies.push(proxy);
        }
        if arguments.database_delay_ms > 0 {
            let delay = Duration::from_millis(arguments.database_delay_ms);
            let (proxy, url) = delayed_database(&arguments.place.database_url, delay).await?;
            overrides.push(("DATABASE_URL", Some(url)));
            proxies.push(proxy);
        }
        let limit = Duration::from_secs(arguments.time_limit);
        let load = Load { telegram: telegram.clone(), model: model.clone(), chunk_chars, limit };
        let world = Environment {
            messenger: ChatService::Emulated(telegram),
            model: ModelService::Emulated(model),
            speech: SpeechService::emulated(Duration::ZERO).await?,
            images: ImageService::emulated(Duration::ZERO).await?,
            python: PythonService::emulated().await?,
        };
        Ok(Self { world, load, overrides, _proxies: proxies })
    }

    async fn run(&self, arguments: &Arguments) -> anyhow::Result<Fleet> {
        let mut settings = Vec::from(MoneyMode::IsNoObject.settings());
        settings.extend_from_slice(&self.overrides);
        let place = &arguments.place;
        let mut fleet = Fleet::of(usize::from(arguments.instances)).await?;
        for index in 0..fleet.len() {
            let home = fleet::home_of(&place.home, index);
            std::fs::create_dir_all(&home).with_context(|| format!("cannot create {}", home.display()))?;
            fleet.start(index, &self.world, (place, &home), &settings)?;
            fleet.up(index).await?;
        }
        Ok(fleet)
    }

    /// Runs one load; user ids start at `first_person`.
    async fn measure(
        &self,
        arguments: &Arguments,
        fleet: &mut Fleet,
        users: Option<usize>,
        chars: usize,
        first_person: i64,
    ) -> anyhow::Result<Vec<Row>> {
        let process = Processes::new(fleet.pids().into_iter().map(|(_, pid)| pid));
        self.load.burst(&[Asker { person: first_person, visit: 1 }], chars).await?;
        let measured = async {
            match users {
                Some(users) => self.bursts(arguments, &process, users, chars, first_person + 1).await,
                None => self.steady(arguments, &process, chars, first_person + 1).await,
            }
        };
        tokio::select! {
            measured = measured => measured,
            failure = fleet.ended() => Err(failure),
        }
    }

    async fn bursts(
        &self,
        arguments: &Arguments,
        process: &Processes,
        users: usize,
        chars: usize,
        first_person: i64,
    ) -> anyhow::Result<Vec<Row>> {
        let load = format!("{users} at once");
        let mut rows = ["new", "back"].map(|people| self.row(load.clone(), people, chars));
        let mut people = first_person..;
        for _ in 0..arguments.runs.max(ANSWERS_AT_LEAST.div_ceil(users)) {
            let people: Vec<i64> = people.by_ref().take(users).collect();
            for (visit, row) in (1..).zip(&mut rows) {
                let askers: Vec<Asker> = people.iter().map(|&person| Asker { person, visit }).collect();
                let before = process.cpu()?;
                row.runs.push(self.load.burst(&askers, chars).await?);
                row.cpu += process.cpu()?.saturating_sub(before);
                row.memory = process.memory()?;
            }
        }
        Ok(rows.into())
    }

    /// Runs the steady load. Half of the questions are first questions; then the same people ask again.
    async fn steady(
        &self,
        arguments: &Arguments,
        process: &Processes,
        chars: usize,
        first_person: i64,
    ) -> anyhow::Result<Vec<Row>> {
        let people = usize::try_from(arguments.rate * arguments.seconds)?.div_ceil(2).max(1);
        let mut rows =
            ["new", "back"].map(|who| self.row(format!("{}/s steady", arguments.rate), who, chars));
        for (visit, row) in (1..).zip(&mut rows) {
            let askers: Vec<Asker> =
                (first_person..).take(people).map(|person| Asker { person, visit }).collect();
            let before = process.cpu()?;
            row.runs.push(self.load.steady(&askers, arguments.rate, chars).await?);
            row.cpu = process.cpu()?.saturating_sub(before);
            row.memory = process.memory()?;
        }
        Ok(rows.into())
    }

    fn row(&self, load: String, people: &'static str, chars: usize) -> Row {
        let (cpu, memory) = (Duration::ZERO, Memory::default());
        Row { load, people, chars, events: self.load.events(chars), runs: Vec::new(), cpu, memory }
    }
}

/// Returns a proxy to the database, and the database URL through it.
async fn delayed_database(url: &str, delay: Duration) -> anyhow::Result<(DelayProxy, String)> {
    let options: PgConnectOptions = url.parse().context("DATABASE_URL")?;
    if options.get_socket().is_some() {
        bail!("--database-delay-ms needs a DATABASE_URL with a host, not a socket file");
    }
    let servers = tokio::net::lookup_host((options.get_host(), options.get_port())).await;
    let server = servers.context("the host of DATABASE_URL")?.next().context("the host of DATABASE_URL")?;
    let proxy = DelayProxy::to(server, delay).await?;
    let options = options.host(&proxy.address.ip().to_string()).port(proxy.address.port());
    Ok((proxy, options.to_url_lossy().to_string()))
}
