//! Whom a tool waits for, and what keeps it waiting there until a test lets it go on.

use std::time::Duration;

use playground::anthropic::{Gate, GateKeeper, Outcome, Reply, Step};
use playground::e2b::{self, Fault, Operation};
use playground::telegram::{Hold, NewFile};
use playground::{gemini, openai};
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use starling::domain::tool::ToolName;

use super::rows;
use super::workshop::{Workshop, calling};
use crate::harness::BOUND;

/// What the model says before it calls the tool.
pub(super) const BEFORE: &str = "One moment.";
/// Whether the first statement of a tool about the files of a conversation waits. Others may wait beside it.
const TOOL_WAITS: &str = "SELECT least(count(*) FILTER (WHERE query ~ 'threads?\\s+JOIN files'), 1)
    FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// Whom or what a tool waits for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// PostgreSQL, for a row that another transaction has locked.
    Books,
    /// A thread that draws.
    Processor,
    /// Telegram, for a file.
    Download,
    /// Telegram, to take a file.
    Sending,
    /// Another model.
    Model,
    /// The model itself, which runs the tool in its stream.
    Stream,
    /// The transcription of speech.
    Speech,
    /// The image model.
    Drawing,
    /// The service of sandboxes, for a new one.
    Creating,
    /// A sandbox, for a file that is sent to it.
    Uploading,
    /// A sandbox, for packages that are installed in it.
    Installing,
    /// Code in a sandbox.
    Executing,
    /// A sandbox, for the files that code has made.
    Collecting,
}

/// Returns where a tool may wait.
pub(super) fn places(tool: ToolName) -> &'static [Place] {
    match tool {
        // It computes, and waits for nobody.
        ToolName::CostEstimator => &[],
        ToolName::SelfCritique => &[Place::Model],
        ToolName::ListFiles => &[Place::Books],
        ToolName::DeliverFile => &[Place::Books, Place::Sending],
        ToolName::PreviewFile => &[Place::Books, Place::Download],
        ToolName::TranscribeAudio => &[Place::Download, Place::Speech],
        ToolName::AnalyzeImage | ToolName::AnalyzePdf => &[Place::Download, Place::Model],
        ToolName::RenderLatex => &[Place::Processor],
        ToolName::GenerateImage => &[Place::Download, Place::Drawing, Place::Sending],
        ToolName::WebSearch | ToolName::WebFetch => &[Place::Stream],
        ToolName::ExecutePython => &[
            Place::Creating,
            Place::Download,
            Place::Uploading,
            Place::Installing,
            Place::Executing,
            Place::Collecting,
        ],
    }
}

/// Returns the file that Ann has sent before.
pub(super) fn file(tool: ToolName, at: Place) -> Option<NewFile> {
    match (tool, at) {
        (ToolName::GenerateImage, Place::Download) => Some(rows::photo()),
        (ToolName::ExecutePython, Place::Download | Place::Uploading) => Some(rows::notes()),
        _ => rows::row(tool).file,
    }
}

fn arguments(tool: ToolName, at: Place, file: &str) -> Value {
    let mut arguments = rows::arguments(tool, file);
    match (tool, at) {
        (ToolName::GenerateImage, Place::Download) => arguments["source_file_ids"] = json!([file]),
        (_, Place::Download | Place::Uploading) if tool == ToolName::ExecutePython => {
            arguments["file_ids"] = json!([file]);
        }
        (_, Place::Installing) => arguments["requirements"] = json!(["greeting"]),
        (_, Place::Executing) => arguments["code"] = json!("import time\ntime.sleep(600)"),
        (ToolName::DeliverFile, Place::Sending) => arguments["sequential"] = json!(true),
        _ => {}
    }
    arguments
}

/// What keeps a tool waiting.
pub(super) enum Obstacle {
    Lock(Transaction<'static, Postgres>),
    Telegram(Place, Hold),
    /// An answer of a model that goes no further; its number among the requests.
    Answer(usize, GateKeeper),
    Speech(GateKeeper),
    Drawing,
    Sandbox(Operation),
    Work,
}

impl Obstacle {
    /// Puts the obstacle in the way, and lets Ann ask for what the tool does.
    pub(super) async fn put(shop: &Workshop, tool: ToolName, at: Place, file: &str) -> Self {
        let bot = &shop.bot;
        let (gate, keeper) = Gate::new();
        let arguments = arguments(tool, at, file);
        let call = |input| calling(BEFORE, [(tool.name().to_owned(), input)]);
        let asked = bot.model.requests().len();
        let obstacle = match at {
            Place::Books => return Self::lock(shop, tool, arguments).await,
            Place::Stream => {
                bot.model.script(in_stream(tool, &arguments, gate));
                Self::Answer(asked + 1, keeper)
            }
            Place::Processor => {
                // Two are drawn at once, so this takes long on any machine.
                let heavy = format!("{}x{}", r"\pmb{".repeat(12), "}".repeat(12));
                let all = vec![(tool.name().to_owned(), json!({"latex": heavy})); 150];
                bot.model.script(calling(BEFORE, all));
                Self::Work
            }
            Place::Model => {
                bot.model.script(call(arguments));
                bot.model.script(Reply::steps(vec![Step::Text("Hm".to_owned()), Step::Gate(gate)]));
                Self::Answer(asked + 2, keeper)
            }
            Place::Download => {
                bot.model.script(call(arguments));
                Self::Telegram(at, bot.telegram.hold("download"))
            }
            Place::Sending => {
                bot.model.script(call(arguments));
                let method = if tool == ToolName::GenerateImage { "sendPhoto" } else { "sendDocument" };
                Self::Telegram(at, bot.telegram.hold(method))
            }
            Place::Speech => {
                bot.model.script(call(arguments));
                shop.openai.script(openai::Reply::text("Late, but here.").held(gate));
                Self::Speech(keeper)
            }
            Place::Drawing => {
                bot.model.script(call(arguments));
                shop.gemini.script(gemini::Reply::hang());
                Self::Drawing
            }
            Place::Creating | Place::Uploading | Place::Installing | Place::Executing | Place::Collecting => {
                bot.model.script(call(arguments));
                Self::Sandbox(in_sandbox(shop, at))
            }
        };
        bot.ann("Do it.");
        obstacle
    }

    /// Locks the table of files once the question is stored, and before the tool is called.
    async fn lock(shop: &Workshop, tool: ToolName, arguments: Value) -> Self {
        let (gate, keeper) = Gate::new();
        shop.bot.model.script(Reply::steps(vec![
            Step::Text(BEFORE.to_owned()),
            Step::Gate(gate),
            Step::ToolUse { name: tool.name().to_owned(), input: arguments },
        ]));
        shop.bot.ann("Do it.");
        shop.draft_with(BEFORE).await;
        let mut lock = shop.bot.books().begin().await.unwrap();
        sqlx::query("LOCK TABLE files IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
        keeper.open();
        Self::Lock(lock)
    }

    /// Waits until the tool waits.
    pub(super) async fn reached(&self, shop: &Workshop) {
        let reached = async {
            match self {
                Self::Lock(_) => shop.bot.database.until(TOOL_WAITS, 1).await,
                Self::Telegram(_, hold) => hold.waiting().await,
                Self::Answer(number, _) => {
                    shop.bot.request(*number).await;
                    // Its usage is in the books.
                    shop.bot
                        .database
                        .until("SELECT count(*) FROM model_calls WHERE ended = 'running'", 1)
                        .await;
                }
                Self::Speech(_) => {
                    let asked = |all: &[openai::Request]| (!all.is_empty()).then_some(());
                    shop.openai.until("a request for a transcript", BOUND, asked).await.unwrap();
                }
                Self::Drawing => {
                    let asked = |all: &[gemini::Request]| (!all.is_empty()).then_some(());
                    shop.gemini.until("a request for a picture", BOUND, asked).await.unwrap();
                }
                Self::Sandbox(operation) => {
                    let is_it =
                        |call: &e2b::Call| call.operation == *operation && call.outcome == e2b::Outcome::Open;
                    let asked = |calls: &[e2b::Call]| calls.iter().any(is_it).then_some(());
                    shop.e2b.until("the call", BOUND, asked).await.unwrap();
                }
                Self::Work => {}
            }
        };
        tokio::time::timeout(BOUND, reached).await.expect("the tool waits");
    }

    /// Waits until the other side knows of the stop. Returns `false` at once if it is not told.
    pub(super) async fn told(&self, shop: &Workshop) -> bool {
        let told = async {
            match self {
                Self::Telegram(Place::Download, hold) => hold.deserted().await,
                Self::Answer(number, _) => {
                    assert_eq!(shop.bot.request_end(*number).await, Outcome::ClosedByClient);
                }
                Self::Drawing => {
                    let left = |all: &[gemini::Request]| {
                        (all[0].outcome == gemini::Outcome::ClosedByClient).then_some(())
                    };
                    shop.gemini.until("the end of the drawing", BOUND, left).await.unwrap();
                }
                Self::Sandbox(operation) => {
                    let is_over = |call: &e2b::Call| {
                        call.operation == *operation && call.outcome == e2b::Outcome::ClosedByClient
                    };
                    let left = |calls: &[e2b::Call]| calls.iter().any(is_over).then_some(());
                    shop.e2b.until("the end of the call", BOUND, left).await.unwrap();
                }
                Self::Speech(_) => {
                    let left = |all: &[openai::Request]| {
                        (all[0].outcome == openai::Outcome::ClosedByClient).then_some(())
                    };
                    shop.openai.until("the end of the request", BOUND, left).await.unwrap();
                }
                // A query ends by itself, a file that is promised is sent, and a formula takes no longer than a
                // moment.
                Self::Lock(_) | Self::Telegram(..) | Self::Work => return false,
            }
            true
        };
        tokio::time::timeout(BOUND, told).await.expect("the other side is told")
    }

    /// Lets go on what has not ended.
    pub(super) async fn remove(self) {
        match self {
            Self::Lock(lock) => lock.rollback().await.unwrap(),
            Self::Telegram(_, hold) => hold.release(),
            Self::Answer(_, keeper) | Self::Speech(keeper) => keeper.open(),
            Self::Drawing | Self::Sandbox(_) | Self::Work => {}
        }
    }
}

/// Orders what keeps a call in a sandbox waiting; returns the operation.
fn in_sandbox(shop: &Workshop, at: Place) -> Operation {
    let long = Fault::Slow(BOUND * 10);
    match at {
        Place::Creating => {
            shop.e2b.fail_next(Operation::Create, 1, &long);
            Operation::Create
        }
        Place::Uploading => {
            shop.e2b.fail_next(Operation::Upload, 1, &long);
            Operation::Upload
        }
        Place::Collecting => {
            // The first list is that before the code.
            shop.e2b.fail_next(Operation::ListFiles, 1, &Fault::Slow(Duration::ZERO));
            shop.e2b.fail_next(Operation::ListFiles, 1, &long);
            Operation::ListFiles
        }
        Place::Installing => {
            shop.e2b.fail_next(Operation::Execute, 1, &long);
            Operation::Execute
        }
        _ => Operation::Execute,
    }
}

/// An answer that stops in the middle of a tool that the provider runs.
fn in_stream(tool: ToolName, input: &Value, gate: Gate) -> Reply {
    let caller = json!({"type": "direct"});
    let call = json!({"type": "server_tool_use", "name": tool.name(), "input": input, "caller": caller});
    Reply::steps(vec![Step::Text(BEFORE.to_owned()), Step::Block(call), Step::Gate(gate)])
}
