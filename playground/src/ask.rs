//! `playground ask`: one question from the terminal. The person Ann sends it in the emulated Telegram, and
//! the growing draft is printed. Success is judged by the bot's own count of turn outcomes and by the record
//! of the emulated model, not by the text.

use std::time::Duration;

use anyhow::bail;
use playground::anthropic::{Anthropic, Endpoint, Outcome, Recorded};
use playground::telegram::{CallOutcome, Telegram};
use serde_json::Value;
use tokio::time::Instant;

use crate::console;
use crate::growth::Growth;
use crate::metrics::Turns;
use crate::outside::{ChatService, ModelService};
use crate::service::Service;
use crate::signals::Signals;
use crate::world::{ANN, Environment, MoneyMode, OutsideArgs, Paths};

/// Interval between two checks of the chat.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a message is shown while no turn runs or has ended, before it counts as the whole answer.
const ANSWERED_WITHOUT_TURN: Duration = Duration::from_secs(5);

/// Arguments of `ask`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Paths,
    #[command(flatten)]
    outside: OutsideArgs,
    /// Seconds until an unfinished answer counts as failed.
    #[arg(long, default_value_t = 180)]
    time_limit: u64,
    /// The message to send.
    text: String,
}

/// Asks the question. Returns an error unless the answer arrived whole.
pub(crate) async fn ask(arguments: Arguments) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    if arguments.text.trim().is_empty() {
        bail!("the message is empty");
    }
    let mut outside = arguments.outside;
    if outside.telegram_bot_token.take().is_some() {
        console::remark(
            "TELEGRAM_BOT_TOKEN is not used: a question from the terminal goes through the emulated Telegram",
        );
    }
    let world = Environment::start(outside, 0).await?;
    let ChatService::Emulated(telegram) = &world.messenger else { bail!("the emulated Telegram is missing") };
    let mut service = tokio::select! {
        service = world.run(&arguments.place, MoneyMode::IsNoObject) => service?,
        () = signals.next() => bail!("interrupted before starling was ready"),
    };
    let before = Turns::parse(&service.get("metrics").await?);
    let mut screen = Terminal::new(telegram.clone(), &arguments.text);
    let limit = Duration::from_secs(arguments.time_limit);
    let verdict = tokio::select! {
        verdict = watch(&mut screen, &service, &before) => verdict,
        () = tokio::time::sleep(limit) => Err(service.report(&format!("no complete answer within {} s", limit.as_secs()))),
        () = signals.next() => Err("interrupted".to_owned()),
    };
    // The drain lets the bot send what it still owes; only then the chat shows the whole answer.
    let stopped = match service.try_ended() {
        Some(failure) => Err(failure),
        None => service.stop(&mut signals).await,
    };
    screen.show();
    let answered = screen.messages > 0;
    let reason = model_failure(&world.model);
    world.stop().await;
    if let Err(what) = verdict {
        bail!("{what}{}", reason.map(|reason| format!("\n{reason}")).unwrap_or_default());
    }
    stopped?;
    if !answered {
        bail!("the turn ended, but no message arrived in the chat");
    }
    Ok(())
}

/// Prints until a turn has ended. The error says what was wrong with the answer.
async fn watch(screen: &mut Terminal, service: &Service, before: &Turns) -> Result<(), String> {
    let mut idle_since: Option<Instant> = None;
    loop {
        screen.show();
        let text = service.get("metrics").await;
        let Ok(text) = text else { return Err(service.report("starling does not answer any more")) };
        let turns = Turns::parse(&text);
        let outcomes = turns.since(before);
        if !outcomes.is_empty() {
            let bad: Vec<String> = outcomes.into_iter().filter(|outcome| outcome != "complete").collect();
            return if bad.is_empty() {
                Ok(())
            } else {
                Err(format!("the answer ended as: {}", bad.join(", ")))
            };
        }
        if screen.messages == 0 || turns.active > 0 {
            idle_since = None;
        } else if idle_since.get_or_insert_with(Instant::now).elapsed() > ANSWERED_WITHOUT_TURN {
            return Err("the bot answered without asking the model".to_owned());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Returns the last failure of the emulated model, if any.
fn model_failure(model: &ModelService) -> Option<String> {
    let ModelService::Emulated(model) = model else { return None };
    let requests: Vec<Recorded> = asked(model);
    let Some(last) = requests.last() else { return Some("the model was never asked".to_owned()) };
    let count = requests.len();
    let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    match &last.outcome {
        Outcome::Finished => None,
        Outcome::Open => Some(format!("the model was asked {times} and still answers")),
        Outcome::Refused(status, why) | Outcome::Failed(status, why) => {
            Some(format!("the model was asked {times} and last answered {status}: {why}"))
        }
        Outcome::Missing(status) => Some(format!("the model was asked {times} and last answered {status}")),
        Outcome::Cut => Some(format!("the model was asked {times} and last broke off its answer")),
        Outcome::ClosedByClient => {
            Some(format!("the model was asked {times} and the bot closed the last answer"))
        }
    }
}

fn asked(model: &Anthropic) -> Vec<Recorded> {
    model.requests().into_iter().filter(|request| request.endpoint == Endpoint::Messages).collect()
}

/// The chat as Ann sees it, printed piece by piece in the order of the bot's calls.
struct Terminal {
    telegram: Telegram,
    growth: Growth,
    /// Number of the bot's calls that are already printed.
    seen: usize,
    messages: usize,
}

impl Terminal {
    fn new(telegram: Telegram, question: &str) -> Self {
        let seen = telegram.calls().len();
        telegram.say(ANN, ANN, question);
        Self { telegram, growth: Growth::default(), seen, messages: 0 }
    }

    /// Prints what the bot did since the last call.
    fn show(&mut self) {
        let calls = self.telegram.calls();
        for call in calls.iter().skip(self.seen) {
            let shows = call.chat == Some(ANN) && call.method.starts_with("send");
            if shows && call.answer == CallOutcome::Waiting {
                break;
            }
            self.seen += 1;
            if shows && call.answer == CallOutcome::Ok {
                self.print(&call.method, &call.params);
            }
        }
    }

    fn print(&mut self, method: &str, params: &Value) {
        let text = ["text", "caption"].iter().find_map(|name| params[name].as_str()).unwrap_or_default();
        match method {
            "sendMessageDraft" => console::out(&self.growth.state(text)),
            "sendChatAction" => {}
            _ => {
                self.messages += 1;
                console::out(&self.growth.complete(text));
            }
        }
    }
}
