//! Names of topics that nobody has named on purpose. After the first answer has arrived, one worker at a time
//! asks the cheapest model under a hold; the name is stored together with its charge, and only then is
//! Telegram told. So a topic is paid once and named once, whatever crashes, and a name that a person gives
//! meanwhile wins.

use std::convert::Infallible;
use std::time::Duration;

use super::books::Books;
use super::pricing;
use crate::db::balance::{self, Operation, Reason};
use crate::db::model_calls::{self, Payer, PricedCall};
use crate::db::topic_names::{self, FirstAnswer, NamingState, StoredNaming};
use crate::db::{Db, DbError, Tx, holds};
use crate::domain::model::Model;
use crate::domain::money::Usd;
use crate::domain::topic::{Topic, TopicName};
use crate::domain::turn::ModelCall;
use crate::domain::usage::Usage;
use crate::lifecycle::kill_point;

/// How often a worker renews its lease; three times before it ends.
const RENEWAL: Duration = Duration::from_secs(3);
/// The most times that the model is asked for one topic, and that Telegram is told one name.
const TRIES: i32 = 6;
/// The pause before the second try, in seconds; it doubles up to the longest.
const PAUSES_S: (f64, f64) = (5.0, 3_600.0);
/// How long to wait, in seconds, while all that is left to spend is reserved.
const RESERVED_S: f64 = 3.0;
/// The most tokens of a name, thinking included.
pub(crate) const NAME_TOKENS: u64 = 1_000;
/// The most bytes of a request for a name: instructions, icons, question and answer.
const REQUEST_BYTES: u64 = 12_000;
/// A typical request, by which the cheapest model is chosen.
const TYPICAL: (u64, u64) = (1_200, 30);

/// A topic that a worker has.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct NamingJob {
    /// The topic.
    pub topic: Topic,
    /// The worker's lease.
    pub lease: i64,
    /// What is to be done.
    pub work: NamingWork,
}

/// What is to be done for a topic.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum NamingWork {
    /// To ask the model for a name; the money is held.
    Choose(Box<NamingQuestion>),
    /// To tell Telegram the name that is known.
    Tell(TopicName),
}

/// What the model needs to name a topic.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct NamingQuestion {
    /// The model to ask.
    pub model: Model,
    /// The answer after which the topic is named.
    pub answer: FirstAnswer,
    /// Whether a person has chosen the icon.
    pub icon_given: bool,
    /// The number of this try, from 1.
    pub attempt: i32,
}

/// What a worker finds when it looks for work.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum NamingClaim {
    /// A topic to name.
    Job(NamingJob),
    /// A topic that cannot be named now.
    Skipped,
    /// No topic is due.
    Nothing,
}

/// Releases what is held for a naming, if anything is.
pub(super) async fn release(tx: &mut Tx<'_>, stored: &StoredNaming) -> Result<(), DbError> {
    match stored.hold {
        Some((user, held)) => holds::release(tx, user, held).await,
        None => Ok(()),
    }
}

/// Claims a topic that is due for the worker with this lease. To ask the model, money is held by the rule of a
/// turn's gate; without any, the topic waits for the next answer.
pub(crate) async fn claim(books: &Books, lease: i64) -> Result<NamingClaim, DbError> {
    let mut tx = books.db.begin().await?;
    let Some(stored) = topic_names::claim(&mut tx, lease).await? else { return Ok(NamingClaim::Nothing) };
    let StoredNaming { topic, ref state, icon_given, attempts, .. } = stored;
    let job = if attempts >= TRIES {
        release(&mut tx, &stored).await?;
        topic_names::settle(&mut tx, topic, Some("tries")).await?;
        tracing::warn!(
            chat.id = topic.chat.0,
            topic.id = topic.id.0,
            "a topic keeps its name, all tries failed"
        );
        None
    } else if let NamingState::Chosen(name) = state {
        topic_names::begin_telling(&mut tx, topic).await?;
        Some(NamingWork::Tell(name.clone()))
    } else if let Some(answer) = topic_names::first_answer(&mut tx, topic).await? {
        let model = cheapest(books).clone();
        let attempt = attempts + 1;
        hold(&mut tx, books, &stored, &answer, &model)
            .await?
            .then(|| NamingWork::Choose(Box::new(NamingQuestion { model, answer, icon_given, attempt })))
    } else {
        release(&mut tx, &stored).await?;
        topic_names::postpone(&mut tx, topic, None, false).await?;
        None
    };
    Db::commit(tx).await?;
    kill_point!("topic name: claimed");
    Ok(job.map_or(NamingClaim::Skipped, |work| NamingClaim::Job(NamingJob { topic, lease, work })))
}

/// Holds the price of a name, or takes over the hold of a worker that has vanished. Returns `false` if nothing
/// is left to spend; the topic then waits.
async fn hold(
    tx: &mut Tx<'_>,
    books: &Books,
    stored: &StoredNaming,
    answer: &FirstAnswer,
    model: &Model,
) -> Result<bool, DbError> {
    let (topic, user) = (stored.topic, answer.user);
    release(tx, stored).await?;
    let amount = pricing::reserve(model, REQUEST_BYTES, NAME_TOKENS, books.today());
    if holds::take_beside_turns(tx, user, amount, books.is_privileged(user)).await? {
        topic_names::begin(tx, topic, (answer.turn, user), amount).await?;
        return Ok(true);
    }
    let reserved = holds::is_reserved(tx, user).await?;
    topic_names::postpone(tx, topic, reserved.then_some(RESERVED_S), false).await?;
    Ok(false)
}

/// Returns the offered model that names a topic at the lowest price today.
fn cheapest(books: &Books) -> &Model {
    let (input, output) = TYPICAL;
    let usage = Usage { input, output, ..Usage::default() };
    let today = books.today();
    let by_price =
        books.registry.offered_on(today).min_by_key(|model| pricing::estimate(model, &usage, today));
    by_price.unwrap_or_else(|| books.registry.default_model())
}

/// Renews the lease of a worker for as long as this runs. A renewal that fails is tried again; the lease
/// outlives some of them.
pub(crate) async fn keep(db: &Db, job: &NamingJob) -> Infallible {
    loop {
        tokio::time::sleep(RENEWAL).await;
        if let Err(error) = topic_names::renew(db, job.topic, job.lease).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a lease was not renewed");
        }
    }
}

/// Stores the call that a model has answered. With a name, it is charged to the person and the name is stored;
/// without one, or if the topic was named or taken over meanwhile, the operator pays it. Returns the cost and its
/// payer, and whether Telegram is to be told the name.
pub(crate) async fn choose(
    books: &Books,
    job: &NamingJob,
    question: &NamingQuestion,
    (call, name): (&ModelCall, Option<&TopicName>),
) -> Result<Chosen, DbError> {
    let mut tx = books.db.begin().await?;
    let stored = topic_names::lock(&mut tx, job.topic).await?;
    let stored = stored.filter(|stored| stored.is_of(job.lease));
    if let Some(StoredNaming { state: NamingState::Chosen(_), .. }) = stored {
        // The response to an earlier commit of this was lost.
        return Ok(Chosen { cost: Usd::ZERO, payer: Payer::User, tell: true });
    }
    let name = name.filter(|_| stored.is_some());
    let payer = if name.is_some() { Payer::User } else { Payer::Owner };
    // One call of each try: the numbers of a turn's own calls belong to other attempts.
    let call = ModelCall { number: question.attempt, ..call.clone() };
    let entry = books.entry(&call);
    model_calls::record_afterwards(&mut tx, question.answer.turn, &entry, payer).await?;
    if let Some(stored) = &stored {
        release(&mut tx, stored).await?;
    }
    if let Some(name) = name {
        charge(&mut tx, job.topic, question, &entry).await?;
        topic_names::choose(&mut tx, job.topic, name).await?;
    } else if let Some(stored) = &stored {
        topic_names::postpone(&mut tx, job.topic, Some(pause(stored.attempts)), false).await?;
    }
    kill_point!("topic name: before the commit");
    Db::commit(tx).await?;
    kill_point!("topic name: paid");
    Ok(Chosen { cost: entry.cost, payer, tell: name.is_some() })
}

/// The result of storing a model's call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Chosen {
    /// The cost of the call.
    pub cost: Usd,
    /// Who pays it.
    pub payer: Payer,
    /// Whether Telegram is to be told the name.
    pub tell: bool,
}

async fn charge(
    tx: &mut Tx<'_>,
    Topic { chat, id }: Topic,
    question: &NamingQuestion,
    entry: &PricedCall,
) -> Result<(), DbError> {
    if entry.cost == Usd::ZERO {
        return Ok(());
    }
    let FirstAnswer { turn, user, .. } = question.answer;
    let key = format!("topic:{chat}:{id}");
    let subject = question.model.name.as_str();
    let (reason, amount) = (Reason::TopicName(turn), -entry.cost);
    balance::post(tx, &Operation { user, reason, amount, key: &key, subject }).await.map(drop)
}

/// Returns whether a worker still has a topic with a chosen name, so that Telegram may be told.
pub(crate) async fn may_tell(db: &Db, job: &NamingJob) -> Result<bool, DbError> {
    let mut tx = db.begin().await?;
    let stored = topic_names::lock(&mut tx, job.topic).await?;
    let stored = stored.filter(|stored| stored.is_of(job.lease));
    Ok(stored.is_some_and(|stored| matches!(stored.state, NamingState::Chosen(_))))
}

/// How a try has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NamingEnd {
    /// Telegram has the name.
    Named,
    /// It may work later.
    Failed,
    /// The model was asked and its answer did not come in time. It may work later.
    Unanswered,
    /// It could not be tried; waits for a moment.
    Untried(Duration),
    /// The topic keeps its name, for this reason.
    Left(&'static str),
}

/// Stores how a try has ended. Changes nothing if the worker has lost the topic.
pub(crate) async fn end(db: &Db, job: &NamingJob, end: NamingEnd) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    let stored = topic_names::lock(&mut tx, job.topic).await?;
    let Some(stored) = stored.filter(|stored| stored.is_of(job.lease)) else { return Ok(()) };
    release(&mut tx, &stored).await?;
    match end {
        NamingEnd::Named => topic_names::settle(&mut tx, job.topic, None).await?,
        NamingEnd::Left(why) => topic_names::settle(&mut tx, job.topic, Some(why)).await?,
        NamingEnd::Failed | NamingEnd::Unanswered => {
            if end == NamingEnd::Unanswered {
                topic_names::lose(&mut tx, job.topic).await?;
            }
            topic_names::postpone(&mut tx, job.topic, Some(pause(stored.attempts)), false).await?;
        }
        NamingEnd::Untried(wait) => {
            topic_names::postpone(&mut tx, job.topic, Some(wait.as_secs_f64()), true).await?;
        }
    }
    Db::commit(tx).await
}

/// Returns the pause after this many tries, in seconds.
fn pause(tries: i32) -> f64 {
    let (first, longest) = PAUSES_S;
    (first * 2_f64.powi(tries.clamp(1, 20) - 1)).min(longest)
}

#[cfg(test)]
mod tests;
