//! Fitting a conversation into the model's window: whole turns are removed, oldest first, in large steps, so
//! that the prefix stays the same (and cached) for many turns in between.

use super::interrupt::Stop;

use crate::llm::message::{FileBlock, LlmMessage};
use crate::llm::request::LlmRequest;
use crate::llm::tokens::BYTES_PER_TOKEN;
use crate::llm::{LlmError, Provider};

/// The percentage of the room up to which the estimate is trusted and tokens are not counted.
const TRUSTED: u64 = 50;
/// The percentage of the room that is filled after trimming, which leaves space for many turns.
const TRIMMED_TO: u64 = 60;
/// The number of messages removed per step; even, because a turn has two.
const STEP: usize = 20;
/// The most repetitions of counting and trimming.
const TRIES: u32 = 4;

/// Trims the conversation of the request to the room that the model has.
///
/// # Errors
/// Returns [`LlmError::TooLong`] if the newest message alone is too long, [`LlmError::FileGone`] or
/// [`LlmError::FilesRefused`] if the count reports that, and [`LlmError::Cancelled`] if the turn is stopped.
pub(super) async fn fit(provider: &Provider, request: &mut LlmRequest, stop: &Stop) -> Result<(), LlmError> {
    let room = request.model.window - request.max_tokens;
    for _ in 0..TRIES {
        if guess(request) <= room * TRUSTED / 100 {
            return Ok(());
        }
        let counted = stop.or_cut(provider.count_tokens(request)).await.ok_or(LlmError::Cancelled)?;
        let tokens = match counted {
            Ok(tokens) if tokens <= room => return Ok(()),
            Ok(tokens) => tokens,
            // A request that is too large to be counted is too long as well, so the estimate is used.
            Err(LlmError::TooLong(_)) => guess(request).max(room + 1),
            Err(
                error @ (LlmError::Cancelled | LlmError::FileGone { .. } | LlmError::FilesRefused { .. }),
            ) => return Err(error),
            // A failed count is not fatal. The estimate for files is an upper bound, far above the tokens of
            // most files.
            Err(_) if guess_of_text(request) <= room => return Ok(()),
            Err(_) => guess(request),
        };
        if !trim(request, tokens, room * TRIMMED_TO / 100) {
            break;
        }
    }
    Err(LlmError::TooLong("the newest message does not fit the window".to_owned()))
}

/// Drops the oldest turns until, in proportion, `tokens` falls to `target`. Returns `false` if no turn can be
/// dropped.
fn trim(request: &mut LlmRequest, tokens: u64, target: u64) -> bool {
    let total: u64 = request.messages.iter().map(LlmMessage::bytes).sum();
    let surplus = u128::from(total) * u128::from(tokens.saturating_sub(target)) / u128::from(tokens.max(1));
    let mut dropped = 0_u128;
    let mut first = 0;
    for (index, message) in request.messages.iter().enumerate() {
        // The newest turn is always kept.
        if message.begins_turn() && index > 0 {
            first = index;
            if dropped >= surplus {
                break;
            }
        }
        dropped += u128::from(message.bytes());
    }
    let newest = request.messages.iter().rposition(LlmMessage::begins_turn).unwrap_or(0);
    // The first turn from a multiple of `STEP` messages on, so that the next turns cut at the same place,
    // unless no message would be left.
    let round = first.next_multiple_of(STEP);
    let turn = (round..newest).find(|&index| request.messages[index].begins_turn());
    let first = turn.unwrap_or(first.min(newest));
    request.messages.drain(..first);
    request.stable = request.stable.saturating_sub(first);
    first > 0
}

fn guess(request: &LlmRequest) -> u64 {
    request.bytes() / BYTES_PER_TOKEN
}

fn guess_of_text(request: &LlmRequest) -> u64 {
    request.bytes().saturating_sub(request.files().map(FileBlock::bytes).sum()) / BYTES_PER_TOKEN
}

#[cfg(test)]
mod tests;
