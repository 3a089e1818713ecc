//! The user and conversation of a turn, read cache-aside: from the cache in one round trip if everything is
//! there, otherwise from PostgreSQL, whose rows are then cached. Opening the turn compares the versions, so a
//! stale cache is detected before the model is called.

use super::books::Books;
use super::{history, people};
use crate::cache::context::{self, CachedContext, ContextUpdate, HistoryChange};
use crate::cache::messages::{self, Addition};
use crate::cache::thread::Thread;
use crate::cache::user::User;
use crate::cache::{Cache, Versioned};
use crate::db::DbError;
use crate::db::dialogs::OpenDialog;
use crate::db::people::UserInThread;
use crate::db::turns::opening::ExpectedThread;
use crate::domain::history::{Continuation, History};
use crate::domain::ids::ThreadKey;
use crate::domain::people::{Chat, Person};
use crate::domain::turn::{TurnReport, TurnRequest};

/// The user and conversation of a turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TurnContext {
    /// The user.
    pub user: Versioned<User>,
    /// The conversation's row and its chat.
    pub thread: Versioned<Thread>,
    /// The history.
    pub history: History,
    /// The open question that expects a text here. It is never cached: opening a turn detects one that the
    /// cache hides.
    pub dialog: Option<OpenDialog>,
    /// Whether user and row are already cached.
    rows_cached: bool,
    /// Whether the history is already cached.
    history_cached: bool,
}

impl TurnContext {
    /// Returns the versions that the database must confirm when the turn is opened.
    pub fn place(&self, key: ThreadKey) -> ExpectedThread {
        let versions = Some((self.user.version, self.history.version));
        ExpectedThread { thread: self.thread.value.id, key, versions }
    }

    /// Returns how the history continues after a turn with `own` messages.
    pub fn continuation(&self, own: usize) -> Continuation {
        let History { version, skipped, .. } = self.history;
        Continuation { version: version + 1, skipped, own, cached: self.history_cached }
    }
}

/// Reads the cache. Leaves out entries that differ from this message: a new name or title must be stored
/// first.
pub async fn recall(cache: &Cache, key: ThreadKey, person: &Person, chat: &Chat) -> CachedContext {
    let mut found = context::read(cache, key, person.id).await;
    found.user = found.user.filter(|user| user.value.profile == *person);
    found.thread = found.thread.filter(|thread| thread.value.chat == *chat);
    found
}

/// Completes the cached context from PostgreSQL. Any number of concurrent first messages create one user, one
/// chat and one thread.
///
/// # Errors
/// Returns an error if the database is away.
pub async fn complete(
    books: &Books,
    key: ThreadKey,
    person: &Person,
    chat: &Chat,
    found: CachedContext,
) -> Result<TurnContext, DbError> {
    let CachedContext { user, thread, history, .. } = found;
    let row = thread.as_ref().map(|thread| thread.value.id);
    let rows_cached = user.is_some() && thread.is_some();
    let (mut dialog, mut nothing_said) = (None, false);
    let (user, thread) = if let (Some(user), Some(thread)) = (user, thread) {
        (user, thread)
    } else {
        let UserInThread { thread, known, is_new_thread } = people::enter(books, key, person, chat).await?;
        (dialog, nothing_said) = (known.dialog, is_new_thread);
        let user = User { profile: person.clone(), language: known.language, preferences: known.preferences };
        let place = Thread { id: thread, chat: chat.clone() };
        let user = Versioned { version: known.version, value: user };
        (user, Versioned { version: known.chat_version, value: place })
    };
    let history = history.filter(|_| row == Some(thread.value.id));
    let history_cached = history.is_some();
    let history = match history {
        Some(history) => history,
        None if nothing_said => History::default(),
        None => history::load(&books.db, thread.value.id, None).await?,
    };
    Ok(TurnContext { user, thread, history, dialog, rows_cached, history_cached })
}

/// Caches the rows that were read from PostgreSQL.
pub async fn keep_rows(cache: &Cache, key: ThreadKey, turn_context: &TurnContext) {
    if !turn_context.rows_cached {
        let (user, thread) = (Some(turn_context.user.clone()), Some(turn_context.thread.clone()));
        context::write(cache, key, &ContextUpdate { user, thread, ..ContextUpdate::default() }).await;
    }
}

/// Caches the messages that a closed turn has added to its conversation. `version` is the new one of the
/// history, if closing changed it. If they do not directly follow what the turn had read, the entry is
/// dropped, and the next turn reads it again.
pub async fn keep_history(cache: &Cache, request: &TurnRequest, report: &TurnReport, version: Option<i64>) {
    let answer = report.answer();
    let expected = request.continuation.map(|next| next.version + i64::from(answer.is_some()));
    // The cached history names copies that are lost.
    let changed = report.is_left_out() || !report.lost_files.is_empty();
    let (Some(next), false, Some(expected)) = (request.continuation, changed, expected) else {
        return drop_history(cache, request, version).await;
    };
    if version.unwrap_or(next.version) != expected {
        return drop_history(cache, request, version).await;
    }
    let (key, thread) = (request.key, request.thread);
    let mut whole;
    let new: Vec<_>;
    let change = if next.cached {
        let own = &request.history[request.history.len().saturating_sub(next.own)..];
        new = own.iter().cloned().chain(answer).collect();
        let addition = Addition { after: next.version - 1, version: expected, messages: &new };
        HistoryChange::More(thread, addition, history::WINDOW)
    } else {
        whole = History { version: expected, skipped: next.skipped, messages: request.history.clone() };
        whole.extend(expected, answer.as_slice(), history::WINDOW);
        HistoryChange::Whole(thread, &whole)
    };
    context::write(cache, key, &ContextUpdate { history: Some(change), ..ContextUpdate::default() }).await;
}

async fn drop_history(cache: &Cache, request: &TurnRequest, version: Option<i64>) {
    if let Some(version) = version {
        messages::invalidate(cache, request.key, version).await;
    }
}
