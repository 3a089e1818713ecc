//! Chat actions ("typing", "sending a photo"): what the bot is doing, by phase and kind. One loop per chat
//! shows the actions of all its turns, topic by topic, within the budget that drafts use too. It runs while a
//! turn wants an action.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::bot_api::flow::Class;
use crate::bot_api::methods::SendChatAction;
use crate::bot_api::{Api, Postponed};
use crate::domain::ids::{ChatId, MessageId, ThreadKey, TopicId, TurnId};
use crate::domain::tool::Activity;
use crate::lifecycle::Lifecycle;

/// The refresh interval; Telegram shows an action for five seconds.
const REFRESH: Duration = Duration::from_millis(4_500);
/// The gap between two actions in one chat, over all topics. Drafts, which share the budget, keep the larger
/// part.
const GAP: Duration = Duration::from_secs(1);

/// Returns Telegram's name of an activity.
fn word(activity: Activity) -> &'static str {
    match activity {
        Activity::Writing => "typing",
        Activity::Picture => "upload_photo",
        Activity::File => "upload_document",
    }
}

/// The actions of all chats. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Actions(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    api: Api,
    life: Lifecycle,
    chats: Mutex<HashMap<ChatId, ChatActions>>,
}

impl Actions {
    /// Creates the actions without loops. A chat's loop runs while at least one of its turns wants an action.
    pub(crate) fn new(api: Api, life: Lifecycle) -> Self {
        Self(Arc::new(Inner { api, life, chats: Mutex::default() }))
    }

    /// Adds a turn to its chat's loop. It wants no action yet and is removed when the handle is dropped.
    pub(super) fn join(&self, chat: ChatId, topic: Option<TopicId>, turn: TurnId) -> ActionHandle {
        self.enter(chat, topic, ActionOwner::Turn(turn))
    }

    /// Shows that something is being prepared for a message, until the handle is dropped.
    pub(crate) fn show(&self, key: ThreadKey, message: MessageId) -> ActionHandle {
        let mut handle = self.enter(key.chat, key.topic, ActionOwner::Message(message));
        handle.want(true);
        handle
    }

    fn enter(&self, chat: ChatId, topic: Option<TopicId>, owner: ActionOwner) -> ActionHandle {
        self.chats().entry(chat).or_default().join(topic, owner, Instant::now());
        ActionHandle { actions: self.clone(), chat, owner, kind: Activity::default(), wanted: false }
    }

    /// Shows one action after the other until no turn of the chat wants one.
    async fn serve(&self, id: ChatId) {
        while let Some((next, changed)) = self.next(id) {
            tokio::select! {
                () = self.0.life.abort.cancelled() => return,
                () = changed.notified() => continue,
                () = tokio::time::sleep_until(next.due) => {}
            }
            let called = call(&self.0.api, id, next);
            tokio::pin!(called);
            let called = loop {
                tokio::select! {
                    called = &mut called => break Some(called),
                    // An action that arrived after the answer would be shown for five seconds.
                    () = changed.notified() => if !self.is_wanted(id, next.topic) { break None },
                }
            };
            if let Some(chat) = self.chats().get_mut(&id) {
                match called {
                    Some(postponed) => chat.called(next, postponed, Instant::now()),
                    None => chat.not_before = Some(Instant::now() + GAP),
                }
            }
        }
    }

    /// Returns the next action to show. If none is wanted, returns `None` and marks the loop as ended.
    fn next(&self, id: ChatId) -> Option<(DueAction, Arc<Notify>)> {
        let mut chats = self.chats();
        let chat = chats.get_mut(&id)?;
        if let Some(next) = chat.next() {
            return Some((next, chat.changed.clone()));
        }
        chat.running = false;
        if chat.places.is_empty() {
            chats.remove(&id);
        }
        None
    }

    fn is_wanted(&self, id: ChatId, topic: Option<TopicId>) -> bool {
        self.chats().get(&id).is_some_and(|chat| chat.kind_in(topic).is_some())
    }

    fn chats(&self) -> MutexGuard<'_, HashMap<ChatId, ChatActions>> {
        self.0.chats.lock()
    }
}

/// What wants an action shown: an answer, or a message that is being prepared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ActionOwner {
    Turn(TurnId),
    Message(MessageId),
}

/// The action that one turn or message wants shown.
#[derive(Debug)]
pub(crate) struct ActionHandle {
    actions: Actions,
    chat: ChatId,
    owner: ActionOwner,
    kind: Activity,
    wanted: bool,
}

impl ActionHandle {
    /// Sets the activity; a new one is shown at once.
    pub(super) fn set(&mut self, kind: Activity) {
        if self.kind != kind {
            self.kind = kind;
            self.tell();
        }
    }

    /// Sets whether an action is shown.
    pub(super) fn want(&mut self, wanted: bool) {
        if self.wanted != wanted {
            self.wanted = wanted;
            self.tell();
        }
    }

    fn tell(&self) {
        let mut chats = self.actions.chats();
        let Some(chat) = chats.get_mut(&self.chat) else { return };
        chat.set_action(self.owner, self.wanted.then_some(self.kind), Instant::now());
        chat.changed.notify_one();
        if self.wanted && !chat.running {
            chat.running = true;
            let (actions, id) = (self.actions.clone(), self.chat);
            self.actions.0.life.spawn("chat actions", async move { actions.serve(id).await });
        }
    }
}

impl Drop for ActionHandle {
    fn drop(&mut self) {
        let mut chats = self.actions.chats();
        let Some(chat) = chats.get_mut(&self.chat) else { return };
        chat.leave(self.owner);
        chat.changed.notify_one();
        // A running loop removes the chat itself; otherwise a new turn would start a second loop.
        if chat.places.is_empty() && !chat.running {
            chats.remove(&self.chat);
        }
    }
}

/// The actions of one chat.
#[derive(Debug, Default)]
struct ChatActions {
    places: Vec<ActionTarget>,
    /// No action may be shown in the chat before this time.
    not_before: Option<Instant>,
    /// Whether the chat has a loop.
    running: bool,
    changed: Arc<Notify>,
}

/// A place for actions: a topic, or the chat outside topics.
#[derive(Debug)]
struct ActionTarget {
    topic: Option<TopicId>,
    due: Instant,
    /// The action shown last.
    shown: Option<Activity>,
    /// The action that each turn or message wants; the newest one counts.
    owners: Vec<(ActionOwner, Option<Activity>)>,
}

impl ActionTarget {
    fn kind(&self) -> Option<Activity> {
        self.owners.iter().rev().find_map(|&(_, kind)| kind)
    }
}

/// An action and when to show it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct DueAction {
    topic: Option<TopicId>,
    kind: Activity,
    due: Instant,
}

impl ChatActions {
    fn join(&mut self, topic: Option<TopicId>, owner: ActionOwner, now: Instant) {
        match self.places.iter_mut().find(|place| place.topic == topic) {
            Some(place) => place.owners.push((owner, None)),
            None => {
                self.places.push(ActionTarget { topic, due: now, shown: None, owners: vec![(owner, None)] });
            }
        }
    }

    fn leave(&mut self, owner: ActionOwner) {
        for place in &mut self.places {
            place.owners.retain(|&(other, _)| other != owner);
        }
        self.places.retain(|place| !place.owners.is_empty());
    }

    /// Sets the action of a turn or message. One that differs from the action shown last is due at once.
    fn set_action(&mut self, owner: ActionOwner, action: Option<Activity>, now: Instant) {
        for place in &mut self.places {
            let Some(at) = place.owners.iter().position(|&(other, _)| other == owner) else { continue };
            place.owners.remove(at);
            place.owners.push((owner, action));
            if place.kind().is_some_and(|kind| Some(kind) != place.shown) {
                place.due = place.due.min(now);
            }
        }
    }

    fn kind_in(&self, topic: Option<TopicId>) -> Option<Activity> {
        self.places.iter().find(|place| place.topic == topic)?.kind()
    }

    /// Returns the action that has waited longest, so that all places get theirs even if the budget is too
    /// small.
    fn next(&self) -> Option<DueAction> {
        let wanted = self.places.iter().filter_map(|place| Some((place, place.kind()?)));
        let (place, kind) = wanted.min_by_key(|(place, _)| place.due)?;
        let due = self.not_before.map_or(place.due, |time| time.max(place.due));
        Some(DueAction { topic: place.topic, kind, due })
    }

    /// Records that an action was shown, or that it was `postponed` until the chat's budget has room.
    fn called(&mut self, shown: DueAction, postponed: Option<Instant>, now: Instant) {
        self.not_before = Some(postponed.unwrap_or(now + GAP));
        let place = self.places.iter_mut().find(|place| place.topic == shown.topic);
        let Some(place) = place.filter(|_| postponed.is_none()) else { return };
        place.shown = Some(shown.kind);
        if place.kind().is_none_or(|kind| kind == shown.kind) {
            place.due = now + REFRESH;
        }
    }
}

/// Shows one action. If the budget is used up, returns when to try again.
async fn call(api: &Api, chat: ChatId, next: DueAction) -> Option<Instant> {
    let method = SendChatAction { chat_id: chat, message_thread_id: next.topic, action: word(next.kind) };
    match api.attempt(chat, Class::Action, &method).await {
        Ok(_) => None,
        Err(Postponed::NotBefore(time)) => Some(time),
        Err(Postponed::Failed(error)) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "a chat action was not shown");
            None
        }
    }
}

#[cfg(test)]
mod tests;
