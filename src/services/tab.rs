//! The tab of a running turn: the conversation notes every call of the model on it as soon as something is known, so
//! that a crash cannot hide a cost, and asks it before each further round and before work that costs extra. It is kept
//! beside the conversation, which neither waits for the database nor sees it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::books::Books;
use super::pricing;
use crate::db::holds::Claimed;
use crate::db::{DbError, holds, model_calls};
use crate::domain::ids::{TurnId, UserId};
use crate::domain::model::Model;
use crate::domain::money::Usd;
use crate::domain::turn::ModelCall;
use crate::lifecycle::kill_point;

/// Entries on their way. Notes that find no room are left out: settling writes all of them again.
const ENTRIES: usize = 32;

/// The conversation's end of a tab. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tab {
    entries: mpsc::Sender<Entry>,
    calls: Arc<Mutex<Calls>>,
}

/// All calls of the turn, also of work that was dropped before its end.
#[derive(Debug, Default)]
struct Calls {
    next: i32,
    known: BTreeMap<i32, ModelCall>,
}

/// The keeper's end of a tab.
#[derive(Debug)]
pub struct Slips(mpsc::Receiver<Entry>);

#[derive(Debug)]
enum Entry {
    Note(ModelCall),
    Round { prompt_bytes: u64, answer: oneshot::Sender<Credit> },
    Reserve { wish: Wish, answer: oneshot::Sender<Result<(), Usd>> },
    Release(Usd),
}

/// Whether a turn may go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Credit {
    /// As long as it likes.
    Open,
    /// The overdraft limit is reached: one last answer.
    Used,
}

/// What work that costs extra needs before it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wish {
    /// What must be left to spend, everything taken off that is reserved or used.
    pub least: Usd,
    /// What the work may cost.
    pub most: Usd,
}

/// Money that is reserved for work until this is dropped.
#[derive(Debug)]
pub struct Reservation {
    tab: Tab,
    amount: Usd,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // Without room it stays reserved until the turn is settled, which is soon.
        if self.tab.entries.try_send(Entry::Release(self.amount)).is_err() {
            tracing::debug!("a reservation ends with its turn");
        }
    }
}

/// A new tab.
pub fn open() -> (Tab, Slips) {
    let (entries, receiver) = mpsc::channel(ENTRIES);
    (Tab { entries, calls: Arc::default() }, Slips(receiver))
}

impl Tab {
    /// The number of a call that begins.
    pub fn number(&self) -> i32 {
        let mut calls = self.calls();
        calls.next += 1;
        calls.next - 1
    }

    /// Notes a call as far as it has come.
    pub fn note(&self, call: ModelCall) {
        self.remember(call.clone());
        if self.entries.try_send(Entry::Note(call)).is_err() {
            tracing::debug!("a call is noted when the turn is settled");
        }
    }

    /// Remembers a call that is written down with the turn, a moment later.
    pub fn remember(&self, call: ModelCall) {
        self.calls().known.insert(call.number, call);
    }

    /// All calls so far, by number.
    pub fn all(&self) -> Vec<ModelCall> {
        self.calls().known.values().cloned().collect()
    }

    /// Reserves money for work that costs extra; says what is left to spend if that is not enough. Without a keeper there
    /// is no limit.
    ///
    /// # Errors
    /// What is left to spend, if it is less than the work needs.
    pub async fn reserve(&self, wish: Wish) -> Result<Reservation, Usd> {
        let (answer, answered) = oneshot::channel();
        let reservation = || Reservation { tab: self.clone(), amount: wish.most };
        if self.entries.send(Entry::Reserve { wish, answer }).await.is_err() {
            return Ok(reservation());
        }
        match answered.await {
            Ok(Err(left)) => Err(left),
            Ok(Ok(())) | Err(_) => Ok(reservation()),
        }
    }

    /// Reserves money for a further request with a prompt of so many bytes, and tells whether there should be more
    /// than that one. Without a keeper there is no limit.
    pub async fn another_round(&self, prompt_bytes: u64) -> Credit {
        let (answer, answered) = oneshot::channel();
        if self.entries.send(Entry::Round { prompt_bytes, answer }).await.is_err() {
            return Credit::Open;
        }
        answered.await.unwrap_or(Credit::Open)
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        // The calls are consistent between any two statements that hold the lock.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Slips {
    /// Keeps a tab for a test: so much is left to spend, and nothing is ever released.
    pub(crate) async fn tell(mut self, balance: Usd) {
        let mut left = balance;
        while let Some(entry) = self.0.recv().await {
            if let Entry::Reserve { wish, answer } = entry {
                let granted = left >= wish.least;
                answer.send(if granted { Ok(()) } else { Err(left) }).unwrap();
                left = if granted { left - wish.most } else { left };
            }
        }
    }
}

/// Whose tab is kept.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// The turn.
    pub turn: TurnId,
    /// Its try.
    pub attempt: i32,
    /// Who pays.
    pub user: UserId,
    /// The model that is asked.
    pub model: &'a Model,
}

/// Keeps a tab until the conversation is over. Waits while the database is away.
pub async fn keep(books: &Books, abort: &CancellationToken, account: Account<'_>, mut slips: Slips) {
    let mut keeper = Keeper { books, abort, account, spent: BTreeMap::new(), reserved: Usd::ZERO };
    while let Some(entry) = slips.0.recv().await {
        // Nobody adds to this tab any more: settling writes everything that is still in here.
        if slips.0.is_closed() && slips.0.sender_strong_count() == 0 {
            return;
        }
        match keeper.enter(entry).await {
            Ok(()) => {}
            Err(DbError::Cancelled { .. }) => return,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(
                    turn.id = account.turn.0,
                    error,
                    "the tab of the turn {} is not kept",
                    account.turn
                );
            }
        }
    }
}

/// What the keeper knows.
struct Keeper<'a> {
    books: &'a Books,
    abort: &'a CancellationToken,
    account: Account<'a>,
    /// The newest known cost of each call, by its number.
    spent: BTreeMap<i32, Usd>,
    /// For work that costs extra and is not over.
    reserved: Usd,
}

impl Keeper<'_> {
    async fn enter(&mut self, entry: Entry) -> Result<(), DbError> {
        match entry {
            Entry::Note(call) => self.note(&call).await,
            Entry::Round { prompt_bytes, answer } => {
                let credit = self.another_round(prompt_bytes).await?;
                if answer.send(credit).is_err() {
                    tracing::debug!("the turn was cut before it knew of its credit");
                }
                Ok(())
            }
            Entry::Reserve { wish, answer } => {
                let reserved = self.reserve(wish).await?;
                if answer.send(reserved).is_err() {
                    tracing::debug!("the turn was cut before it knew of its reservation");
                }
                Ok(())
            }
            Entry::Release(amount) => {
                self.reserved = self.reserved - amount;
                Ok(())
            }
        }
    }

    async fn note(&mut self, call: &ModelCall) -> Result<(), DbError> {
        let entry = self.books.entry(call);
        self.spent.insert(call.number, entry.cost);
        let Account { turn, attempt, .. } = self.account;
        let write = || model_calls::note(&self.books.db, turn, attempt, &entry);
        self.books.db.persist("model_calls::note", self.abort, write).await?;
        kill_point!("tab: call noted");
        Ok(())
    }

    async fn another_round(&self, prompt_bytes: u64) -> Result<Credit, DbError> {
        let bound = pricing::bound(self.account.model, prompt_bytes, self.books.today());
        // However little is left, the next round is held for: it is at least the last answer.
        let Some(Claimed { left, .. }) = self.claim(Wish { least: Usd::ZERO, most: bound }, true).await?
        else {
            return Ok(Credit::Open);
        };
        let used = left <= -self.books.terms.overdraft_limit && !self.is_free();
        Ok(if used { Credit::Used } else { Credit::Open })
    }

    async fn reserve(&mut self, wish: Wish) -> Result<Result<(), Usd>, DbError> {
        let claimed = self.claim(wish, self.is_free()).await?;
        if let Some(Claimed { granted: false, left }) = claimed {
            return Ok(Err(left));
        }
        self.reserved += wish.most;
        kill_point!("tab: reserved");
        Ok(Ok(()))
    }

    async fn claim(&self, wish: Wish, free: bool) -> Result<Option<Claimed>, DbError> {
        let used = self.spent.values().copied().sum::<Usd>() + self.reserved;
        let Account { turn, user, .. } = self.account;
        let claim = || holds::claim(&self.books.db, (turn, user), (used, wish.most, wish.least), free);
        self.books.db.persist("holds::claim", self.abort, claim).await
    }

    fn is_free(&self) -> bool {
        self.books.is_privileged(self.account.user)
    }
}
