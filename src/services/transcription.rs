//! Transcription of recordings, before they become a question, and of files, when the model asks for it. The
//! row decides: one worker at a time asks the service, under a hold, and the transcript is stored together
//! with its charge. So each is paid once, however often its update comes or the model asks, and also if the
//! answer fails.

mod stopped;

use std::convert::Infallible;
use std::time::Duration;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::books::Books;
use super::{people, pricing};
use crate::db::balance::{self, Operation, Reason};
use crate::db::known_transcripts::{self, KnownTranscript};
use crate::db::model_calls::Payer;
use crate::db::outbox::{self, OutboxMessage};
use crate::db::transcriptions::{
    self, NewTranscript, NewTranscription, StoredTranscription, TranscriptionState,
};
use crate::db::{Db, DbError, Tx, holds};
use crate::domain::ids::{OutboxId, ThreadKey, UserId};
use crate::domain::money::Usd;
use crate::domain::people::{Chat, Person};
use crate::domain::speech::{TranscriptionId, charge_key, clock};
use crate::domain::turn::TurnPayer;
use crate::lifecycle::kill_point;
use crate::llm::speech::Transcript;
use crate::telemetry::metrics::Metrics;
pub(crate) use stopped::pay_stopped;

/// How often a worker renews its lease; three times before it ends.
const RENEWAL: Duration = Duration::from_secs(3);
/// How long to wait before asking again whether another worker has finished, or reserved money is free.
const PAUSE: Duration = Duration::from_millis(250);

/// What is to be transcribed, and who asks for that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// The recording or file.
    pub id: TranscriptionId,
    /// The conversation.
    pub key: ThreadKey,
    /// Who pays.
    pub payer: TurnPayer,
    /// How the money was checked.
    pub funding: Funding<'a>,
    /// Telegram's id of the content; empty if there is none.
    pub unique_id: &'a str,
    /// The duration in seconds: what Telegram reports, or an estimate.
    pub duration: u32,
    /// The lease of the worker: a number that no other one has.
    pub lease: i64,
}

/// How the money for a transcription is checked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Funding<'a> {
    /// By the rule of a turn's gate. An unknown user is met, with the starter grant.
    Gate {
        /// The user.
        person: &'a Person,
        /// The chat.
        chat: &'a Chat,
    },
    /// The meter of a running turn has granted a reservation. The gate would count that turn's own hold,
    /// which is usually all that the user has, and wait for itself.
    Turn,
}

/// What a worker finds when it wants to transcribe something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Claim {
    /// The words are known.
    Known(KnownTranscript),
    /// They were known once and have expired.
    Expired,
    /// The worker asks the service; the money is held.
    Begun,
    /// The user has paid for the same content under another id: the transcript to settle, without a price.
    Paid(Transcript),
    /// Another worker asks the service.
    Busy,
    /// All that is left is reserved, which may end.
    Reserved,
    /// The user is banned or has nothing left to spend.
    Refused,
}

/// Claims a recording or file, and waits while another worker has it or all that is left is reserved. The
/// caller limits the time.
pub(crate) async fn wait(books: &Books, request: Request<'_>) -> Result<Claim, DbError> {
    loop {
        match books.db.persist(|| claim(books, request)).await? {
            Claim::Busy | Claim::Reserved => tokio::time::sleep(PAUSE).await,
            claim => return Ok(claim),
        }
    }
}

/// Claims a recording or file for a worker, under a hold of its price.
async fn claim(books: &Books, request: Request<'_>) -> Result<Claim, DbError> {
    let Request { id, lease, .. } = request;
    let mut tx = books.db.begin().await?;
    let Some(stored) = transcriptions::lock(&mut tx, id).await? else {
        return begin(tx, books, request).await;
    };
    match stored.state {
        TranscriptionState::Failed => begin(tx, books, request).await,
        TranscriptionState::Leased(holder) if holder == lease => Ok(Claim::Begun),
        TranscriptionState::Leased(_) => Ok(Claim::Busy),
        TranscriptionState::Abandoned => {
            tracing::warn!(transcription.id = %id, "a transcription is begun again, its result was lost");
            transcriptions::take_over(&mut tx, id, lease).await?;
            Db::commit(tx).await?;
            Ok(Claim::Begun)
        }
        TranscriptionState::Done => {
            let StoredTranscription { text, language, duration, .. } = stored;
            let known = |text| Claim::Known(KnownTranscript { text, language, duration });
            Ok(text.map_or(Claim::Expired, known))
        }
    }
}

async fn begin(mut tx: Tx<'static>, books: &Books, request: Request<'_>) -> Result<Claim, DbError> {
    let Request { id, key, payer, funding, unique_id, duration, lease } = request;
    // Of two workers with the same content under different ids, the second sees what the first has done.
    holds::lock(&mut tx, payer.user).await?;
    let known = known_transcripts::paid_before(&mut tx, payer.user, unique_id).await?;
    if known.is_none() && known_transcripts::is_begun_elsewhere(&mut tx, payer.user, unique_id, id).await? {
        return Ok(Claim::Busy);
    }
    let held = if known.is_some() { Usd::ZERO } else { price(books, Decimal::from(duration.max(1))) };
    let free = books.is_privileged(payer.user) || matches!(funding, Funding::Turn);
    if !take(&mut tx, payer.user, held, free).await? {
        let Funding::Gate { person, chat } = funding else { return Ok(Claim::Refused) };
        if balance::of(&mut *tx, payer.user).await?.is_some() {
            drop(tx);
            let waits = holds::may_spend(&books.db, payer.user, free).await?;
            return Ok(if waits { Claim::Reserved } else { Claim::Refused });
        }
        people::meet(&mut tx, books, person, chat, key.topic).await?;
        if !take(&mut tx, payer.user, held, free).await? {
            return Ok(Claim::Refused);
        }
    }
    let new = NewTranscription { id, key, payer, unique_id, duration, held, lease };
    if !transcriptions::begin(&mut tx, new).await? {
        return Ok(Claim::Busy);
    }
    Db::commit(tx).await?;
    kill_point!("transcription: held");
    Ok(known.map_or(Claim::Begun, |KnownTranscript { text, language, duration }| {
        Claim::Paid(Transcript { text, language, seconds: Some(duration.into()), request_id: None })
    }))
}

async fn take(tx: &mut Tx<'_>, user: UserId, amount: Usd, free: bool) -> Result<bool, DbError> {
    holds::take_beside_turns(tx, user, amount, free).await
}

/// Returns the price of a transcript of this duration today.
pub(super) fn price(books: &Books, seconds: Decimal) -> Usd {
    pricing::transcription(&books.registry, seconds, books.today()).cost
}

/// Renews the lease of a worker for as long as this runs. A renewal that fails is tried again; the lease
/// outlives some of them.
pub(crate) async fn keep(books: &Books, request: Request<'_>) -> Infallible {
    loop {
        tokio::time::sleep(RENEWAL).await;
        if let Err(error) = transcriptions::renew(&books.db, request.id, request.lease).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a lease was not renewed");
        }
    }
}

/// The result of settling a transcription.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct SettledTranscription {
    /// The transcript that counts: that of the worker that settled first.
    pub transcript: KnownTranscript,
    /// What the user was charged now.
    pub cost: Usd,
    /// The duration that was paid now, in seconds.
    pub seconds: Decimal,
    /// The quotes that are owed to the chat.
    pub owed: Vec<(OutboxId, OutboxMessage)>,
}

/// Counts what a user has paid for this many seconds.
pub(crate) fn count(metrics: &Metrics, seconds: Decimal, cost: Usd) {
    metrics.transcribed_seconds.inc_by(seconds.ceil().to_u64().unwrap_or_default());
    metrics.transcription_costs.inc_by(cost.nano());
    metrics.service_costs.with_label_values(&["transcription"]).inc_by(cost.nano());
    metrics.costs.with_label_values(&[Payer::User.name()]).inc_by(cost.nano());
}

/// Stores a transcript, charges it, ends its hold and enqueues its quotes, once. `paid_before` makes it free
/// of charge; `quotes` composes the messages that show the words.
pub(crate) async fn settle(
    books: &Books,
    request: Request<'_>,
    transcript: &Transcript,
    paid_before: bool,
    quotes: impl Fn(&str) -> Vec<OutboxMessage>,
) -> Result<SettledTranscription, DbError> {
    let mut tx = books.db.begin().await?;
    let stored = transcriptions::lock(&mut tx, request.id).await?;
    let stored = stored.ok_or(DbError::MissingRow { at: "transcription::settle" })?;
    let (mut cost, mut seconds) = (Usd::ZERO, Decimal::ZERO);
    let transcript = if stored.state == TranscriptionState::Done {
        let StoredTranscription { text, language, duration, .. } = stored;
        KnownTranscript { text: text.unwrap_or_default(), language, duration }
    } else {
        if !paid_before {
            seconds = transcript.seconds.unwrap_or(request.duration.into());
        }
        let new = known(request, transcript);
        cost = charge(&mut tx, books, request, &stored, (transcript, &new, seconds, paid_before)).await?;
        new
    };
    let owed = outbox::enqueue(&mut tx, &quotes(&transcript.text)).await?;
    kill_point!("transcription: before the commit");
    Db::commit(tx).await?;
    kill_point!("transcription: settled");
    Ok(SettledTranscription { transcript, cost, seconds, owed })
}

/// Returns a new transcript as it is known from then on. The duration that Telegram reports counts, because
/// people see it; without one, that of the service.
fn known(request: Request<'_>, transcript: &Transcript) -> KnownTranscript {
    let Transcript { text, language, seconds, .. } = transcript.clone();
    let duration = match (request.funding, seconds) {
        (Funding::Turn, Some(seconds)) => seconds.ceil().to_u32().unwrap_or(request.duration),
        _ => request.duration,
    };
    KnownTranscript { text, language, duration }
}

async fn charge(
    tx: &mut Tx<'_>,
    books: &Books,
    request: Request<'_>,
    stored: &StoredTranscription,
    (transcript, known, seconds, paid_before): (&Transcript, &KnownTranscript, Decimal, bool),
) -> Result<Usd, DbError> {
    let Request { id, .. } = request;
    let pricing::Priced { cost, prices } = if paid_before {
        pricing::Priced { cost: Usd::ZERO, prices: serde_json::json!({}) }
    } else {
        pricing::transcription(&books.registry, seconds, books.today())
    };
    let KnownTranscript { text, language, duration } = known;
    let (language, request_id) = (language.as_deref(), transcript.request_id.as_deref());
    let duration = *duration;
    let new = NewTranscript { text, language, duration, seconds, prices: &prices, cost, request_id };
    transcriptions::finish(tx, id, new).await?;
    if let TranscriptionId::Recording(recording) = id {
        transcriptions::note_in_history(tx, recording).await?;
    }
    holds::release(tx, stored.user, stored.held).await?;
    if cost > Usd::ZERO {
        post(tx, stored.user, cost, &id.to_string(), duration).await?;
    }
    Ok(cost)
}

/// Books the charge of the row with this key.
async fn post(tx: &mut Tx<'_>, user: UserId, cost: Usd, row: &str, duration: u32) -> Result<(), DbError> {
    let (key, subject) = (charge_key(row), clock(duration));
    let (reason, amount) = (Reason::Transcription, -cost);
    balance::post(tx, &Operation { user, reason, amount, key: &key, subject: &subject }).await?;
    Ok(())
}

/// Gives up a claim: releases the hold, and nothing is charged. `lost` says whether a request may have been
/// made whose result is lost. Harmless if the claim is over.
pub(crate) async fn release(
    books: &Books,
    id: TranscriptionId,
    lease: i64,
    (failure, lost): (&str, bool),
) -> Result<(), DbError> {
    let mut tx = books.db.begin().await?;
    transcriptions::fail(&mut tx, id, lease, (failure, lost)).await?;
    Db::commit(tx).await
}
