//! A turn: one prompt of a person and everything that happens until its answer is in the books.

use crate::domain::blank::is_blank;
use crate::domain::history::Continuation;
use crate::domain::ids::{MessageId, ThreadId, ThreadKey, TurnId};
use crate::domain::message::{HistoryMessage, MessageContext, Role};
use crate::domain::model::{Effort, Model, ModelId};
use crate::domain::money::Usd;
use crate::domain::people::{ChatKind, Language};
use crate::domain::record::ToolCallRecord;
use crate::domain::usage::Usage;

/// What a turn may use. Frozen when it opens: nothing inside a turn reads live settings.
#[derive(Clone, Debug)]
pub struct TurnSettings {
    /// The model that answers.
    pub model: Model,
    /// How hard it thinks, where the model can be told.
    pub effort: Option<Effort>,
    /// The language of the bot's own sentences.
    pub language: Language,
}

/// A turn that is open in the database and asks for an answer.
#[derive(Clone, Debug)]
pub struct TurnRequest {
    /// Its row.
    pub turn: TurnId,
    /// Which try this is; the first is 1. A crash leads to the next.
    pub attempt: i32,
    /// The conversation's row.
    pub thread: ThreadId,
    /// Where the answer goes.
    pub key: ThreadKey,
    /// The kind of chat decides how the answer is shown.
    pub chat_kind: ChatKind,
    /// The message that started it: the last of the batch.
    pub question: MessageId,
    /// A message in a group that an earlier attempt left half written.
    pub live_message: Option<MessageId>,
    /// The conversation so far, oldest first, this turn's messages last.
    pub history: Vec<HistoryMessage>,
    /// How the history goes on when the turn is closed; none if that is not known.
    pub continuation: Option<Continuation>,
    /// What it may use.
    pub settings: TurnSettings,
    /// Whether money is reserved for it already.
    pub held: bool,
    /// How much its first request needs in reserve, US dollars.
    pub reserve: Usd,
    /// The files of its messages that could not be fetched.
    pub unfetched: Unfetched,
}

/// Files that could not be fetched: whether the person's own, and of messages that are replied to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Unfetched {
    /// One that the person has sent.
    pub own: bool,
    /// One of a message that the person has replied to.
    pub replied: bool,
}

/// What happens in a turn, as far as a person should see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TurnEvent {
    /// More of the summary of the model's thoughts.
    Thinking(String),
    /// More of the answer, as Markdown.
    Text(String),
    /// A tool begins.
    ToolStarted {
        /// The call's id.
        call: String,
        /// The tool's name.
        name: String,
    },
    /// A tool has ended.
    ToolEnded(ToolCallRecord),
}

/// Why a turn was cut short.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interruption {
    /// The person pressed stop.
    Stopped,
    /// The person wrote something newer.
    Superseded,
    /// The service is shutting down and the grace time is over.
    Shutdown,
    /// The service died and came back.
    Crashed,
}

/// Why a turn has no (more) text of the model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TurnFailure {
    /// The provider is overloaded or limits us, after all retries.
    Overloaded,
    /// The provider cannot be reached, broke off or answered with an error of its own.
    Unreachable,
    /// The provider refuses our key, our request or our account: the operator must act.
    Rejected,
    /// The conversation does not fit the model's window.
    TooLong,
    /// The model declined to answer.
    Refused,
    /// The model ended without anything to read.
    Empty,
    /// Something of ours broke.
    Internal,
    /// The user has nothing left to spend.
    NoFunds,
    /// The operator has banned the user.
    Banned,
}

impl TurnFailure {
    /// The column and label name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overloaded => "overloaded",
            Self::Unreachable => "unreachable",
            Self::Rejected => "rejected",
            Self::TooLong => "too_long",
            Self::Refused => "refused",
            Self::Empty => "empty",
            Self::Internal => "internal",
            Self::NoFunds => "no_funds",
            Self::Banned => "banned",
        }
    }
}

/// How a turn ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The model said all it wanted to say.
    Answered,
    /// The model was cut off by its own length limit; what there is stands.
    Truncated,
    /// The overdraft limit was reached; the model was asked for a last answer without tools.
    OutOfFunds,
    /// Cut short from outside; the text so far is kept.
    Interrupted(Interruption),
    /// No answer, or only the beginning of one.
    Failed(TurnFailure),
}

impl Outcome {
    /// The state of the turn's row.
    pub fn state(self) -> &'static str {
        match self {
            Self::Answered | Self::Truncated | Self::OutOfFunds => "answered",
            Self::Interrupted(_) => "interrupted",
            Self::Failed(_) => "failed",
        }
    }

    /// What exactly, as a word for rows, logs and labels.
    pub fn detail(self) -> &'static str {
        match self {
            Self::Answered => "complete",
            Self::Truncated => "truncated",
            Self::OutOfFunds => "out_of_funds",
            Self::Interrupted(Interruption::Stopped) => "stopped",
            Self::Interrupted(Interruption::Superseded) => "superseded",
            Self::Interrupted(Interruption::Shutdown) => "shutdown",
            Self::Interrupted(Interruption::Crashed) => "crashed",
            Self::Failed(failure) => failure.name(),
        }
    }
}

/// One call of a model, for the books: also when it failed or was cut.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelCall {
    /// Its number in the attempt, from 0; those of tools are counted with the others.
    pub number: i32,
    /// The model that was asked.
    pub model: ModelId,
    /// The provider's name for the request, for questions to its support.
    pub request_id: Option<String>,
    /// Why it ended: a stop reason of the wire, or an error's name.
    pub ended: String,
    /// What it used, as reported up to its end.
    pub usage: Usage,
    /// Whether some of that was not reported, and is estimated from the text.
    pub estimated: bool,
    /// Milliseconds from the request to the first visible text, if any came.
    pub first_text_ms: Option<i64>,
    /// Milliseconds from the request to the end.
    pub duration_ms: i64,
}

/// What the conversation hands to the books.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TurnReport {
    /// The whole answer as Markdown; what was shown and what history keeps.
    pub text: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Every call that was made, by number.
    pub calls: Vec<ModelCall>,
    /// Every tool that was run, in order.
    pub tools: Vec<ToolCallRecord>,
    /// Ids of files of which the provider has no usable copy any more.
    pub lost_files: Vec<String>,
}

impl TurnReport {
    /// A turn that ended without any work of a model.
    pub fn without_work(text: String, outcome: Outcome) -> Self {
        Self { text, outcome, calls: Vec::new(), tools: Vec::new(), lost_files: Vec::new() }
    }

    /// The answer as the conversation remembers it; none if there is nothing to read in it.
    pub fn answer(&self) -> Option<HistoryMessage> {
        let interrupted = matches!(self.outcome, Outcome::Interrupted(_) | Outcome::Failed(_));
        (!is_blank(&self.text)).then(|| HistoryMessage {
            role: Role::Assistant,
            message: None,
            text: self.text.clone(),
            sender: None,
            context: MessageContext::default(),
            edits: 0,
            interrupted,
            files: Vec::new(),
        })
    }

    /// Whether the whole turn is left out of later prompts: with it, everything after it would be refused as well.
    pub fn is_left_out(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(TurnFailure::Refused | TurnFailure::TooLong))
    }
}
