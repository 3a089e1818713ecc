//! Erases what is stored about a person, except the books: turns, calls, operations, payments and invoices stay with
//! their numbers, and the row of the person stays without names and choices. Each step may be repeated, so after a
//! crash the work goes on with the step that was not finished.

use std::time::Duration;

use strum::VariantArray;

use crate::cache::personal::{PersonalEntries, forget};
use crate::cache::{self, Cache, CacheError};
use crate::db::data_requests::{self, DataLease, DataRequest};
use crate::db::outbox::{self, OutboxMessage};
use crate::db::{Db, DbError, erasure};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{OutboxId, ThreadId, ThreadKey, TurnId, UserId};
use crate::domain::money::Usd;
use crate::domain::people::plain_name;
use crate::lifecycle::kill_point;

/// Rows that are deleted at once.
const BATCH: i64 = 200;
/// Rows that are looked at at once in tables without an index by person.
const WALK: i64 = 2_000;
/// The pause between two batches.
const PAUSE: Duration = Duration::from_millis(5);

/// The steps, in order. What refers to messages comes before them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::VariantArray)]
enum Step {
    /// What others' messages repeat of the person's.
    Replies,
    /// Files of the person, with what Redis has of them.
    Files,
    /// Files made for the person, in the same way.
    MadeFiles,
    /// Questions and answers.
    Messages,
    /// What turns keep of files and tools.
    Turns,
    /// Few rows in several tables.
    Scattered,
    /// Messages that were sent or are owed.
    Outbox,
    /// Updates.
    Inbox,
    /// Conversations and the profile in Redis.
    Cached,
}

/// Why an erasure does not go on now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ErasureError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Redis has entries that it does not remove now.
    #[error("Redis does not forget what it has")]
    Cache(#[from] CacheError),
    /// Another worker has the request.
    #[error("another worker has the request")]
    Lost,
}

/// Returns the running turns of the person, which have to be stopped first.
pub(crate) async fn open_turns(db: &Db, user: UserId) -> Result<Vec<(ThreadKey, TurnId)>, DbError> {
    db.persist(|| erasure::open_turns(db, user)).await
}

/// Returns whether work is going on that would store something about the person later.
pub(crate) async fn must_wait(db: &Db, user: UserId) -> Result<bool, DbError> {
    let unfinished = || erasure::unfinished(db.pool(), user);
    Ok(db.persist(unfinished).await? > 0)
}

/// Carries out the steps that are not finished.
pub(crate) async fn carry_out(
    db: &Db,
    cache: &Cache,
    request: &DataRequest,
    lease: DataLease,
) -> Result<(), ErasureError> {
    let done = usize::try_from(request.step).unwrap_or_default();
    for (number, step) in (1..).zip(Step::VARIANTS).skip(done) {
        take(db, cache, request.user, *step).await?;
        kill_point!("erasure: step taken");
        let renew = || data_requests::renew(db, request.id, lease, Some(number));
        if !db.persist(renew).await? {
            return Err(ErasureError::Lost);
        }
    }
    Ok(())
}

async fn take(db: &Db, cache: &Cache, user: UserId, step: Step) -> Result<(), ErasureError> {
    match step {
        Step::Replies => Ok(replies(db, cache, user).await?),
        Step::Files => files(db, cache, user).await,
        Step::MadeFiles => made_files(db, cache, user).await,
        Step::Messages => {
            while db.persist(|| erasure::messages(db, user, BATCH)).await? > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            Ok(())
        }
        Step::Turns => {
            while db.persist(|| erasure::turns(db, user, BATCH)).await? > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            Ok(())
        }
        Step::Scattered => Ok(db.persist(|| erasure::scattered(db, user)).await?),
        Step::Outbox => {
            let mut after = i64::MIN;
            while let Some(last) = db.persist(|| erasure::walk_outbox(db, user, after, WALK)).await?.last {
                after = last;
            }
            Ok(())
        }
        Step::Inbox => {
            let mut after = i64::MIN;
            while let Some(last) = db.persist(|| erasure::walk_inbox(db, user, after, WALK)).await?.last {
                after = last;
            }
            Ok(())
        }
        Step::Cached => cached(db, cache, user).await,
    }
}

async fn replies(db: &Db, cache: &Cache, user: UserId) -> Result<(), DbError> {
    let name = db.persist(|| erasure::profile(db, user)).await?.display_name();
    let names = [plain_name(&name), name];
    loop {
        let changed = db.persist(|| erasure::forget_replies(db, user, &names, BATCH)).await?;
        for thread in &changed {
            cache::messages::invalidate(cache, thread.key, thread.version).await;
        }
        if changed.is_empty() {
            return Ok(());
        }
    }
}

async fn files(db: &Db, cache: &Cache, user: UserId) -> Result<(), ErasureError> {
    loop {
        let (rows, contents): (Vec<i64>, Vec<String>) =
            db.persist(|| erasure::files(db, user, BATCH)).await?.into_iter().unzip();
        if rows.is_empty() {
            return Ok(());
        }
        forget(cache, PersonalEntries::Files(&contents)).await?;
        db.persist(|| erasure::delete_files(db, &rows)).await?;
    }
}

async fn made_files(db: &Db, cache: &Cache, user: UserId) -> Result<(), ErasureError> {
    loop {
        let rows = db.persist(|| erasure::made_files(db, user, BATCH)).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<PublicFileId> = rows.iter().filter_map(|id| PublicFileId::from_column(id)).collect();
        forget(cache, PersonalEntries::MadeFiles(&ids)).await?;
        db.persist(|| erasure::delete_made_files(db, &rows)).await?;
    }
}

async fn cached(db: &Db, cache: &Cache, user: UserId) -> Result<(), ErasureError> {
    let mut after = ThreadId(i64::MIN);
    loop {
        let threads = db.persist(|| erasure::threads(db, user, after, BATCH)).await?;
        let Some((last, _)) = threads.last() else { break };
        after = *last;
        let keys: Vec<ThreadKey> = threads.iter().map(|(_, key)| *key).collect();
        forget(cache, PersonalEntries::Threads(&keys)).await?;
    }
    Ok(forget(cache, PersonalEntries::User(user)).await?)
}

/// What is left to do after the last step.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum ErasureEnd {
    /// Nothing: the person is told so by these messages.
    Done(Vec<(OutboxId, OutboxMessage)>),
    /// More has come meanwhile, so the steps are to be taken again.
    Again,
    /// Another worker has the request, or it has ended.
    Lost,
}

/// Ends an erasure: the profile goes last, and the person gets `message`, which tells the balance that stays.
pub(crate) async fn finish(
    db: &Db,
    cache: &Cache,
    request: &DataRequest,
    lease: i64,
    message: impl Fn(Usd) -> OutboxMessage,
) -> Result<ErasureEnd, DbError> {
    let user = request.user;
    let mut tx = db.begin().await?;
    if !data_requests::finish(&mut tx, request.id, lease, (false, None)).await? {
        return Ok(ErasureEnd::Lost);
    }
    if !erasure::is_empty(&mut tx, user).await? {
        return Ok(ErasureEnd::Again);
    }
    let (balance, version) = erasure::profile_gone(&mut tx, user).await?;
    let owed = outbox::enqueue(&mut tx, &[message(balance)]).await?;
    kill_point!("erasure: before the end");
    Db::commit(tx).await?;
    cache::user::invalidate(cache, user, version).await;
    Ok(ErasureEnd::Done(owed))
}
