//! Messages that are to be answered.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::pipeline::normalize::normalize;
use super::super::pipeline::queue::{self, SessionInput};
use super::super::sessions::post;
use crate::domain::message::Incoming;

/// Passes a message to its session, which starts fetching its files.
pub(super) fn prompt(context: &Arc<BotContext>, incoming: Incoming) {
    context.metrics.messages_received.with_label_values(&[incoming.chat.kind.name()]).inc();
    let incoming = Box::new(normalize(incoming));
    let came = queue::window_begins(context.arrivals.time(incoming.update), context.batch_window);
    post(context, incoming.update, incoming.key, SessionInput::Message(incoming, came));
}
