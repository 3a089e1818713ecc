//! Flow control: which calls are admitted in which chat, and when. Keeping Telegram's known limits does not rule out a
//! penalty: until it ends, no call is made in its chat, and drafts and edits come more slowly for a while afterwards.

mod budget;
mod share;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use self::budget::{
    ACTIONS, ANNOUNCEMENTS_LEAVE, CAUTION, COSMETICS, CallTimes, ChatBudget, LATER_DRAFTS,
    announcement_limit, longest, message_limits, smallest,
};
use self::share::{OverallLimit, Takeovers};
use crate::domain::bucket::Bucket;
use crate::domain::ids::ChatId;

/// Places in a message budget that live messages leave for finished ones.
const RESERVED: usize = 2;
/// Added to a penalty, so that it ends here a little after it ends at Telegram.
const MARGIN: Duration = Duration::from_millis(250);
/// The number of chats limited within this time that indicates a limit on the bot itself, not on the chats.
const LIMITED: (usize, Duration) = (3, Duration::from_secs(2));
/// The number of chats in memory above which idle ones are forgotten.
const CHATS: usize = 10_000;

/// The kind of a call, which decides what it waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// A finished message: waits as long as necessary.
    Message,
    /// A message with files: waits as long as necessary, and leaves places in the overall budget for texts.
    Files,
    /// A part of an announcement to many people: waits, and leaves places in every budget for all others.
    Announcement,
    /// A live message, sent or edited: immediately or not at all.
    Live,
    /// The first draft with a part of the answer: immediately or not at all, with places of its own.
    FirstDraft,
    /// A later draft: immediately or not at all.
    Draft,
    /// A chat action: immediately or not at all.
    Action,
    /// A download or a query: counts in no budget, but obeys penalties.
    File,
}

impl Class {
    /// Returns whether a call counts in the budget of messages of its chat, and in the overall one.
    fn is_message(self) -> bool {
        matches!(self, Self::Message | Self::Files | Self::Announcement | Self::Live)
    }

    /// Returns the limits of such calls in a chat; `None` if they count in no budget.
    fn limits(self, chat: ChatId) -> Option<&'static [(usize, Duration)]> {
        match self {
            Self::File => None,
            Self::FirstDraft => Some(COSMETICS),
            Self::Draft => Some(LATER_DRAFTS),
            Self::Action => Some(ACTIONS),
            Self::Message | Self::Files | Self::Announcement | Self::Live => Some(message_limits(chat)),
        }
    }
}

/// The decision about a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Admission {
    /// The call may be made now; its place in the budget is taken.
    Now,
    /// Ask again at this time.
    NotBefore(Instant),
}

/// Budgets of all chats. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Flow(Arc<Mutex<FlowState>>);

#[derive(Debug)]
struct FlowState {
    /// The part of the overall budget that this instance may use.
    overall: Option<OverallLimit>,
    overall_log: CallTimes,
    takeovers: Takeovers,
    /// The announcements among those calls, and until when none is sent because one was refused.
    announcement_log: CallTimes,
    no_announcements_until: Option<Instant>,
    /// The end of a penalty of the whole bot: before it no message, edit or request for a file is admitted in any
    /// chat. Drafts and chat actions are held back only by the penalty of their own chat.
    punished_until: Option<Instant>,
    /// The most recent penalties.
    penalties: VecDeque<(Instant, ChatId)>,
    chats: HashMap<ChatId, ChatBudget>,
}

/// A finished message that waits; no cosmetic call is made in its chat meanwhile.
#[must_use]
pub(crate) struct WaitingMessage {
    flow: Flow,
    chat: ChatId,
}

impl Drop for WaitingMessage {
    fn drop(&mut self) {
        if let Some(chat) = self.flow.0.lock().chats.get_mut(&self.chat) {
            chat.waiting = chat.waiting.saturating_sub(1);
        }
    }
}

impl Flow {
    /// Creates budgets with `sends_per_second` sends and edits over all chats; 0 means no overall limit.
    pub(crate) fn new(sends_per_second: u32) -> Self {
        let overall = usize::try_from(sends_per_second).ok().filter(|&sends| sends > 0);
        Self(Arc::new(Mutex::new(FlowState {
            overall: overall.map(OverallLimit::new),
            overall_log: CallTimes::default(),
            takeovers: Takeovers::default(),
            announcement_log: CallTimes::default(),
            no_announcements_until: None,
            punished_until: None,
            penalties: VecDeque::new(),
            chats: HashMap::new(),
        })))
    }

    /// Registers a finished message as waiting until the guard is dropped.
    pub(crate) fn waiting(&self, chat: ChatId) -> WaitingMessage {
        self.0.lock().chats.entry(chat).or_default().waiting += 1;
        WaitingMessage { flow: self.clone(), chat }
    }

    /// Takes a place in the budgets, or returns when to ask again.
    pub(crate) fn admit(&self, chat: ChatId, class: Class) -> Admission {
        self.0.lock().admit(chat, class, Instant::now())
    }

    /// Returns whether a finished message would be admitted now. Takes no place.
    pub(crate) fn has_room(&self, chat: ChatId) -> bool {
        self.0.lock().postponed(chat, Class::Message, Instant::now()).is_none()
    }

    /// Takes the places of a message with `files` files, each of which counts as one message, or returns when
    /// to ask again.
    pub(crate) fn admit_files(&self, chat: ChatId, files: usize) -> Admission {
        let (mut state, now) = (self.0.lock(), Instant::now());
        let admission = state.admit(chat, Class::Files, now);
        if admission == Admission::Now {
            state.take_more(chat, files.saturating_sub(1), now);
        }
        admission
    }

    /// Starts a pause of `wait` in which no announcements are sent: they are too many.
    pub(crate) fn pause_announcements(&self, wait: Duration) {
        let mut state = self.0.lock();
        state.no_announcements_until = state.no_announcements_until.max(Some(Instant::now() + wait + MARGIN));
    }

    /// Sets how many of the 1,024 buckets of chats this instance has: it may use that part of the overall budget; at
    /// first it is all of it. More counts only after a second, because whoever had them before may have just sent.
    pub(crate) fn set_share(&self, buckets: usize) {
        if let Some(overall) = &mut self.0.lock().overall {
            overall.set_share(buckets, Instant::now());
        }
    }

    /// Records that the chats of these buckets were taken over from an instance that has died. What it
    /// sent there is not known, so for as long as that may count, half of their budgets counts as used.
    pub(crate) fn took_over(&self, buckets: impl IntoIterator<Item = Bucket>) {
        self.0.lock().takeovers.record(buckets, Instant::now());
    }

    /// Starts a penalty of `wait` in a chat. If several chats are limited at once, it applies to all chats.
    pub(crate) fn punish(&self, id: ChatId, wait: Duration) {
        let mut state = self.0.lock();
        let now = Instant::now();
        let end = now + wait + MARGIN;
        if state.is_limited(id, now) {
            tracing::warn!(
                wait_s = wait.as_secs(),
                "Telegram limits several chats at once, everything but drafts and chat actions waits in all chats"
            );
            state.punished_until = state.punished_until.max(Some(end));
        }
        let chat = state.chats.entry(id).or_default();
        chat.punished_until = chat.punished_until.max(Some(end));
        chat.cautious_until = chat.punished_until.map(|end| end + CAUTION);
    }

    /// Returns whether the chat had a recent penalty, or was taken over lately.
    pub(crate) fn is_cautious(&self, chat: ChatId) -> bool {
        let now = Instant::now();
        let state = self.0.lock();
        let punished = state.chats.get(&chat).and_then(|chat| chat.cautious_until);
        punished.is_some_and(|end| now < end) || state.takeovers.concern(chat, CAUTION, now)
    }
}

impl FlowState {
    /// Records a penalty and returns whether it is one of several chats at once.
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
        if let Some(time) = self.postponed(id, class, now) {
            return Admission::NotBefore(time);
        }
        self.take(id, class, now);
        Admission::Now
    }

    /// Returns when to ask again, or `None` if a call may be made now.
    fn postponed(&mut self, id: ChatId, class: Class, now: Instant) -> Option<Instant> {
        let chat = self.chats.entry(id).or_default();
        if let Some(end) = chat.punished_until.filter(|&end| now < end) {
            return Some(end);
        }
        if !matches!(class, Class::Message | Class::Files | Class::File) && chat.waiting > 0 {
            return Some(now + Duration::from_millis(500));
        }
        let is_announcement = class == Class::Announcement;
        if let Some(end) = self.no_announcements_until.filter(|&end| is_announcement && now < end) {
            return Some(end);
        }
        let obeys_all = class.is_message() || class == Class::File;
        if let Some(end) = self.punished_until.filter(|&end| obeys_all && now < end) {
            return Some(end);
        }
        let limits = class.limits(id)?;
        let reserved = if matches!(class, Class::Live | Class::Announcement) { RESERVED } else { 0 };
        let is_taken_over = self.takeovers.concern(id, longest(limits), now);
        let used = if is_taken_over { smallest(limits) / 2 } else { 0 };
        let log = if class.is_message() { &chat.messages } else { &chat.cosmetics };
        let own = log.free_at(limits, reserved + used, now);
        let overall_limit =
            self.overall.as_mut().filter(|_| class.is_message()).map(|overall| overall.at(now));
        let overall = overall_limit.and_then(|limit| {
            let reserved = match class {
                Class::Files => RESERVED,
                Class::Announcement => limit.0 / ANNOUNCEMENTS_LEAVE,
                _ => reserved,
            };
            self.overall_log.free_at(&[limit], reserved, now)
        });
        let announcements = overall_limit.filter(|_| is_announcement).map(announcement_limit);
        let pace = announcements.and_then(|limit| self.announcement_log.free_at(&[limit], 0, now));
        own.max(overall).max(pace)
    }

    /// Takes the places of a call that is made now.
    fn take(&mut self, id: ChatId, class: Class, now: Instant) {
        let Some(limits) = class.limits(id) else { return };
        let chat = self.chats.entry(id).or_default();
        if !class.is_message() {
            chat.cosmetics.take(COSMETICS, now);
            return;
        }
        chat.messages.take(limits, now);
        let Some(limit) = self.overall.as_mut().map(|overall| overall.at(now)) else { return };
        self.overall_log.take(&[limit], now);
        if class == Class::Announcement {
            self.announcement_log.take(&[announcement_limit(limit)], now);
        }
    }
}

impl FlowState {
    /// Takes places for the further messages of an album. Those that exceed a budget count as sent in the
    /// following periods.
    fn take_more(&mut self, id: ChatId, count: usize, now: Instant) {
        let chat = self.chats.entry(id).or_default();
        for number in 1..=count {
            for &(size, period) in message_limits(id) {
                let periods = u32::try_from(number / size).unwrap_or(u32::MAX);
                chat.messages.take(message_limits(id), now + period * periods);
            }
            if let Some(overall) = &mut self.overall {
                self.overall_log.take(&[overall.at(now)], now);
            }
        }
    }
}

#[cfg(test)]
mod tests;
