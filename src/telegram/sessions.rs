//! Sends inputs to the sessions of their threads. A session is started if needed; an input waits if updates
//! of its thread are already deferred.

use std::sync::Arc;

use super::context::BotContext;
use super::pipeline::queue::{PostResult, SessionInput, StopRequest, StopSource};
use super::session;
use crate::domain::ids::{ThreadKey, UpdateId};

/// Sends an input to a thread's session and starts one if needed. Waits behind deferred updates of the
/// thread, except an interrupted turn, which is older than all of them and is found by the sweep.
pub(super) fn post(context: &Arc<BotContext>, update: UpdateId, key: ThreadKey, input: SessionInput) {
    let resumes = matches!(input, SessionInput::Resume(..));
    if !resumes && context.deferred.is_behind(key, update) {
        return defer(context, update, key);
    }
    match context.mailboxes.post(key, input) {
        PostResult::Delivered => {}
        PostResult::Wake(mailbox) => {
            context.life.spawn("session", session::run(context.clone(), key, mailbox));
        }
        PostResult::Full if resumes => {}
        PostResult::Full => defer(context, update, key),
    }
}

/// Stops the running answer of a conversation whose person has everything erased. Nobody is told.
pub(super) fn stop_for_erasure(context: &Arc<BotContext>, key: ThreadKey) {
    // No update asks for it here: the number is none.
    let stop = StopRequest { update: UpdateId(0), by: StopSource::Erasure };
    match context.mailboxes.post(key, SessionInput::Stop(Box::new(stop))) {
        PostResult::Wake(mailbox) => {
            context.life.spawn("session", session::run(context.clone(), key, mailbox));
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
