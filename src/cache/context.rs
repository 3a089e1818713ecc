//! The cached context of a turn, its user and conversation: three entries, read and written in one round trip
//! each.

use super::client::Priority;
use super::messages::{self, Addition};
use super::thread::{self, Thread};
use super::user::{self, User};
use super::{Cache, Versioned, entry};
use crate::domain::history::{History, Window};
use crate::domain::ids::{ThreadId, ThreadKey, UserId};

/// The cached context of a turn; any part may be missing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CachedContext {
    /// The user.
    pub user: Option<Versioned<User>>,
    /// The conversation's row.
    pub thread: Option<Versioned<Thread>>,
    /// The history, if it belongs to that row.
    pub history: Option<History>,
}

/// The parts that a turn has read or added; any part may be left out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ContextUpdate<'a> {
    /// The user as read from PostgreSQL.
    pub user: Option<Versioned<User>>,
    /// The conversation's row as read from PostgreSQL.
    pub thread: Option<Versioned<Thread>>,
    /// The change of the history.
    pub history: Option<HistoryChange<'a>>,
}

/// A change of a conversation's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HistoryChange<'a> {
    /// The history as read from PostgreSQL.
    Whole(ThreadId, &'a History),
    /// Messages appended to it, inside this window.
    More(ThreadId, Addition<'a>, Window),
}

/// Reads the entries of a conversation and of the user who talks in it, in one round trip.
pub async fn read(cache: &Cache, key: ThreadKey, user: UserId) -> CachedContext {
    let Ok(keys) = cache.keys() else { return CachedContext::default() };
    let mut commands = redis::pipe();
    entry::read(&mut commands, &keys.user(user));
    entry::read(&mut commands, &keys.thread(key));
    messages::read(&mut commands, &keys.messages(key));
    let Ok(answers) = cache.ask(Priority::Quick, &mut commands).await else {
        return CachedContext::default();
    };
    let Ok([user, thread, history]) = <[_; 3]>::try_from(answers) else { return CachedContext::default() };
    let user = entry::found(user);
    let thread: Option<Versioned<Thread>> = entry::found(thread);
    let row = thread.as_ref().map(|thread| thread.value.id);
    let history = messages::found(history).filter(|(of, _)| row.is_none_or(|row| row == *of));
    cache.count(user::LABEL, user.is_some());
    cache.count(thread::LABEL, thread.is_some());
    cache.count(messages::LABEL, history.is_some());
    // Without the row it is unknown to which thread the history belongs.
    let history = history.filter(|_| row.is_some()).map(|(_, history)| history);
    CachedContext { user, thread, history }
}

/// Removes the entries of a conversation whose key is no longer used.
pub async fn forget(cache: &Cache, key: ThreadKey) {
    let Ok(keys) = cache.keys() else { return };
    let mut commands = redis::pipe();
    commands.del(&[keys.thread(key), keys.messages(key)]);
    cache.write(commands).await;
}

/// Writes all parts in one round trip. Call it after their source is committed.
pub async fn write(cache: &Cache, key: ThreadKey, update: &ContextUpdate<'_>) {
    let Ok(keys) = cache.keys() else { return };
    let mut commands = redis::pipe();
    if let Some(user) = &update.user {
        user::set(&mut commands, &keys.user(user.value.profile.id), user);
    }
    if let Some(thread) = &update.thread {
        thread::set(&mut commands, &keys.thread(key), thread);
    }
    match &update.history {
        Some(HistoryChange::Whole(thread, history)) => {
            messages::set(&mut commands, &keys.messages(key), *thread, history);
        }
        Some(HistoryChange::More(thread, new, window)) => {
            messages::append(&mut commands, &keys.messages(key), *thread, new, *window);
        }
        None => {}
    }
    cache.write(commands).await;
}
