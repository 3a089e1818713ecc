//! Admission of a turn: a place among the answers of its user, and money that it may spend.

use std::time::Duration;

use tokio::time::Instant;

use crate::conversation::interrupt::Stop;
use crate::db::outbox::OutboxMessage;
use crate::domain::people::ChatKind;
use crate::domain::turn::{Interruption, Outcome, TurnFailure, TurnPayer, TurnRequest};
use crate::rendering::RichText;
use crate::services::admission::{self, Admission};
use crate::services::sponsoring::{self, Sponsoring};
use crate::telegram::context::BotContext;
use crate::telegram::pipeline::isolation::Permit;
use crate::telegram::pipeline::slots::Slot;
use crate::telegram::text::groups as text;

/// How long to wait before asking again whether reserved money is free.
const RESERVED_PAUSE: Duration = Duration::from_millis(200);
/// How long to wait for reserved money. Work that a crash has left behind keeps its hold until this turn has ended,
/// so waiting longer would be in vain.
const RESERVED_LIMIT: Duration = Duration::from_secs(300);

/// Waits until the user has a free place and something to spend, or the turn is cut. Sets who pays.
pub(super) async fn enter(
    context: &BotContext,
    request: &mut TurnRequest,
    permit: &mut Permit,
    stop: &Stop,
) -> Result<Slot, Outcome> {
    match stop.or_cut(wait_for_admission(context, request, permit)).await {
        Some(Ok((slot, payer))) => {
            request.payer = payer;
            Ok(slot)
        }
        Some(Err(failure)) => Err(Outcome::Failed(failure)),
        None => Err(Outcome::Interrupted(stop.reason().unwrap_or(Interruption::Superseded))),
    }
}

/// The gate: waits for a place and for money that other turns of the same user have reserved. A turn without
/// a hold runs alone, so that a user can overdraw by at most one turn, however many are started at once.
async fn wait_for_admission(
    context: &BotContext,
    request: &TurnRequest,
    permit: &mut Permit,
) -> Result<(Slot, TurnPayer), TurnFailure> {
    let (user, itself) = (request.asker, request.payer);
    if let Some(failure) = request.unheard {
        return Err(failure);
    }
    if request.held {
        return Ok((context.slots.acquire(user).await, itself));
    }
    if request.chat_kind != ChatKind::Private
        && let Some(admitted) = wait_for_sponsor(context, request, permit).await?
    {
        return Ok(admitted);
    }
    let mut patience = None;
    loop {
        let slot = context.slots.acquire_all(user).await;
        // Only now nothing else of the user runs here, however long that took.
        let patience = *patience.get_or_insert_with(|| Instant::now() + RESERVED_LIMIT);
        match admission::admit(&context.books, request).await {
            Admission::Admitted => return Ok((slot, itself)),
            Admission::Refused(failure) => return Err(failure),
            // Somebody is before us in the queue, or another instance has a turn of this user.
            Admission::Reserved if Instant::now() < patience => {
                drop(slot);
                // It may be reserved for what waits until nothing else is in flight.
                permit.pause(RESERVED_PAUSE).await;
            }
            Admission::Reserved => return Err(TurnFailure::NoFunds),
        }
    }
}

/// The gate of a group: if it has a sponsor, waits until that is known to pay or not to pay. Returns `None` if the
/// person who asks pays.
async fn wait_for_sponsor(
    context: &BotContext,
    request: &TurnRequest,
    permit: &mut Permit,
) -> Result<Option<(Slot, TurnPayer)>, TurnFailure> {
    let slot = context.slots.acquire(request.asker).await;
    let patience = Instant::now() + RESERVED_LIMIT;
    let notice = |chat, why, name: &str| {
        let sentence = RichText::plain(text::sponsor_short(request.settings.language, why, name));
        let key = format!("sponsor:{}", request.turn);
        OutboxMessage::new(key, chat, request.key.topic, sentence.into_wire())
    };
    loop {
        let decide = || sponsoring::decide(&context.books, request, notice);
        match context.db.persist(decide).await {
            Ok(Sponsoring::Sponsor(payer)) => return Ok(Some((slot, payer))),
            Ok(Sponsoring::Declined(owed)) => {
                context.courier().deliver_again(owed);
                return Ok(None);
            }
            Ok(Sponsoring::Reserved) if Instant::now() < patience => permit.pause(RESERVED_PAUSE).await,
            Ok(Sponsoring::Member | Sponsoring::Reserved) => return Ok(None),
            Err(error) => {
                let (turn, error) = (request.turn, &error as &dyn std::error::Error);
                tracing::error!(turn.id = turn.0, error, "who pays for the turn {turn} is not known");
                return Err(TurnFailure::Internal);
            }
        }
    }
}
