//! A turn: one prompt of a person and everything that happens until its answer is settled.

use crate::domain::blank::is_blank;
use crate::domain::citations::Source;
use crate::domain::history::Continuation;
use crate::domain::ids::{ChatId, MessageId, ThreadId, ThreadKey, TurnId, UserId};
use crate::domain::media::{FileDelivery, FileReceipt};
use crate::domain::message::{HistoryMessage, MessageContext, Role};
use crate::domain::model::{Effort, Model, ModelId};
use crate::domain::money::Usd;
pub use crate::domain::outcome::{Interruption, Outcome, TurnFailure};
use crate::domain::people::{ChatKind, Language};
use crate::domain::preferences::Personality;
use crate::domain::record::ToolCallRecord;
use crate::domain::tool_round::ToolRound;
use crate::domain::usage::Usage;

/// The settings of a turn. Frozen when it opens: nothing inside a turn reads live settings.
#[derive(Clone, Debug)]
pub struct TurnSettings {
    /// The model that answers.
    pub model: Model,
    /// The thinking effort that the person has chosen; `None`: decided by the question.
    pub effort: Option<Effort>,
    /// The language of the bot's own sentences.
    pub language: Language,
    /// The cost of the request after which the person is asked whether to go on, US dollars; zero for no
    /// limit.
    pub turn_limit: Usd,
    /// Whether the cost of the answer stands below it.
    pub shows_cost: bool,
    /// Whether the model's thinking is shown until the answer begins.
    pub shows_thinking: bool,
    /// How the model is to be with the person.
    pub personality: Option<Personality>,
}

/// The identity of a turn under way: which one, which attempt at it, and whose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TurnRef {
    /// The row's id.
    pub id: TurnId,
    /// The number of the attempt, from 1. A crash, or a shutdown before anything was shown, leads to the next one;
    /// its calls are recorded under it.
    pub attempt: i32,
    /// The epoch under which this instance answers it.
    pub epoch: i64,
    /// The user who pays.
    pub user: UserId,
    /// The group whose sponsor that is; `None` if who asked pays.
    pub sponsored_in: Option<ChatId>,
}

/// An open turn that this instance answers. What another one has taken over has another epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeldTurn {
    /// The row's id.
    pub id: TurnId,
    /// The epoch of the bucket of its chat when it was opened or taken over.
    pub epoch: i64,
}

/// Who pays for a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TurnPayer {
    /// The person.
    pub user: UserId,
    /// The group whose sponsor that is; `None` for the person who asked.
    pub sponsored_in: Option<ChatId>,
}

impl From<UserId> for TurnPayer {
    /// Returns the person who asked as the payer.
    fn from(user: UserId) -> Self {
        Self { user, sponsored_in: None }
    }
}

/// A turn that is open in the database and needs an answer.
#[derive(Clone, Debug)]
pub struct TurnRequest {
    /// The row's id.
    pub turn: TurnId,
    /// The number of the attempt, from 1; see [`TurnRef::attempt`].
    pub attempt: i32,
    /// The epoch under which this instance answers it.
    pub epoch: i64,
    /// The conversation's row.
    pub thread: ThreadId,
    /// The conversation's key: where the answer goes.
    pub key: ThreadKey,
    /// The person who asked.
    pub asker: UserId,
    /// Who pays. Decided at the gate: until then, the person who asked.
    pub payer: TurnPayer,
    /// The kind of chat, which decides how the answer is shown.
    pub chat_kind: ChatKind,
    /// The message that started it: the last of the batch.
    pub question: MessageId,
    /// Whether a `/clear` covers it, so that no later prompt contains it.
    pub cleared: bool,
    /// The live message in a group that an earlier attempt left unfinished.
    pub live_message: Option<MessageId>,
    /// The conversation so far, oldest first, this turn's messages last.
    pub history: Vec<HistoryMessage>,
    /// How the history continues when the turn is closed; `None` if that is not known.
    pub continuation: Option<Continuation>,
    /// The settings it may use.
    pub settings: TurnSettings,
    /// Whether the turn has a hold already.
    pub held: bool,
    /// The hold that its first request needs, US dollars.
    pub reserve: Usd,
    /// The files of its messages that could not be fetched.
    pub unfetched: Unfetched,
    /// Why the model is not asked at all: the messages are recordings without a word that it could read.
    pub unheard: Option<TurnFailure>,
}

impl TurnRequest {
    /// Returns the identity of the turn.
    pub fn turn_ref(&self) -> TurnRef {
        let TurnPayer { user, sponsored_in } = self.payer;
        TurnRef { id: self.turn, attempt: self.attempt, epoch: self.epoch, user, sponsored_in }
    }
}

/// Which files could not be fetched: the person's own, and those of messages that are replied to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is told by a sentence of its own")]
pub struct Unfetched {
    /// A file that the person has sent.
    pub own: bool,
    /// A file of a message that the person has replied to.
    pub replied: bool,
    /// A recording, which could not be transcribed.
    pub recording: bool,
    /// A file that was not fetched, because the person had reached the limit of a day.
    pub over_daily_limit: bool,
}

/// Stands in a checkpoint where files have interrupted the text, so that after a crash its parts are the same
/// again.
pub const FILES_MARK: char = '\u{1d}';

/// What happens in a turn, as far as it is shown to the person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TurnEvent {
    /// The next piece of the summary of the model's thinking.
    Thinking(String),
    /// The next piece of the answer, as Markdown.
    Text(String),
    /// A tool call has started.
    ToolStarted {
        /// The call's id.
        call: String,
        /// The tool's name.
        name: String,
        /// What it works on, in one line: the query of a search, the host of a page.
        subject: Option<String>,
    },
    /// A running tool call shows what it has printed last, in place of what it showed before.
    ToolProgress {
        /// The call's id.
        call: String,
        /// A few short lines, the newest last, each with something visible.
        lines: Vec<String>,
    },
    /// A tool call has ended.
    ToolEnded(ToolCallRecord),
    /// The text so far is finished, and files follow it; their fates are reported to the receipt.
    Files(FileDelivery, FileReceipt),
    /// The text cites another source, the next one of its list.
    Source(Source),
}

/// A model call for the books, recorded even if it failed or was cut.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelCall {
    /// The number within the attempt, from 0; calls made by tools are counted too.
    pub number: i32,
    /// The model that was asked.
    pub model: ModelId,
    /// The provider's request id, for its support.
    pub request_id: Option<String>,
    /// Why it ended: a stop reason of the wire format, or an error's name.
    pub ended: String,
    /// The usage reported up to its end.
    pub usage: Usage,
    /// Whether part of the usage was not reported and is estimated from the text.
    pub estimated: bool,
    /// Milliseconds from the request to the first visible text, if there was any.
    pub first_text_ms: Option<i64>,
    /// Milliseconds from the request to the end.
    pub duration_ms: i64,
}

/// The result of a conversation, for settlement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TurnReport {
    /// The whole answer as Markdown, as shown and as kept in the history.
    pub text: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Every call made, by number.
    pub calls: Vec<ModelCall>,
    /// Every tool call run, in order.
    pub tools: Vec<ToolCallRecord>,
    /// The tool calls as later prompts repeat them.
    pub rounds: Vec<ToolRound>,
    /// Ids of files of which the provider no longer has a usable copy.
    pub lost_files: Vec<String>,
    /// Files that are sent after the answer, in order.
    pub deliveries: Vec<FileDelivery>,
    /// The web pages that `text` cites, by the numbers of its marks.
    pub sources: Vec<Source>,
}

impl TurnReport {
    /// Creates the report of a turn that ended without any model call.
    pub fn without_work(text: String, outcome: Outcome) -> Self {
        let (calls, tools, rounds) = (Vec::new(), Vec::new(), Vec::new());
        let (lost_files, deliveries, sources) = (Vec::new(), Vec::new(), Vec::new());
        Self { text, outcome, calls, tools, rounds, lost_files, deliveries, sources }
    }

    /// Returns the answer as stored in the history. Returns `None` if it has neither visible text nor tool
    /// calls.
    pub fn answer(&self) -> Option<HistoryMessage> {
        let interrupted = matches!(self.outcome, Outcome::Interrupted(_) | Outcome::Failed(_));
        let remembered = !is_blank(&self.text) || !self.rounds.is_empty();
        remembered.then(|| HistoryMessage {
            role: Role::Assistant,
            message: None,
            text: self.text.clone(),
            sender: None,
            context: MessageContext::default(),
            edits: 0,
            interrupted,
            files: Vec::new(),
            sent_files: Vec::new(),
            tool_rounds: self.rounds.clone(),
        })
    }

    /// Returns whether later prompts leave out the whole turn. With it, the provider would refuse every later
    /// prompt as well.
    pub fn is_left_out(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(TurnFailure::Refused | TurnFailure::TooLong))
    }
}
