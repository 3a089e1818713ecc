//! Sends inputs to the sessions of their threads. A session is started if needed; an input waits if updates
//! of its thread are already deferred.

use std::sync::Arc;

use super::context::BotContext;
use super::pipeline::queue::{PostResult, SessionInput, StopRequest, StopSource};
use super::session;
use crate::domain::bucket::Bucket;
use crate::domain::ids::{ThreadKey, UpdateId};

/// Sends an input to a thread's session and starts one if needed. Waits behind deferred updates of the
/// thread, except an interrupted turn, which is older than all of them and is found by the sweep. If the chat is not
/// answered here, the update is left in the inbox for whoever holds it.
pub(super) fn post(context: &Arc<BotContext>, update: UpdateId, key: ThreadKey, input: SessionInput) {
    let resumes = matches!(input, SessionInput::Resume(..));
    if !resumes && context.deferred.is_behind(key, update) {
        return defer(context, update, key);
    }
    let bucket = Bucket::of(key.chat);
    let Some(occupied) = context.life.holdings.enter(bucket) else {
        context.arrivals.forget(update);
        return context.looks.ask(bucket);
    };
    match context.mailboxes.post(key, input) {
        PostResult::Delivered => {}
        PostResult::Wake(mailbox) => {
            context.life.spawn("session", session::run(context.clone(), key, mailbox, occupied));
        }
        PostResult::Full if resumes => {}
        PostResult::Full => defer(context, update, key),
    }
}

/// Stops the running answer of a conversation whose person has everything erased. Nobody is told. If the chat is not
/// answered here, its holder finds the request itself.
pub(super) fn stop_for_erasure(context: &Arc<BotContext>, key: ThreadKey) {
    // No update asks for it here: the number is none.
    let stop = StopRequest { update: UpdateId(0), by: StopSource::Erasure };
    let Some(occupied) = context.life.holdings.enter(Bucket::of(key.chat)) else { return };
    match context.mailboxes.post(key, SessionInput::Stop(Box::new(stop))) {
        PostResult::Wake(mailbox) => {
            context.life.spawn("session", session::run(context.clone(), key, mailbox, occupied));
        }
        // A full mailbox is tried again with the erasure.
        PostResult::Delivered | PostResult::Full => {}
    }
}

fn defer(context: &BotContext, update: UpdateId, key: ThreadKey) {
    if context.deferred.put(key, update) {
        context.metrics.updates_deferred.inc();
    }
}
