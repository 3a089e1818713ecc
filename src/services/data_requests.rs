//! What people ask of the data about them: a conversation or everything as a file, or an erasure. The requests are
//! stored here and answered here; `telegram::personal_data` has them carried out.

use chrono::{DateTime, TimeDelta, Utc};

use super::books::Books;
use super::intake::Caller;
use crate::db::data_requests::{self, DataRequest, DataRequestKind, ErasureState};
use crate::db::made_files::{self, Report};
use crate::db::outbox::{self, OutboxMessage};
use crate::db::{Db, DbError, Tx, balance, conversation_entries, inbox};
use crate::domain::ids::{ChatId, DataRequestId, MessageId, OutboxId, UpdateId, UserId};
use crate::domain::money::Usd;
use crate::domain::people::Language;

/// The shortest time between two files with everything.
const EVERYTHING_PAUSE: TimeDelta = TimeDelta::hours(1);
/// The shortest time between two files with the same conversation.
const CONVERSATION_PAUSE: TimeDelta = TimeDelta::minutes(1);
/// How long an erasure can be confirmed.
const OFFERED_FOR: TimeDelta = TimeDelta::minutes(10);

/// What has become of the wish for a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FileAsked {
    /// It is being made.
    Begun,
    /// One is being made already.
    Running,
    /// The former one is too new; another is made at this time at the earliest.
    TooSoon(DateTime<Utc>),
    /// The conversation is empty.
    Empty,
}

/// Asks for a file with everything, or with the caller's conversation. `reply` composes the message that answers at
/// once, if one does.
pub(crate) async fn ask_for_file(
    books: &Books,
    caller: Caller<'_>,
    message: MessageId,
    kind: DataRequestKind,
    reply: impl Fn(Language, FileAsked) -> Option<OutboxMessage>,
) -> Result<(FileAsked, Vec<(OutboxId, OutboxMessage)>), DbError> {
    let (mut tx, known) = caller.enter(books).await?;
    let asked = judge(books, &mut tx, caller, kind).await?;
    if asked == FileAsked::Begun {
        let place = (caller.update, caller.key, message);
        data_requests::ask(&mut tx, caller.user(), place, kind, known.language, None).await?;
    }
    let owed = caller.leave(tx, reply(known.language, asked).as_slice()).await?;
    Ok((asked, owed))
}

async fn judge(
    books: &Books,
    tx: &mut Tx<'_>,
    caller: Caller<'_>,
    kind: DataRequestKind,
) -> Result<FileAsked, DbError> {
    let is_conversation = kind == DataRequestKind::Conversation;
    if is_conversation && conversation_entries::filled(tx, caller.key).await?.is_none() {
        return Ok(FileAsked::Empty);
    }
    let former = data_requests::former(tx, caller.user(), caller.key, kind, caller.update).await?;
    let pause = if is_conversation { CONVERSATION_PAUSE } else { EVERYTHING_PAUSE };
    Ok(match former.newest.map(|newest| newest + pause) {
        _ if former.is_waiting => FileAsked::Running,
        Some(next) if next > books.clock.now() => FileAsked::TooSoon(next),
        _ => FileAsked::Begun,
    })
}

/// Offers to erase everything about the caller. `message` composes the question, with the balance that stays.
pub(crate) async fn offer_erasure(
    books: &Books,
    caller: Caller<'_>,
    below: MessageId,
    message: impl Fn(Language, DataRequestId, Usd) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, known) = caller.enter(books).await?;
    let place = (caller.update, caller.key, below);
    let until = books.clock.now() + OFFERED_FOR;
    let kind = DataRequestKind::Erasure;
    let id = data_requests::ask(&mut tx, caller.user(), place, kind, known.language, Some(until)).await?;
    let balance = balance::of(&mut *tx, caller.user()).await?.unwrap_or_default();
    caller.leave(tx, &[message(known.language, id, balance.amount)]).await
}

/// What a tap below the offer of an erasure has led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Decided {
    /// The erasure begins, or is taken back.
    Done,
    /// There is no such offer for this person in this chat.
    Unknown,
    /// It was not confirmed in time.
    Expired,
    /// It was confirmed before, or taken back.
    Before(ErasureState),
}

/// Confirms an erasure, or takes the offer back. The button may be forged, old, or somebody else's.
pub(crate) async fn decide(
    books: &Books,
    update: UpdateId,
    (user, chat): (UserId, ChatId),
    id: DataRequestId,
    confirmed: bool,
) -> Result<Decided, DbError> {
    let mut tx = books.db.begin().await?;
    let decided = match data_requests::lock_erasure(&mut tx, id).await? {
        None => Decided::Unknown,
        Some(offer) if (offer.user, offer.chat) != (user, chat) => Decided::Unknown,
        Some(offer) if offer.state != ErasureState::Offered => Decided::Before(offer.state),
        Some(offer) if confirmed && offer.expires_at <= books.clock.now() => Decided::Expired,
        Some(_) => {
            data_requests::decide(&mut tx, id, confirmed).await?;
            Decided::Done
        }
    };
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await?;
    if decided == Decided::Done && confirmed {
        tracing::info!(user.id = user.0, "the user {user} has everything erased");
    }
    Ok(decided)
}

/// Answers a request by a file that was made for it. Returns nothing if another worker has answered it.
pub(crate) async fn answer_with_file(
    db: &Db,
    request: &DataRequest,
    lease: i64,
    (report, content): (Report<'_>, &[u8]),
    message: &OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let mut tx = db.begin().await?;
    if !data_requests::finish(&mut tx, request.id, lease, (false, Some(report.id))).await? {
        return Ok(Vec::new());
    }
    made_files::keep_report(&mut tx, report, content).await?;
    let owed = outbox::enqueue(&mut tx, std::slice::from_ref(message)).await?;
    Db::commit(tx).await?;
    Ok(owed)
}

/// Gives a request up and tells the person so.
pub(crate) async fn give_up(
    db: &Db,
    request: &DataRequest,
    lease: i64,
    message: &OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let mut tx = db.begin().await?;
    if !data_requests::finish(&mut tx, request.id, lease, (true, None)).await? {
        return Ok(Vec::new());
    }
    let owed = outbox::enqueue(&mut tx, std::slice::from_ref(message)).await?;
    Db::commit(tx).await?;
    Ok(owed)
}
