//! Processor: opens a turn for a batch. Everything that does not depend on the batch is prepared while its
//! window is open.

use crate::cache::context::CachedContext as Cached;
use crate::cache::user::User;
use crate::conversation;
use crate::db::DbError;
use crate::db::dialogs::{Dialog, OpenDialog};
use crate::db::turns::opening::{self, HoldRequest, OpenOutcome, Stored};
use crate::domain::file::{Refusal, Retrieval};
use crate::domain::ids::ThreadKey;
use crate::domain::message::{HistoryMessage, Incoming};
use crate::domain::money::Usd;
use crate::domain::people::{Chat, ChatKind, Person};
use crate::domain::turn::{TurnFailure, TurnRequest, TurnSettings, Unfetched};
use crate::lifecycle::kill_point;
use crate::services::turn_context::{self, TurnContext};
use crate::services::{history, pricing};
use crate::telegram::context::BotContext;
use crate::telegram::pipeline::{pointing, settings};

/// The number of attempts to open a turn. The last one does not verify the prepared data.
const TRIES: usize = 4;

/// The data of a turn that is known before its batch is closed.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    turn_context: TurnContext,
    settings: TurnSettings,
}

impl Prepared {
    /// Returns whether it is for a turn of this person.
    pub(crate) fn is_for(&self, person: &Person) -> bool {
        self.turn_context.user.value.profile.id == person.id
    }
}

/// Finds or creates user, chat and thread, and loads the history, from the cache if it has everything. Waits
/// while the database is unavailable.
///
/// # Errors
/// Returns an error if the service shuts down or the database fails permanently.
pub(crate) async fn prepare(
    context: &BotContext,
    key: ThreadKey,
    sender: &Person,
    chat: &Chat,
) -> Result<Prepared, DbError> {
    let found = turn_context::recall(&context.cache, key, sender, chat).await;
    complete(context, key, sender, chat, found).await
}

async fn complete(
    context: &BotContext,
    key: ThreadKey,
    sender: &Person,
    chat: &Chat,
    found: Cached,
) -> Result<Prepared, DbError> {
    let complete = || turn_context::complete(&context.books, key, sender, chat, found.clone());
    let mut turn_context = context.db.persist(complete).await?;
    let User { preferences, language, .. } = &turn_context.user.value;
    if settings::forget_retired_model(context, key, sender.id, preferences, *language).await? {
        let anew = || turn_context::complete(&context.books, key, sender, chat, Cached::default());
        turn_context = context.db.persist(anew).await?;
    }
    let User { preferences, language, .. } = &turn_context.user.value;
    let settings = settings::of(&context.books, preferences, *language);
    Ok(Prepared { turn_context, settings })
}

/// What became of a batch.
#[derive(Debug)]
pub(crate) struct Opening {
    /// The result for the oldest `taken` messages.
    pub outcome: BatchOutcome,
    /// So many messages, all of them unless a `/clear` or a question of the bot parts them. The others still
    /// have to be opened.
    pub taken: usize,
}

/// The result of opening a batch.
#[derive(Debug)]
pub(crate) enum BatchOutcome {
    /// A prompt. Its turn is open.
    Turn(Box<TurnRequest>),
    /// The answer to a dialog. Nothing was stored.
    Reply(Dialog),
    /// All messages were answered before.
    Duplicate,
}

/// Stores the batch, whose messages stand in the order in which they were written, and opens its turn. Prepares
/// it again if the cached data turns out to be stale. What was written before the bot asked for a text is opened
/// without the answer to that. Messages from before a `/clear` that crashes have delayed until it was carried out
/// are opened without the later ones: an answer to both would show what was cleared to later prompts.
///
/// # Errors
/// Returns an error if the service shuts down or the database fails permanently.
pub(crate) async fn open(
    context: &BotContext,
    mut prepared: Prepared,
    mut batch: &[Incoming],
) -> Result<Opening, DbError> {
    let nothing = |taken| Opening { outcome: BatchOutcome::Duplicate, taken };
    let Some(newest) = batch.last() else { return Ok(nothing(0)) };
    kill_point!("turn: opening", newest.sender.id.0);
    for left in (0..TRIES).rev() {
        if let Some(OpenDialog { dialog, opened_by }) = prepared.turn_context.dialog {
            let older = batch.iter().take_while(|incoming| incoming.update < opened_by).count();
            if older == 0 && can_answer(dialog, batch) {
                return Ok(Opening { outcome: BatchOutcome::Reply(dialog), taken: batch.len() });
            }
            batch = batch.get(..older).filter(|_| older > 0).unwrap_or(batch);
        }
        let Some(newest) = batch.last() else { break };
        match attempt(context, &mut prepared, batch, newest, left > 0).await? {
            Attempt::Opened(outcome) => return Ok(Opening { outcome, taken: batch.len() }),
            Attempt::Straddles(older) => batch = batch.get(..older).unwrap_or(batch),
            Attempt::Stale => context.metrics.redis_cache_stale.inc(),
        }
        prepared = complete(context, newest.key, &newest.sender, &newest.chat, Cached::default()).await?;
    }
    tracing::error!(message.id = newest.message.0, "the conversation {} cannot be found", newest.key);
    Ok(nothing(batch.len()))
}

/// Returns whether messages can be the answer that a dialog waits for. One with a file is no answer to a question
/// for a text.
fn can_answer(dialog: Dialog, batch: &[Incoming]) -> bool {
    dialog == Dialog::Announcement || batch.iter().all(|incoming| incoming.attachment.is_none())
}

/// The result of an attempt to open a batch.
enum Attempt {
    Opened(BatchOutcome),
    /// So many of the messages were written before a `/clear`, the others after it.
    Straddles(usize),
    /// The prepared data is stale.
    Stale,
}

/// Tries to open a batch. With `judged == false` staleness is not checked.
async fn attempt(
    context: &BotContext,
    prepared: &mut Prepared,
    batch: &[Incoming],
    newest: &Incoming,
    judged: bool,
) -> Result<Attempt, DbError> {
    let Prepared { turn_context, settings } = prepared;
    let (db, key, asker) = (&context.db, newest.key, newest.sender.id);
    let mut place = turn_context.place(key);
    place.versions = place.versions.filter(|_| judged);
    let batch = &*pointing::resolve(context, key.chat, &turn_context.history.messages, batch).await?;
    let mut continuation = Some(turn_context.continuation(batch.len()));
    let expected = turn_context.history.version + 1;
    turn_context.history.messages.extend(batch.iter().map(Incoming::remembered));
    let reserve = reserve(context, settings, &turn_context.history.messages, newest.chat.kind);
    let wanted = HoldRequest { amount: reserve, free: context.books.is_privileged(asker) };
    let open = || opening::open(db, place, asker, &settings.model.id, batch, wanted);
    let (opened, ()) =
        tokio::join!(db.persist(open), turn_context::keep_rows(&context.cache, key, turn_context),);
    let (turn, attempt, epoch, held, cleared, version, files) = match opened? {
        OpenOutcome::Turn { turn, attempt, epoch, held, cleared, history_version, files } => {
            (turn, attempt, epoch, held, cleared, history_version, files)
        }
        OpenOutcome::Duplicate => return Ok(Attempt::Opened(BatchOutcome::Duplicate)),
        OpenOutcome::Straddles(older) => return Ok(Attempt::Straddles(older)),
        OpenOutcome::Stale => return Ok(Attempt::Stale),
    };
    kill_point!("turn: opened");
    let mut history = std::mem::take(&mut turn_context.history.messages);
    number_files(&mut history, batch, &files);
    if version != Some(expected) {
        // Another turn was opened meanwhile, or some messages were stored before.
        let load = || history::load(db, place.thread, Some(turn));
        history = db.persist(load).await?.messages;
        continuation = None;
    }
    Ok(Attempt::Opened(BatchOutcome::Turn(Box::new(TurnRequest {
        turn,
        attempt,
        epoch,
        thread: place.thread,
        key,
        asker,
        payer: asker.into(),
        chat_kind: newest.chat.kind,
        question: newest.message,
        cleared,
        live_message: None,
        history,
        continuation,
        settings: settings.clone(),
        held,
        reserve,
        unfetched: unfetched(batch),
        unheard: unheard(batch),
    }))))
}

/// Returns the most that the first request of a turn may cost.
pub(super) fn reserve(
    context: &BotContext,
    settings: &TurnSettings,
    history: &[HistoryMessage],
    chat: ChatKind,
) -> Usd {
    let tools = context.assistant.toolbox.specs();
    let bytes = conversation::prompt_bytes(history, chat, tools, settings.personality.as_ref());
    pricing::bound(&settings.model, bytes, context.books.today())
}

/// Why the model is not asked: every message is a recording without a word. A recording that was withheld is
/// left to the gate.
fn unheard(batch: &[Incoming]) -> Option<TurnFailure> {
    let failure = |incoming: &Incoming| match &incoming.fetched {
        Retrieval::Failed => Some(TurnFailure::NotHeard),
        Retrieval::Off => Some(TurnFailure::VoiceOff),
        Retrieval::Heard(spoken) if spoken.is_silence() => Some(TurnFailure::NothingSaid),
        _ => None,
    };
    let failures: Option<Vec<TurnFailure>> =
        batch.iter().map(|incoming| failure(incoming).filter(|_| incoming.is_spoken())).collect();
    let failures = failures?;
    let worst = [TurnFailure::NotHeard, TurnFailure::VoiceOff, TurnFailure::NothingSaid];
    worst.into_iter().find(|failure| failures.contains(failure))
}

fn unfetched(batch: &[Incoming]) -> Unfetched {
    let failed = |wanted: fn(bool, bool) -> bool| {
        let mut files = batch.iter().flat_map(Incoming::files);
        files.any(|(replied, file, fetched)| {
            *fetched == Retrieval::Failed && wanted(replied, file.kind.is_spoken())
        })
    };
    Unfetched {
        own: failed(|replied, spoken| !replied && !spoken),
        replied: failed(|replied, spoken| replied && !spoken),
        recording: failed(|_, spoken| spoken),
        over_daily_limit: batch
            .iter()
            .flat_map(Incoming::files)
            .any(|(_, _, fetched)| fetched.refusal() == Some(Refusal::DailyLimit)),
    }
}

/// Sets the ids under which the files of a batch, at the end of the history, were stored.
fn number_files(history: &mut [HistoryMessage], batch: &[Incoming], stored: &[Stored]) {
    let first = history.len().saturating_sub(batch.len());
    for (remembered, incoming) in history.iter_mut().skip(first).zip(batch) {
        for file in &mut remembered.files {
            let row = |row: &&Stored| row.message == incoming.message && row.replied == file.replied;
            if let Some(row) = stored.iter().find(row) {
                (file.id, file.public_id) = (row.id, row.public_id);
            }
        }
    }
}
