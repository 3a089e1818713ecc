//! Processor: a batch becomes an open turn. What does not depend on the batch is prepared while its window is open.

use crate::db::dialogs::Dialog;
use crate::db::turns::{LeftOpen, Opened, Reserve};
use crate::db::{DbError, turns};
use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::message::{Incoming, Remembered, Role};
use crate::domain::model::{Effort, ModelId};
use crate::domain::money::Usd;
use crate::domain::people::{Chat, ChatKind, Language, Person};
use crate::domain::turn::{TurnRequest, TurnSettings};
use crate::lifecycle::kill_point;
use crate::services::{history, people, pricing};
use crate::telegram::context::Context;

/// The effort that the bot asks for: most questions in a chat are answered best without long thinking.
const EFFORT: Effort = Effort::Medium;
/// The most bytes that the marks of a message (sender, reply, quote, origin) usually take in a prompt.
const MARKS_BYTES: usize = 500;

/// What a turn needs that is known before its batch is closed.
#[derive(Clone, Debug)]
pub struct Prepared {
    thread: ThreadId,
    history: Vec<Remembered>,
    settings: TurnSettings,
    /// The question that waits for a text here: then the batch is its answer and no prompt.
    pub dialog: Option<Dialog>,
}

/// Finds or creates user, chat and thread, and reads what was said before. Waits while the database is away.
///
/// # Errors
/// When the service is shutting down, or for a fault that waiting cannot heal.
pub async fn prepare(
    context: &Context,
    key: crate::domain::ids::ThreadKey,
    sender: &Person,
    chat: &Chat,
) -> Result<Prepared, DbError> {
    let db = &context.db;
    let load = || async {
        let entered = people::enter(&context.books, key, sender, chat).await?;
        let history = history::load(db, entered.thread, None).await?;
        Ok((entered, history))
    };
    let (entered, history) = db.persist("processor::prepare", &context.life.abort, load).await?;
    let language = Language::from_tag(sender.language_code.as_deref());
    let settings = settings(context, entered.known.model.as_ref(), language);
    Ok(Prepared { thread: entered.thread, history, settings, dialog: entered.known.dialog })
}

fn settings(context: &Context, model: Option<&ModelId>, language: Language) -> TurnSettings {
    TurnSettings { model: context.registry.chosen(model).clone(), effort: Some(EFFORT), language }
}

/// Stores the batch and opens its turn; none if all its messages were answered before.
///
/// # Errors
/// As for [`prepare`].
pub async fn open(
    context: &Context,
    prepared: Prepared,
    batch: &[Incoming],
) -> Result<Option<TurnRequest>, DbError> {
    let Some(newest) = batch.last() else { return Ok(None) };
    let Prepared { thread, mut history, settings, .. } = prepared;
    let db = &context.db;
    history.extend(batch.iter().map(remembered));
    let reserve = reserve(context, &settings, &history);
    let user = newest.key.user;
    let wanted = Reserve { user, amount: reserve, free: context.books.is_privileged(user) };
    let open = || turns::open(db, thread, &settings.model.id, batch, wanted);
    let opened = db.persist("turns::open", &context.life.abort, open).await?;
    let Opened::Turn { turn, attempt, held } = opened else { return Ok(None) };
    kill_point!("turn: opened");
    Ok(Some(TurnRequest {
        turn,
        attempt,
        thread,
        key: newest.key,
        chat_kind: newest.chat.kind,
        question: newest.message,
        live_message: None,
        history,
        settings,
        held,
        reserve,
    }))
}

/// The most that the first request of a turn may cost.
fn reserve(context: &Context, settings: &TurnSettings, history: &[Remembered]) -> Usd {
    let bytes = history.iter().map(|message| message.text.len() + MARKS_BYTES).sum::<usize>();
    pricing::bound(&settings.model, bytes as u64, context.books.today())
}

/// The request of a turn that a crash left open. Its history ends with its own messages: what came later is asked later.
///
/// # Errors
/// As for [`prepare`].
pub async fn resume(context: &Context, left: &LeftOpen, attempt: i32) -> Result<TurnRequest, DbError> {
    let db = &context.db;
    let load = || history::load(db, left.thread, Some(left.turn));
    let history = db.persist("processor::resume", &context.life.abort, load).await?;
    let LeftOpen { turn, thread, key, question, live_message, held, .. } = *left;
    let language = Language::from_tag(left.language_code.as_deref());
    let chat_kind = chat_kind(&left.chat_kind, left.question);
    let settings = settings(context, left.model.as_ref(), language);
    let reserve = reserve(context, &settings, &history);
    Ok(TurnRequest {
        turn,
        attempt,
        thread,
        key,
        chat_kind,
        question,
        live_message,
        history,
        settings,
        held,
        reserve,
    })
}

fn chat_kind(stored: &str, question: MessageId) -> ChatKind {
    match stored {
        "private" => ChatKind::Private,
        "group" => ChatKind::Group,
        "supergroup" => ChatKind::Supergroup,
        "channel" => ChatKind::Channel,
        other => {
            tracing::error!(message.id = question.0, "the chat kind {other} is unknown");
            ChatKind::Supergroup
        }
    }
}

/// A message of the batch as the next turn will read it from the database; both must make the same prompt.
fn remembered(incoming: &Incoming) -> Remembered {
    Remembered {
        role: Role::User,
        text: incoming.text.clone(),
        sender: Some(incoming.sender.display_name()),
        context: incoming.context.clone(),
        edits: 0,
        interrupted: false,
    }
}
