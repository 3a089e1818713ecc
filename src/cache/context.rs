//! What a turn needs of its user and conversation: three entries, read in one round trip and written in one.

use super::client::Priority;
use super::messages::{self, Addition};
use super::thread::{self, Thread};
use super::user::{self, User};
use super::{Cache, Versioned, entry};
use crate::domain::history::{History, Window};
use crate::domain::ids::{ThreadId, ThreadKey};

/// What is cached for a turn; every part may be missing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CachedContext {
    /// The user.
    pub user: Option<Versioned<User>>,
    /// The conversation's row.
    pub thread: Option<Versioned<Thread>>,
    /// What was said, if it belongs to that row.
    pub history: Option<History>,
}

/// What a turn has found or added; every part may be left out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ContextUpdate<'a> {
    /// The user as read from PostgreSQL.
    pub user: Option<Versioned<User>>,
    /// The conversation's row as read from PostgreSQL.
    pub thread: Option<Versioned<Thread>>,
    /// What became of the history.
    pub history: Option<HistoryChange<'a>>,
}

/// What became of a conversation's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HistoryChange<'a> {
    /// It is this.
    Whole(ThreadId, &'a History),
    /// It goes on, inside this window.
    More(ThreadId, Addition<'a>, Window),
}

/// Reads everything at once.
pub async fn read(cache: &Cache, key: ThreadKey) -> CachedContext {
    let Ok(keys) = cache.keys() else { return CachedContext::default() };
    let mut commands = redis::pipe();
    entry::read(&mut commands, &keys.user(key.user));
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
    // Without the row nobody knows whose history it is.
    let history = history.filter(|_| row.is_some()).map(|(_, history)| history);
    CachedContext { user, thread, history }
}

/// Drops what is cached of a conversation, whose key is not used any more.
pub async fn forget(cache: &Cache, key: ThreadKey) {
    let Ok(keys) = cache.keys() else { return };
    let mut commands = redis::pipe();
    commands.del(&[keys.thread(key), keys.messages(key)]);
    cache.write(commands).await;
}

/// Writes everything at once; to be called after what it is made from is committed.
pub async fn write(cache: &Cache, key: ThreadKey, update: &ContextUpdate<'_>) {
    let Ok(keys) = cache.keys() else { return };
    let mut commands = redis::pipe();
    if let Some(user) = &update.user {
        user::set(&mut commands, &keys.user(key.user), user);
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
