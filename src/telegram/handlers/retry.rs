//! `/retry`, and the buttons that ask a question again.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::pipeline::queue::{RetryRequest, SessionInput};
use super::super::sessions::post;
use crate::domain::ids::TurnId;

/// Passes a wish to ask the last question again to its session. A button has a turn and a callback query.
pub(super) fn ask_again(
    context: &Arc<BotContext>,
    header: MessageHeader,
    turn: Option<TurnId>,
    callback: Option<String>,
) {
    let (update, key) = (header.update, header.key);
    post(context, update, key, SessionInput::Retry(Box::new(RetryRequest { header, turn, callback })));
}
