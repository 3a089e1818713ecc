//! Flood limits: budgets per chat and over all chats. A call over budget starts a penalty for its chat; calls
//! during the penalty are refused too and extend it.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Limits of drafts and chat actions per chat, each with its time window.
const COSMETIC: [(usize, Duration); 2] = [(20, Duration::from_secs(5)), (40, Duration::from_secs(30))];
/// Limits of sends and edits in a private chat: a burst of five, then one per second.
const PRIVATE_BURST: usize = 5;
const PRIVATE_INTERVAL: Duration = Duration::from_secs(1);
/// Limit of sends and edits in a group, and its time window.
const GROUP: (usize, Duration) = (20, Duration::from_mins(1));
/// Limit of sends and edits over all chats, and its time window.
const OVERALL: (usize, Duration) = (30, Duration::from_secs(1));
/// By how much each call during a penalty extends it.
const EXTENSION: Duration = Duration::from_secs(1);

/// The kind of budget that a method uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Drafts and chat actions.
    Cosmetic,
    /// Sends and edits.
    Send,
    /// Only refused inside a penalty.
    Other,
}

impl Class {
    /// Returns the budget of a method; `None` if flood limits do not apply to it.
    pub(super) fn of(method: &str) -> Option<Self> {
        match method {
            "sendMessageDraft" | "sendChatAction" => Some(Self::Cosmetic),
            "sendMessage"
            | "copyMessage"
            | "sendPhoto"
            | "sendDocument"
            | "sendAudio"
            | "sendVoice"
            | "sendVideo"
            | "sendAnimation"
            | "sendMediaGroup"
            | "sendInvoice"
            | "editMessageText"
            | "editMessageCaption"
            | "editMessageMedia"
            | "editMessageReplyMarkup" => Some(Self::Send),
            "deleteMessage" | "deleteMessages" | "createForumTopic" | "editForumTopic"
            | "closeForumTopic" | "reopenForumTopic" | "deleteForumTopic" => Some(Self::Other),
            _ => None,
        }
    }
}

/// The refusal of a call over budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flood {
    pub retry_after_s: u64,
    /// Whether the call came during a penalty, so the bot had been told to wait.
    pub inside_penalty: bool,
}

#[derive(Debug, Default)]
struct ChatRates {
    cosmetic: VecDeque<Instant>,
    sends: VecDeque<Instant>,
    /// When the private budget would be full again.
    full_at: Option<Instant>,
    penalty: Option<Instant>,
}

/// All budgets.
#[derive(Debug, Default)]
pub(super) struct Rates {
    chats: BTreeMap<i64, ChatRates>,
    overall: VecDeque<Instant>,
}

impl Rates {
    /// Ends all penalties; the budgets stay as they are used.
    pub(super) fn forgive(&mut self) {
        self.chats.values_mut().for_each(|chat| chat.penalty = None);
    }

    /// Charges one call to the budgets of its chat.
    #[cfg(test)]
    fn draw(&mut self, class: Class, chat: i64, private: bool, now: Instant) -> Result<(), Flood> {
        self.draw_many(class, chat, private, 1, now)
    }

    /// Charges a call that sends this many messages: it passes if there is room for one, and uses the room of
    /// all.
    pub(super) fn draw_many(
        &mut self,
        class: Class,
        chat: i64,
        private: bool,
        messages: usize,
        now: Instant,
    ) -> Result<(), Flood> {
        let state = self.chats.entry(chat).or_default();
        if let Some(until) = state.penalty.filter(|until| *until > now) {
            let until = until + EXTENSION;
            state.penalty = Some(until);
            return Err(Flood { retry_after_s: whole_seconds(until - now), inside_penalty: true });
        }
        let wait = match class {
            Class::Other => None,
            Class::Cosmetic => {
                COSMETIC.iter().filter_map(|limit| over(&mut state.cosmetic, *limit, now)).max()
            }
            Class::Send => {
                let own = if private { state.private_wait(now) } else { over(&mut state.sends, GROUP, now) };
                own.max(over(&mut self.overall, OVERALL, now))
            }
        };
        if let Some(wait) = wait {
            let retry_after_s = whole_seconds(wait);
            state.penalty = Some(now + Duration::from_secs(retry_after_s));
            return Err(Flood { retry_after_s, inside_penalty: false });
        }
        match class {
            Class::Other => {}
            Class::Cosmetic => state.cosmetic.push_back(now),
            Class::Send => {
                for _ in 0..messages {
                    state.sends.push_back(now);
                    state.full_at = Some(state.full_at.unwrap_or(now).max(now) + PRIVATE_INTERVAL);
                    self.overall.push_back(now);
                }
            }
        }
        Ok(())
    }
}

impl ChatRates {
    fn private_wait(&self, now: Instant) -> Option<Duration> {
        let burst = PRIVATE_INTERVAL * u32::try_from(PRIVATE_BURST - 1).unwrap_or(0);
        let behind = self.full_at?.checked_duration_since(now)?;
        behind.checked_sub(burst).filter(|wait| !wait.is_zero())
    }
}

/// Returns the time until a window has room again; `None` if it has room now.
fn over(seen: &mut VecDeque<Instant>, (limit, window): (usize, Duration), now: Instant) -> Option<Duration> {
    let longest = COSMETIC[1].1.max(window);
    while seen.front().is_some_and(|at| now.duration_since(*at) >= longest) {
        seen.pop_front();
    }
    let recent = seen.iter().rev().take_while(|at| now.duration_since(**at) < window).count();
    let oldest = seen.get(seen.len().checked_sub(limit)?)?;
    (recent >= limit).then(|| (*oldest + window).saturating_duration_since(now))
}

/// Returns the duration in seconds, rounded up, at least one.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_have_a_short_and_a_long_window() {
        let (mut rates, start) = (Rates::default(), Instant::now());
        for _ in 0..20 {
            assert_eq!(rates.draw(Class::Cosmetic, 1, true, start), Ok(()));
        }
        let flood = Flood { retry_after_s: 5, inside_penalty: false };
        assert_eq!(rates.draw(Class::Cosmetic, 1, true, start), Err(flood));
        assert_eq!(rates.draw(Class::Cosmetic, 2, true, start), Ok(()), "another chat has its own budget");
        let later = start + Duration::from_secs(6);
        for _ in 0..20 {
            assert_eq!(rates.draw(Class::Cosmetic, 1, true, later), Ok(()));
        }
        let flood = rates.draw(Class::Cosmetic, 1, true, later + Duration::from_secs(5));
        assert_eq!(flood, Err(Flood { retry_after_s: 19, inside_penalty: false }));
    }

    #[test]
    fn a_burst_of_sends_passes_then_one_a_second() {
        let (mut rates, start) = (Rates::default(), Instant::now());
        for _ in 0..5 {
            assert_eq!(rates.draw(Class::Send, 1, true, start), Ok(()));
        }
        let refused = rates.draw(Class::Send, 1, true, start);
        assert_eq!(refused, Err(Flood { retry_after_s: 1, inside_penalty: false }));
        let inside = rates.draw(Class::Send, 1, true, start + Duration::from_millis(500));
        assert_eq!(inside, Err(Flood { retry_after_s: 2, inside_penalty: true }));
        assert_eq!(rates.draw(Class::Send, 1, true, start + Duration::from_secs(2)), Ok(()));
    }

    #[test]
    fn an_album_counts_as_its_messages() {
        let (mut rates, start) = (Rates::default(), Instant::now());
        assert_eq!(rates.draw_many(Class::Send, 1, true, 10, start), Ok(()));
        let refused = rates.draw(Class::Send, 1, true, start);
        assert_eq!(refused, Err(Flood { retry_after_s: 6, inside_penalty: false }));
        assert_eq!(rates.draw_many(Class::Send, -1, false, 10, start), Ok(()));
        assert_eq!(rates.draw_many(Class::Send, -1, false, 10, start), Ok(()));
        assert!(rates.draw(Class::Send, -1, false, start).is_err());
    }

    #[test]
    fn groups_and_the_whole_bot_have_windows() {
        let (mut rates, start) = (Rates::default(), Instant::now());
        for _ in 0..20 {
            assert_eq!(rates.draw(Class::Send, -1, false, start), Ok(()));
        }
        let group = rates.draw(Class::Send, -1, false, start);
        assert_eq!(group, Err(Flood { retry_after_s: 60, inside_penalty: false }));
        for chat in 1..=10 {
            assert_eq!(rates.draw(Class::Send, chat, true, start), Ok(()));
        }
        let overall = rates.draw(Class::Send, 11, true, start);
        assert_eq!(overall, Err(Flood { retry_after_s: 1, inside_penalty: false }));
    }
}
