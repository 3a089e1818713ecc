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
    ledger: Ledger,
}

/// What stands on a tab, whatever becomes of the work that has put it there. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    next: i32,
    calls: BTreeMap<i32, ModelCall>,
    /// For work that costs extra and is not over.
    reserved: Usd,
}

/// The keeper's end of a tab.
#[derive(Debug)]
pub struct Slips {
    entries: mpsc::Receiver<Entry>,
    ledger: Ledger,
}

#[derive(Debug)]
enum Entry {
    Note(ModelCall),
    Round { prompt_bytes: u64, answer: oneshot::Sender<Credit> },
    Reserve { wish: Wish, answer: oneshot::Sender<Result<Reservation, Usd>> },
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
    ledger: Ledger,
    amount: Usd,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut lines = self.ledger.lines();
        lines.reserved = lines.reserved - self.amount;
    }
}

/// Why nothing was reserved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreserved {
    /// So much is left to spend, which is not enough.
    Short(Usd),
    /// Nobody could look: the service is stopping, or the turn is over.
    Unknown,
}

/// How a call ends that has not ended yet.
pub const RUNNING: &str = "running";
/// How one ends that was cut.
pub const CUT: &str = "cut";

/// A new tab.
pub fn open() -> (Tab, Slips) {
    let (sender, entries) = mpsc::channel(ENTRIES);
    let ledger = Ledger::default();
    (Tab { entries: sender, ledger: ledger.clone() }, Slips { entries, ledger })
}

impl Ledger {
    /// All calls of work that is over, by number: what still ran was cut.
    pub fn over(&self) -> Vec<ModelCall> {
        let over = |call: &ModelCall| match call.ended.as_str() {
            RUNNING => ModelCall { ended: CUT.to_owned(), ..call.clone() },
            _ => call.clone(),
        };
        self.lines().calls.values().map(over).collect()
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        // The lines are consistent between any two statements that hold the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reserve(&self, amount: Usd) -> Reservation {
        self.lines().reserved += amount;
        Reservation { ledger: self.clone(), amount }
    }

    /// What the calls so far have cost, and what is reserved.
    fn used(&self, books: &Books) -> Usd {
        let lines = self.lines();
        lines.calls.values().map(|call| books.entry(call).cost).sum::<Usd>() + lines.reserved
    }
}

impl Tab {
    /// The number of a call that begins.
    pub fn number(&self) -> i32 {
        let mut lines = self.ledger.lines();
        lines.next += 1;
        lines.next - 1
    }

    /// What stands on the tab, for who outlives the work.
    pub fn ledger(&self) -> Ledger {
        self.ledger.clone()
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
        self.ledger.lines().calls.insert(call.number, call);
    }

    /// Reserves money for work that costs extra.
    ///
    /// # Errors
    /// When not enough is left to spend, or nobody can look.
    pub async fn reserve(&self, wish: Wish) -> Result<Reservation, Unreserved> {
        let (answer, answered) = oneshot::channel();
        let asked = self.entries.send(Entry::Reserve { wish, answer }).await;
        asked.map_err(|_closed| Unreserved::Unknown)?;
        answered.await.map_err(|_closed| Unreserved::Unknown)?.map_err(Unreserved::Short)
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
}

#[cfg(test)]
impl Slips {
    /// Keeps a tab for a test, for somebody who has this balance.
    pub(crate) async fn tell(mut self, balance: Usd) {
        while let Some(entry) = self.entries.recv().await {
            if let Entry::Reserve { wish, answer } = entry {
                let left = balance - self.ledger.lines().reserved;
                let granted = (left >= wish.least).then(|| self.ledger.reserve(wish.most));
                drop(answer.send(granted.ok_or(left)));
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
    let keeper = Keeper { books, abort, account, ledger: &slips.ledger };
    while let Some(entry) = slips.entries.recv().await {
        // Nobody adds to this tab any more: settling writes everything that is still in here.
        if slips.entries.is_closed() && slips.entries.sender_strong_count() == 0 {
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

/// Who keeps the tab.
struct Keeper<'a> {
    books: &'a Books,
    abort: &'a CancellationToken,
    account: Account<'a>,
    ledger: &'a Ledger,
}

impl Keeper<'_> {
    async fn enter(&self, entry: Entry) -> Result<(), DbError> {
        match entry {
            Entry::Note(call) => {
                // What came with it is shown first.
                tokio::task::yield_now().await;
                self.note(&call).await
            }
            Entry::Round { prompt_bytes, answer } => {
                let credit = self.another_round(prompt_bytes).await?;
                if answer.send(credit).is_err() {
                    tracing::debug!("the turn was cut before it knew of its credit");
                }
                Ok(())
            }
            Entry::Reserve { wish, answer } => {
                if let Some(reserved) = self.reserve(wish).await?
                    && answer.send(reserved).is_err()
                {
                    tracing::debug!("the turn was cut before it knew of its reservation");
                }
                Ok(())
            }
        }
    }

    async fn note(&self, call: &ModelCall) -> Result<(), DbError> {
        let entry = self.books.entry(call);
        let Account { turn, attempt, .. } = self.account;
        let write = || model_calls::note(&self.books.db, turn, attempt, std::slice::from_ref(&entry));
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

    /// None if there is no open hold that could grow.
    async fn reserve(&self, wish: Wish) -> Result<Option<Result<Reservation, Usd>>, DbError> {
        let Some(Claimed { granted, left }) = self.claim(wish, self.is_free()).await? else {
            return Ok(None);
        };
        kill_point!("tab: reserved");
        Ok(Some(if granted { Ok(self.ledger.reserve(wish.most)) } else { Err(left) }))
    }

    async fn claim(&self, wish: Wish, free: bool) -> Result<Option<Claimed>, DbError> {
        let used = self.ledger.used(self.books);
        let Account { turn, user, .. } = self.account;
        let claim = || holds::claim(&self.books.db, (turn, user), (used, wish.most, wish.least), free);
        self.books.db.persist("holds::claim", self.abort, claim).await
    }

    fn is_free(&self) -> bool {
        self.books.is_privileged(self.account.user)
    }
}
