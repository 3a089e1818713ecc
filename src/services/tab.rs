//! The tab of a running turn: the conversation notes every call of the model on it as soon as something is known, so
//! that a crash cannot hide a cost, and asks it before each further round. It is kept beside the conversation, which
//! neither waits for the database nor sees it.

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::books::Books;
use super::pricing;
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
pub struct Tab(mpsc::Sender<Entry>);

/// The keeper's end of a tab.
#[derive(Debug)]
pub struct Slips(mpsc::Receiver<Entry>);

#[derive(Debug)]
enum Entry {
    Note { number: i32, call: ModelCall },
    Round { prompt_bytes: u64, answer: oneshot::Sender<Credit> },
    Balance { answer: oneshot::Sender<Usd> },
}

/// Whether a turn may go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Credit {
    /// As long as it likes.
    Open,
    /// The overdraft limit is reached: one last answer.
    Used,
}

/// A new tab.
pub fn open() -> (Tab, Slips) {
    let (sender, receiver) = mpsc::channel(ENTRIES);
    (Tab(sender), Slips(receiver))
}

impl Tab {
    /// Notes a call as far as it has come; its number counts from 0 in the attempt.
    pub fn note(&self, number: usize, call: ModelCall) {
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        if self.0.try_send(Entry::Note { number, call }).is_err() {
            tracing::debug!(number, "a call is noted when the turn is settled");
        }
    }

    /// What the user has, what is reserved for other work and what this turn has cost so far taken off; none without a
    /// keeper, and for administrators, who may always spend.
    pub async fn balance(&self) -> Option<Usd> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Entry::Balance { answer }).await.ok()?;
        answered.await.ok()
    }

    /// Reserves money for a further request with a prompt of so many bytes, and tells whether there should be more
    /// than that one. Without a keeper there is no limit.
    pub async fn another_round(&self, prompt_bytes: u64) -> Credit {
        let (answer, answered) = oneshot::channel();
        if self.0.send(Entry::Round { prompt_bytes, answer }).await.is_err() {
            return Credit::Open;
        }
        answered.await.unwrap_or(Credit::Open)
    }
}

#[cfg(test)]
impl Slips {
    /// Keeps a tab for a test: every question for the balance is answered with this one.
    pub(crate) async fn tell(mut self, balance: Usd) {
        while let Some(entry) = self.0.recv().await {
            if let Entry::Balance { answer } = entry {
                answer.send(balance).unwrap();
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
    let mut spent = Spent::default();
    while let Some(entry) = slips.0.recv().await {
        let kept = match entry {
            // Nobody adds to this tab any more: settling writes everything that is still in here.
            Entry::Note { .. } if slips.0.is_closed() && slips.0.sender_strong_count() == 0 => return,
            Entry::Note { number, call } => note(books, abort, account, &mut spent, number, &call).await,
            Entry::Balance { .. } if books.is_privileged(account.user) => continue,
            Entry::Balance { answer } => balance(books, abort, account).await.map(|balance| {
                if answer.send(balance - spent.sum()).is_err() {
                    tracing::debug!("the turn was cut before it knew of its balance");
                }
            }),
            Entry::Round { prompt_bytes, answer } => {
                let credit = extend(books, abort, account, spent.sum(), prompt_bytes).await;
                credit.map(|credit| {
                    if answer.send(credit).is_err() {
                        tracing::debug!("the turn was cut before it knew of its credit");
                    }
                })
            }
        };
        match kept {
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

/// The newest known cost of each call, by its number.
#[derive(Default)]
struct Spent(Vec<Usd>);

impl Spent {
    fn set(&mut self, number: i32, cost: Usd) {
        let index = usize::try_from(number).unwrap_or_default();
        if self.0.len() <= index {
            self.0.resize(index + 1, Usd::ZERO);
        }
        self.0[index] = cost;
    }

    fn sum(&self) -> Usd {
        self.0.iter().copied().sum()
    }
}

async fn balance(books: &Books, abort: &CancellationToken, account: Account<'_>) -> Result<Usd, DbError> {
    let read = || holds::beside(&books.db, account.turn, account.user);
    books.db.persist("holds::beside", abort, read).await
}

async fn note(
    books: &Books,
    abort: &CancellationToken,
    account: Account<'_>,
    spent: &mut Spent,
    number: i32,
    call: &ModelCall,
) -> Result<(), DbError> {
    let entry = books.entry(number, call);
    spent.set(number, entry.cost);
    let Account { turn, attempt, .. } = account;
    let write = || model_calls::note(&books.db, turn, attempt, &entry);
    books.db.persist("model_calls::note", abort, write).await?;
    kill_point!("tab: call noted");
    Ok(())
}

async fn extend(
    books: &Books,
    abort: &CancellationToken,
    account: Account<'_>,
    spent: Usd,
    prompt_bytes: u64,
) -> Result<Credit, DbError> {
    let Account { turn, user, model, .. } = account;
    let needed = spent + pricing::bound(model, prompt_bytes, books.today());
    let write = || holds::extend(&books.db, turn, user, needed);
    books.db.persist("holds::extend", abort, write).await?;
    let balance = balance(books, abort, account).await?;
    let used = balance - spent <= -books.terms.overdraft_limit && !books.is_privileged(user);
    Ok(if used { Credit::Used } else { Credit::Open })
}
