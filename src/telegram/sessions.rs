//! Posting to sessions: an input reaches the session of its thread, which is woken if nobody is awake, or waits behind
//! the updates of that thread that wait already.

use std::sync::Arc;

use super::context::BotContext;
use super::pipeline::queue::{PostResult, SessionInput};
use super::session;
use crate::domain::ids::{ThreadKey, UpdateId};

/// Posts a letter to a thread's session, waking one if nobody is awake. Behind updates that have to wait it waits too,
/// but for a turn that was left open: that is older than all of them, and the sweep finds it again.
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

fn defer(context: &BotContext, update: UpdateId, key: ThreadKey) {
    if context.deferred.put(key, update) {
        context.metrics.updates_deferred.inc();
    }
}
