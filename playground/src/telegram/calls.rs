//! Processing of one call: holds, faults and flood limits come first, then the method runs and the answer is
//! recorded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::methods;
use super::params::Params;
use super::rates::Class;
use super::refusal::{Outcome, Refusal};
use super::shared::Shared;
use super::types::{Call, CallOutcome, Fault, Violation, ViolationKind};
use super::world::World;

/// Longest `timeout` of `getUpdates`, in seconds.
const LONGEST_POLL_S: i64 = 50;

/// The HTTP reply to a call.
pub(super) enum WireReply {
    Json(u16, Value),
    /// A status with a body that is not JSON.
    Plain(u16),
    Cut,
}

/// Processes one call from arrival to reply.
pub(super) async fn call(shared: &Arc<Shared>, method: &'static str, params: Params) -> WireReply {
    let mut entry = CallEntry { shared, number: None, method, params: &params, at: Instant::now() };
    if let Some(gate) = shared.look(|world| world.faults.gate(method)) {
        entry.arrive();
        gate.pass().await;
    }
    let mut fault = shared.lock().faults.take(method);
    if let Some(Fault::Hang(wait)) = fault {
        entry.arrive();
        tokio::time::sleep(wait).await;
        fault = None;
    }
    match fault {
        Some(Fault::DropConnection) => {
            shared.change(|world| entry.finish(world, CallOutcome::Cut));
            return WireReply::Cut;
        }
        Some(Fault::Status(code)) => {
            let answer = CallOutcome::Error { code, description: String::new(), retry_after: None };
            shared.change(|world| entry.finish(world, answer));
            return WireReply::Plain(code);
        }
        Some(Fault::Flood { retry_after_s }) => return entry.refuse(Refusal::flood(retry_after_s)),
        Some(Fault::Error { code, description }) => return entry.refuse(Refusal::new(code, description)),
        Some(Fault::DropAfter | Fault::Hang(_)) | None => {}
    }
    if let Some(refusal) = shared.look(|world| world.faults.refusal(method, &params)) {
        return entry.refuse(refusal);
    }
    let outcome = if method == "getUpdates" {
        entry.arrive();
        let outcome = poll(shared, &params).await;
        shared.change(|world| entry.finish(world, answer_of(&outcome)));
        outcome
    } else {
        shared.change(|world| {
            let outcome = entry.run(world);
            let cut = fault == Some(Fault::DropAfter);
            entry.finish(world, if cut { CallOutcome::Cut } else { answer_of(&outcome) });
            outcome
        })
    };
    if fault == Some(Fault::DropAfter) { WireReply::Cut } else { reply_of(outcome) }
}

fn reply_of(outcome: Outcome) -> WireReply {
    match outcome {
        Ok(result) => WireReply::Json(200, json!({"ok": true, "result": result})),
        Err(refusal) => WireReply::Json(refusal.code, refusal.body()),
    }
}

fn answer_of(outcome: &Outcome) -> CallOutcome {
    match outcome {
        Ok(_) => CallOutcome::Ok,
        Err(Refusal { code, description, retry_after, .. }) => {
            CallOutcome::Error { code: *code, description: description.clone(), retry_after: *retry_after }
        }
    }
}

/// A call and its place in the list of calls.
struct CallEntry<'a> {
    shared: &'a Shared,
    number: Option<usize>,
    method: &'static str,
    params: &'a Params,
    at: Instant,
}

impl CallEntry<'_> {
    /// Records the call as waiting, before its answer is known.
    fn arrive(&mut self) {
        if self.number.is_none() {
            self.number = Some(self.shared.change(|world| world.note_call(self.call(CallOutcome::Waiting))));
        }
    }

    fn call(&self, answer: CallOutcome) -> Call {
        Call {
            method: self.method.to_owned(),
            chat: self.params.chat(),
            params: self.params.as_value(),
            at: self.at,
            answer,
            uploaded_bytes: self.params.uploaded_bytes(),
            caller: self.params.caller.clone(),
        }
    }

    fn refuse(&self, refusal: Refusal) -> WireReply {
        let outcome = Err(refusal);
        self.shared.change(|world| self.finish(world, answer_of(&outcome)));
        reply_of(outcome)
    }

    /// Runs the method, unless a flood limit refuses it.
    fn run(&self, world: &mut World) -> Outcome {
        let now = Instant::now();
        let limited = Class::of(self.method).zip(self.params.chat()).filter(|_| world.settings.enforce_rates);
        if let Some((class, chat)) = limited
            && let Err(flood) = world.rates.draw_many(class, chat, chat > 0, self.messages(), now)
        {
            let refusal = Refusal::flood(flood.retry_after_s);
            if flood.inside_penalty {
                self.accuse(world, ViolationKind::InsidePenalty, &refusal);
            }
            return Err(refusal);
        }
        let outcome = methods::run(world, self.method, self.params);
        if let Err(refusal) = &outcome
            && let Some(kind) = blame(&refusal.description)
        {
            self.accuse(world, kind, refusal);
        }
        outcome
    }

    /// Returns the number of messages that the call sends.
    fn messages(&self) -> usize {
        let album = (self.method == "sendMediaGroup").then(|| self.params.list("media"));
        album.and_then(|items| items.ok().flatten()).map_or(1, Vec::len)
    }

    fn accuse(&self, world: &mut World, kind: ViolationKind, refusal: &Refusal) {
        world.violations.push(Violation {
            method: self.method.to_owned(),
            chat: self.params.chat(),
            kind,
            description: refusal.description.clone(),
            at: self.at,
        });
    }

    fn finish(&self, world: &mut World, answer: CallOutcome) {
        match self.number {
            Some(number) => {
                let at = number.checked_sub(world.calls_forgotten);
                if let Some(call) = at.and_then(|at| world.calls.get_mut(at)) {
                    call.answer = answer;
                }
            }
            None => {
                world.note_call(self.call(answer));
            }
        }
    }
}

/// Returns the kind of violation if the refusal shows an error in the bot's text.
fn blame(description: &str) -> Option<ViolationKind> {
    if description.contains("can't parse entities") {
        return Some(ViolationKind::Formatting);
    }
    let length = ["is too long", "text is empty", "MESSAGE_TOO_LONG", "CAPTION_TOO_LONG"];
    length.iter().any(|sign| description.contains(sign)).then_some(ViolationKind::Length)
}

/// Runs `getUpdates`: waits for updates, for the timeout, or for a newer poll, which terminates this one.
async fn poll(shared: &Arc<Shared>, params: &Params) -> Outcome {
    let mut changed = shared.changed.subscribe();
    let limit = usize::try_from(params.int("limit").unwrap_or(100).clamp(1, 100)).unwrap_or(100);
    let seconds = params.int("timeout").unwrap_or(0).clamp(0, LONGEST_POLL_S).unsigned_abs();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(seconds);
    let number = shared.change(|world| methods::begin_poll(world, params))?;
    loop {
        changed.borrow_and_update();
        {
            let mut world = shared.lock();
            if world.queue.poll != number {
                return Err(Refusal::conflict(
                    "terminated by other getUpdates request; make sure that only one bot instance is running",
                ));
            }
            if world.queue.webhook.is_some() {
                return Err(Refusal::conflict("terminated by setWebhook request"));
            }
            let batch = world.queue.hand_out(limit);
            if !batch.is_empty() {
                return Ok(Value::Array(batch));
            }
        }
        tokio::select! {
            () = shared.stop.cancelled() => return Ok(json!([])),
            () = tokio::time::sleep_until(deadline) => return Ok(json!([])),
            _ = changed.changed() => {}
        }
    }
}
