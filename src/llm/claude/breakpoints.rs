//! Places the marks of the prompt cache: at most four, the long-lived ones first.

use super::super::request::LlmRequest;
use crate::domain::message::Role;

/// The cache marks of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Marks {
    /// The block of the system prompt that ends the part shared by all users; cached for an hour.
    pub(super) system: Option<usize>,
    /// Messages whose last block ends a prefix that is cached for five minutes; ascending, at most three.
    pub(super) messages: Vec<usize>,
}

/// Chooses the marks: the shared system prompt, the end of the stable part, and the newest message.
///
/// A mark finds an older entry at most 20 blocks back, so the end of the stable part is marked too: in a tool
/// loop it is the position of the last turn's newest mark.
pub(super) fn place(request: &LlmRequest) -> Marks {
    let newest = request.messages.len().checked_sub(1);
    let stable = request.stable.min(request.messages.len()).checked_sub(1);
    // In a tool loop the previous round ended two messages earlier, with its results; a paused answer that is
    // sent back is one message.
    let paused = request.messages.last().is_some_and(|message| message.role == Role::Assistant);
    let back = if paused { 1 } else { 2 };
    let previous = newest.and_then(|newest| newest.checked_sub(back)).filter(|&index| Some(index) > stable);
    let mut messages: Vec<usize> = [stable, previous, newest].into_iter().flatten().collect();
    messages.dedup();
    Marks { system: (!request.system.is_empty()).then_some(0), messages }
}

#[cfg(test)]
mod tests;
