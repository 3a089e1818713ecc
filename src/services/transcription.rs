//! Transcription of recordings, before they become a question. The row of the recording decides: one worker
//! at a time asks the service, under a hold, and the transcript is stored together with its charge. So a
//! recording is paid once, however often its update comes, and also if its answer fails.

use std::time::Duration;

use rust_decimal::Decimal;

use super::books::Books;
use super::{people, pricing};
use crate::db::balance::{self, Operation, Reason};
use crate::db::outbox::{self, OutboxMessage};
use crate::db::transcriptions::{
    self, NewTranscript, NewTranscription, StoredTranscription, TranscriptionState,
};
use crate::db::{Db, DbError, Tx, holds};
use crate::domain::ids::{OutboxId, ThreadKey, UserId};
use crate::domain::money::Usd;
use crate::domain::people::{Chat, Person};
use crate::domain::speech::{RecordingId, Spoken, clock};
use crate::lifecycle::kill_point;
use crate::llm::speech::Transcript;

/// How often a worker renews its lease; three times before it ends.
pub(crate) const RENEWAL: Duration = Duration::from_secs(3);
/// How long to wait before asking again whether another worker has finished, or reserved money is free.
pub(crate) const PAUSE: Duration = Duration::from_millis(250);

/// A recording that is to be transcribed, and who asks for that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// The recording.
    pub recording: RecordingId,
    /// The conversation of the user who pays.
    pub key: ThreadKey,
    /// The user.
    pub person: &'a Person,
    /// The chat.
    pub chat: &'a Chat,
    /// Telegram's id of the content.
    pub unique_id: &'a str,
    /// The duration that Telegram reports, in seconds.
    pub duration: u32,
    /// The lease of the worker: a number that no other one has.
    pub lease: i64,
}

/// What a worker finds when it wants to transcribe a recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Claim {
    /// The words are known.
    Known(Spoken),
    /// They were known once and have expired.
    Expired,
    /// The worker asks the service; the money is held.
    Begun,
    /// The user has paid for the same recording in another message: the transcript to settle, without a
    /// price.
    Paid(Transcript),
    /// Another worker asks the service.
    Busy,
    /// All that is left is reserved, which may end.
    Reserved,
    /// The user is banned or has nothing left to spend.
    Refused,
}

/// Claims a recording for a worker, under a hold of its price.
pub(crate) async fn claim(books: &Books, request: Request<'_>) -> Result<Claim, DbError> {
    let Request { recording, duration, lease, .. } = request;
    let mut tx = books.db.begin().await?;
    let stored = transcriptions::lock(&mut tx, recording).await?;
    match stored.as_ref().map(|stored| stored.state) {
        None | Some(TranscriptionState::Failed) => begin(tx, books, request).await,
        Some(TranscriptionState::Leased(holder)) if holder == lease => Ok(Claim::Begun),
        Some(TranscriptionState::Leased(_)) => Ok(Claim::Busy),
        Some(TranscriptionState::Abandoned) => {
            tracing::warn!(
                message.id = recording.message.0,
                "a transcription is begun again, its result was lost"
            );
            transcriptions::take_over(&mut tx, recording, lease).await?;
            Db::commit(tx).await?;
            Ok(Claim::Begun)
        }
        Some(TranscriptionState::Done) => {
            let text = stored.and_then(|stored| stored.text);
            Ok(text.map_or(Claim::Expired, |text| Claim::Known(Spoken { seconds: duration, text })))
        }
    }
}

async fn begin(mut tx: Tx<'static>, books: &Books, request: Request<'_>) -> Result<Claim, DbError> {
    let Request { recording, key, person, chat, unique_id, duration, lease } = request;
    let known = transcriptions::paid_before(&mut tx, key.user, unique_id).await?;
    let price =
        || pricing::transcription(&books.registry, Decimal::from(duration.max(1)), books.today()).cost;
    let held = if known.is_some() { Usd::ZERO } else { price() };
    if !take(&mut tx, books, key.user, held).await? {
        if balance::of(&mut *tx, key.user).await?.is_some() {
            drop(tx);
            let waits = holds::may_spend(&books.db, key.user, books.is_privileged(key.user)).await?;
            return Ok(if waits { Claim::Reserved } else { Claim::Refused });
        }
        people::meet(&mut tx, books, person, chat, key.topic).await?;
        if !take(&mut tx, books, key.user, held).await? {
            return Ok(Claim::Refused);
        }
    }
    let new = NewTranscription { recording, key, unique_id, duration, held, lease };
    if !transcriptions::begin(&mut tx, new).await? {
        return Ok(Claim::Busy);
    }
    Db::commit(tx).await?;
    kill_point!("transcription: held");
    Ok(known.map_or(Claim::Begun, |(text, language)| {
        Claim::Paid(Transcript { text, language, seconds: None, request_id: None })
    }))
}

async fn take(tx: &mut Tx<'_>, books: &Books, user: UserId, amount: Usd) -> Result<bool, DbError> {
    holds::take_for_transcription(tx, user, amount, books.is_privileged(user)).await
}

/// The result of settling a transcription.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct SettledTranscription {
    /// The words that count: those of the worker that settled first.
    pub spoken: Spoken,
    /// What the user was charged now.
    pub cost: Usd,
    /// The duration that was paid now, in seconds.
    pub seconds: Decimal,
    /// The quotes that are owed to the chat.
    pub owed: Vec<(OutboxId, OutboxMessage)>,
}

/// Stores a transcript, charges it, ends its hold and enqueues its quotes, once. `paid_before` makes it free
/// of charge; `quotes` composes the messages that show the words.
pub(crate) async fn settle(
    books: &Books,
    request: Request<'_>,
    transcript: &Transcript,
    paid_before: bool,
    quotes: impl Fn(&Spoken) -> Vec<OutboxMessage>,
) -> Result<SettledTranscription, DbError> {
    let Request { recording, duration, .. } = request;
    let mut tx = books.db.begin().await?;
    let stored = transcriptions::lock(&mut tx, recording).await?;
    let stored = stored.ok_or(DbError::MissingRow { at: "transcription::settle" })?;
    let done = stored.state == TranscriptionState::Done;
    let text = if done { stored.text.clone().unwrap_or_default() } else { transcript.text.clone() };
    let spoken = Spoken { seconds: duration, text };
    let (mut cost, mut seconds) = (Usd::ZERO, Decimal::ZERO);
    if !done {
        seconds = if paid_before { Decimal::ZERO } else { transcript.seconds.unwrap_or(duration.into()) };
        cost = charge(&mut tx, books, request, &stored, (transcript, seconds, paid_before)).await?;
    }
    let owed = outbox::enqueue(&mut tx, &quotes(&spoken)).await?;
    kill_point!("transcription: before the commit");
    Db::commit(tx).await?;
    kill_point!("transcription: settled");
    Ok(SettledTranscription { spoken, cost, seconds, owed })
}

async fn charge(
    tx: &mut Tx<'_>,
    books: &Books,
    request: Request<'_>,
    stored: &StoredTranscription,
    (transcript, seconds, paid_before): (&Transcript, Decimal, bool),
) -> Result<Usd, DbError> {
    let Request { recording, duration, .. } = request;
    let pricing::Priced { cost, prices } = if paid_before {
        pricing::Priced { cost: Usd::ZERO, prices: serde_json::json!({}) }
    } else {
        pricing::transcription(&books.registry, seconds, books.today())
    };
    let (language, request_id) = (transcript.language.as_deref(), transcript.request_id.as_deref());
    let new = NewTranscript { text: &transcript.text, language, seconds, prices: &prices, cost, request_id };
    transcriptions::finish(tx, recording, new).await?;
    holds::release(tx, stored.user, stored.held).await?;
    if cost > Usd::ZERO {
        let (key, subject) = (recording.charge_key(), clock(duration));
        let (user, reason, amount) = (stored.user, Reason::Transcription, -cost);
        balance::post(tx, &Operation { user, reason, amount, key: &key, subject: &subject }).await?;
    }
    Ok(cost)
}

/// Renews the lease of a worker.
pub(crate) async fn renew(books: &Books, request: Request<'_>) -> Result<(), DbError> {
    transcriptions::renew(&books.db, request.recording, request.lease).await
}

/// Gives up a claim: releases the hold, and nothing is charged. `lost` says whether a request may have been
/// made whose result is lost. Harmless if the claim is over.
pub(crate) async fn release(
    books: &Books,
    recording: RecordingId,
    lease: i64,
    (failure, lost): (&str, bool),
) -> Result<(), DbError> {
    let mut tx = books.db.begin().await?;
    transcriptions::fail(&mut tx, recording, lease, (failure, lost)).await?;
    Db::commit(tx).await
}
