//! The budget of one chat: how many calls of each kind fit into which time, and what was used of it.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::ids::ChatId;

/// Sends and edits in a private chat: one per second on average, with short bursts. All periods are a little
/// longer than Telegram's, because a call arrives some time after it was admitted.
pub(super) const PRIVATE_MESSAGES: &[(usize, Duration)] = &[(5, Duration::from_millis(5_200))];
/// Sends and edits in a group.
pub(super) const GROUP_MESSAGES: &[(usize, Duration)] = &[(20, Duration::from_secs(62))];
/// Drafts and chat actions share one budget in each chat. Only first drafts may use all of it, because a
/// reader waits for them.
pub(super) const COSMETICS: &[(usize, Duration)] =
    &[(20, Duration::from_millis(5_200)), (40, Duration::from_secs(31))];
/// The part of it for later drafts; one per second fits.
pub(super) const LATER_DRAFTS: &[(usize, Duration)] =
    &[(16, Duration::from_millis(5_200)), (32, Duration::from_secs(31))];
/// The part of it for chat actions.
pub(super) const ACTIONS: &[(usize, Duration)] =
    &[(10, Duration::from_millis(5_200)), (20, Duration::from_secs(31))];
/// The part of the overall budget that announcements leave for everything else: one third.
pub(super) const ANNOUNCEMENTS_LEAVE: usize = 3;
/// How long calls stay cautious after a penalty.
pub(super) const CAUTION: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct ChatBudget {
    pub(super) messages: CallTimes,
    pub(super) cosmetics: CallTimes,
    pub(super) punished_until: Option<Instant>,
    pub(super) cautious_until: Option<Instant>,
    /// The number of finished messages that wait for their turn; no cosmetic call passes them.
    pub(super) waiting: usize,
}

/// Returns the limit of announcements over all chats: with 30 messages per second, 20.
pub(super) fn announcement_limit((messages, period): (usize, Duration)) -> (usize, Duration) {
    ((messages - messages / ANNOUNCEMENTS_LEAVE).max(1), period)
}

/// Returns the limits for sends and edits in a chat.
pub(super) fn message_limits(chat: ChatId) -> &'static [(usize, Duration)] {
    if chat.0 > 0 { PRIVATE_MESSAGES } else { GROUP_MESSAGES }
}

/// Returns how many calls the strictest of some limits allows.
pub(super) fn smallest(limits: &[(usize, Duration)]) -> usize {
    limits.iter().map(|&(count, _)| count).min().unwrap_or(0)
}

/// Returns how long the newest call counts in some limits.
pub(super) fn longest(limits: &[(usize, Duration)]) -> Duration {
    limits.iter().map(|&(_, period)| period).max().unwrap_or_default()
}

impl ChatBudget {
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        let over = |end: Option<Instant>| end.is_none_or(|end| end <= now);
        let old = |log: &CallTimes| log.0.back().is_none_or(|&last| now - last > CAUTION);
        self.waiting == 0 && over(self.cautious_until) && old(&self.messages) && old(&self.cosmetics)
    }
}

/// The times of the newest calls, as many as the largest limit counts.
#[derive(Debug, Default)]
pub(super) struct CallTimes(VecDeque<Instant>);

impl CallTimes {
    /// Returns when the next call fits all limits with `reserved` places to spare, or `None` if it fits now.
    pub(super) fn free_at(
        &self,
        limits: &[(usize, Duration)],
        reserved: usize,
        now: Instant,
    ) -> Option<Instant> {
        let blocked = |&(count, period): &(usize, Duration)| {
            let place = self.0.len().checked_sub(count.saturating_sub(reserved).max(1))?;
            self.0.get(place).map(|&call| call + period).filter(|&end| now < end)
        };
        limits.iter().filter_map(blocked).max()
    }

    pub(super) fn take(&mut self, limits: &[(usize, Duration)], now: Instant) {
        let longest = limits.iter().map(|&(count, _)| count).max().unwrap_or(0);
        while self.0.len() >= longest {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }
}
