//! Flow control: what may be called in which chat at which moment. Telegram's limits are not promises, so a penalty is
//! always possible: nothing is called inside it, and the bot is careful for a while afterwards.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::ids::ChatId;

/// Sends and edits in a private chat: one a second on average, short bursts pass. All periods are a little longer than
/// Telegram's, because a call arrives some time after it was admitted.
const PRIVATE_MESSAGES: &[(usize, Duration)] = &[(5, Duration::from_millis(5_200))];
/// Sends and edits in a group.
const GROUP_MESSAGES: &[(usize, Duration)] = &[(20, Duration::from_secs(62))];
/// Drafts and chat actions share one budget in each chat. All of it is open to first drafts only: they make a reader
/// wait if they are late.
const COSMETICS: &[(usize, Duration)] = &[(20, Duration::from_millis(5_200)), (40, Duration::from_secs(31))];
/// The part of it for later drafts; one a second fits.
const LATER_DRAFTS: &[(usize, Duration)] =
    &[(16, Duration::from_millis(5_200)), (32, Duration::from_secs(31))];
/// The part of it for chat actions.
const ACTIONS: &[(usize, Duration)] = &[(10, Duration::from_millis(5_200)), (20, Duration::from_secs(31))];
/// Places in a message budget that unfinished messages leave for finished ones.
const RESERVED: usize = 2;
/// How long after a penalty the gap stays wide.
const CAUTION: Duration = Duration::from_secs(60);
/// The end of a penalty as we see it lies a little behind Telegram's.
const MARGIN: Duration = Duration::from_millis(250);
/// So many chats that are limited within this time mean that the bot itself is limited, not the chats.
const LIMITED: (usize, Duration) = (3, Duration::from_secs(2));
/// Chats in memory before idle ones are forgotten.
const CHATS: usize = 10_000;

/// What a call is, in falling priority.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// A finished message: waits as long as it must.
    Message,
    /// An unfinished message, sent or edited: now or never.
    Live,
    /// The first draft that shows something of an answer: now or never, with places of its own.
    FirstDraft,
    /// A later draft: now or never.
    Draft,
    /// A chat action: now or never.
    Action,
    /// The fetching of a file or a question: no budget counts it, but it obeys penalties.
    File,
}

/// The answer to a wish to call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// The place in the budget is taken: call.
    Now,
    /// Ask again then.
    NotBefore(Instant),
}

/// Budgets of all chats. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Flow(Arc<Mutex<FlowState>>);

#[derive(Debug)]
struct FlowState {
    overall: Option<(usize, Duration)>,
    overall_log: CallTimes,
    /// Nothing is sent anywhere before.
    punished_until: Option<Instant>,
    /// The newest penalties.
    penalties: VecDeque<(Instant, ChatId)>,
    chats: HashMap<ChatId, ChatBudget>,
}

#[derive(Debug, Default)]
struct ChatBudget {
    messages: CallTimes,
    cosmetics: CallTimes,
    punished_until: Option<Instant>,
    cautious_until: Option<Instant>,
    /// Finished messages that wait for their turn; nothing cosmetic passes them.
    waiting: usize,
}

/// A finished message that waits; nothing cosmetic is called in its chat meanwhile.
#[must_use]
pub struct WaitingMessage {
    flow: Flow,
    chat: ChatId,
}

impl Drop for WaitingMessage {
    fn drop(&mut self) {
        if let Some(chat) = self.flow.lock().chats.get_mut(&self.chat) {
            chat.waiting = chat.waiting.saturating_sub(1);
        }
    }
}

impl Flow {
    /// Budgets with so many sends and edits a second over all chats; 0 means no overall limit.
    pub fn new(sends_per_second: u32) -> Self {
        let overall = usize::try_from(sends_per_second).ok().filter(|&sends| sends > 0);
        let overall = overall.map(|sends| (sends, Duration::from_secs(1)));
        Self(Arc::new(Mutex::new(FlowState {
            overall,
            overall_log: CallTimes::default(),
            punished_until: None,
            penalties: VecDeque::new(),
            chats: HashMap::new(),
        })))
    }

    /// Announces a finished message, until the guard is dropped.
    pub fn waiting(&self, chat: ChatId) -> WaitingMessage {
        self.lock().chats.entry(chat).or_default().waiting += 1;
        WaitingMessage { flow: self.clone(), chat }
    }

    /// Takes a place in the budgets, or says when to ask again.
    pub fn admit(&self, chat: ChatId, class: Class) -> Admission {
        self.lock().admit(chat, class, Instant::now())
    }

    /// Nothing is called in `chat` for so long. When several chats are limited at once, nothing is sent anywhere.
    pub fn punish(&self, id: ChatId, wait: Duration) {
        let mut state = self.lock();
        let now = Instant::now();
        let end = now + wait + MARGIN;
        if state.is_limited(id, now) {
            tracing::warn!(
                wait_s = wait.as_secs(),
                "Telegram limits several chats at once, sending nothing anywhere"
            );
            state.punished_until = state.punished_until.max(Some(end));
        }
        let chat = state.chats.entry(id).or_default();
        chat.punished_until = chat.punished_until.max(Some(end));
        chat.cautious_until = chat.punished_until.map(|end| end + CAUTION);
    }

    /// Whether a penalty was recent.
    pub fn is_cautious(&self, chat: ChatId) -> bool {
        let now = Instant::now();
        self.lock().chats.get(&chat).and_then(|chat| chat.cautious_until).is_some_and(|end| now < end)
    }

    fn lock(&self) -> MutexGuard<'_, FlowState> {
        // A panic inside these few lines leaves budgets that are at worst a call off.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FlowState {
    /// Remembers a penalty and tells whether it is one of several chats at once.
    fn is_limited(&mut self, chat: ChatId, now: Instant) -> bool {
        let (chats, period) = LIMITED;
        self.penalties.retain(|&(time, other)| other != chat && now - time < period);
        self.penalties.push_back((now, chat));
        self.penalties.len() >= chats
    }

    fn admit(&mut self, id: ChatId, class: Class, now: Instant) -> Admission {
        if self.chats.len() > CHATS {
            self.chats.retain(|_, chat| !chat.is_idle(now));
        }
        let chat = self.chats.entry(id).or_default();
        if let Some(end) = chat.punished_until.filter(|&end| now < end) {
            return Admission::NotBefore(end);
        }
        if !matches!(class, Class::Message | Class::File) && chat.waiting > 0 {
            return Admission::NotBefore(now + Duration::from_millis(500));
        }
        let is_message = matches!(class, Class::Message | Class::Live);
        if let Some(end) =
            self.punished_until.filter(|&end| (is_message || class == Class::File) && now < end)
        {
            return Admission::NotBefore(end);
        }
        let private = id.0 > 0;
        let limits = match class {
            Class::File => return Admission::Now,
            Class::FirstDraft => COSMETICS,
            Class::Draft => LATER_DRAFTS,
            Class::Action => ACTIONS,
            Class::Message | Class::Live if private => PRIVATE_MESSAGES,
            Class::Message | Class::Live => GROUP_MESSAGES,
        };
        let reserved = if class == Class::Live { RESERVED } else { 0 };
        let log = if is_message { &mut chat.messages } else { &mut chat.cosmetics };
        let own = log.free_at(limits, reserved, now);
        let overall = match self.overall {
            Some(limit) if is_message => self.overall_log.free_at(&[limit], reserved, now),
            _ => None,
        };
        if let Some(time) = own.max(overall) {
            return Admission::NotBefore(time);
        }
        log.take(if is_message { limits } else { COSMETICS }, now);
        if let Some(limit) = self.overall.filter(|_| is_message) {
            self.overall_log.take(&[limit], now);
        }
        Admission::Now
    }
}

impl ChatBudget {
    fn is_idle(&self, now: Instant) -> bool {
        let over = |end: Option<Instant>| end.is_none_or(|end| end <= now);
        let old = |log: &CallTimes| log.0.back().is_none_or(|&last| now - last > CAUTION);
        self.waiting == 0 && over(self.cautious_until) && old(&self.messages) && old(&self.cosmetics)
    }
}

/// The moments of the newest calls, as many as the largest limit counts.
#[derive(Debug, Default)]
struct CallTimes(VecDeque<Instant>);

impl CallTimes {
    /// When the next call fits all limits with `reserved` places to spare; none if it fits now.
    fn free_at(&self, limits: &[(usize, Duration)], reserved: usize, now: Instant) -> Option<Instant> {
        let blocked = |&(count, period): &(usize, Duration)| {
            let place = self.0.len().checked_sub(count.saturating_sub(reserved).max(1))?;
            self.0.get(place).map(|&call| call + period).filter(|&end| now < end)
        };
        limits.iter().filter_map(blocked).max()
    }

    fn take(&mut self, limits: &[(usize, Duration)], now: Instant) {
        let longest = limits.iter().map(|&(count, _)| count).max().unwrap_or(0);
        while self.0.len() >= longest {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }
}

#[cfg(test)]
mod tests;
