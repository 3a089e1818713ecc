//! Admission of a turn: a place among the answers of its user, and money that it may spend.

use std::time::Duration;

use tokio::time::Instant;

use crate::conversation::interrupt::Stop;
use crate::domain::turn::{Interruption, Outcome, TurnFailure, TurnRequest};
use crate::services::admission::{self, Admission};
use crate::telegram::context::BotContext;
use crate::telegram::pipeline::isolation::Permit;
use crate::telegram::pipeline::slots::Slot;

/// How long to wait before asking again whether reserved money is free.
const RESERVED_PAUSE: Duration = Duration::from_millis(200);
/// How long to wait for reserved money. Work that a crash has left behind keeps its hold until this turn has ended,
/// so waiting longer would be in vain.
const RESERVED_LIMIT: Duration = Duration::from_secs(300);

/// Waits until the user has a free place and something to spend, or the turn is cut.
pub(super) async fn enter(
    context: &BotContext,
    request: &TurnRequest,
    permit: &mut Permit,
    stop: &Stop,
) -> Result<Slot, Outcome> {
    match stop.or_cut(wait_for_admission(context, request, permit)).await {
        Some(admitted) => admitted.map_err(Outcome::Failed),
        None => Err(Outcome::Interrupted(stop.reason().unwrap_or(Interruption::Superseded))),
    }
}

/// The gate: waits for a place and for money that other turns of the same user have reserved. A turn without
/// a hold runs alone, so that a user can overdraw by at most one turn, however many are started at once.
async fn wait_for_admission(
    context: &BotContext,
    request: &TurnRequest,
    permit: &mut Permit,
) -> Result<Slot, TurnFailure> {
    let user = request.key.user;
    if let Some(failure) = request.unheard {
        return Err(failure);
    }
    if request.held {
        return Ok(context.slots.acquire(user).await);
    }
    let mut patience = None;
    loop {
        let slot = context.slots.acquire_all(user).await;
        // Only now nothing else of the user runs here, however long that took.
        let patience = *patience.get_or_insert_with(|| Instant::now() + RESERVED_LIMIT);
        match admission::admit(&context.books, request).await {
            Admission::Admitted => return Ok(slot),
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
