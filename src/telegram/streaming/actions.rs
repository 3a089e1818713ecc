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
use crate::domain::ids::{ChatId, TopicId, TurnId};
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
        self.chats().entry(chat).or_default().join(topic, turn, Instant::now());
        ActionHandle { actions: self.clone(), chat, turn, kind: Activity::default(), wanted: false }
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

/// The action that one turn wants shown.
#[derive(Debug)]
pub(super) struct ActionHandle {
    actions: Actions,
    chat: ChatId,
    turn: TurnId,
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
        chat.set_action(self.turn, self.wanted.then_some(self.kind), Instant::now());
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
        chat.leave(self.turn);
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
    /// The action that each turn wants; the newest one counts.
    turns: Vec<(TurnId, Option<Activity>)>,
}

impl ActionTarget {
    fn kind(&self) -> Option<Activity> {
        self.turns.iter().rev().find_map(|&(_, kind)| kind)
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
    fn join(&mut self, topic: Option<TopicId>, turn: TurnId, now: Instant) {
        match self.places.iter_mut().find(|place| place.topic == topic) {
            Some(place) => place.turns.push((turn, None)),
            None => {
                self.places.push(ActionTarget { topic, due: now, shown: None, turns: vec![(turn, None)] });
            }
        }
    }

    fn leave(&mut self, turn: TurnId) {
        for place in &mut self.places {
            place.turns.retain(|&(other, _)| other != turn);
        }
        self.places.retain(|place| !place.turns.is_empty());
    }

    /// Sets the action of a turn. One that differs from the action shown last is due at once.
    fn set_action(&mut self, turn: TurnId, action: Option<Activity>, now: Instant) {
        for place in &mut self.places {
            let Some(at) = place.turns.iter().position(|&(other, _)| other == turn) else { continue };
            place.turns.remove(at);
            place.turns.push((turn, action));
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
mod tests {
    use super::*;

    /// Turns 1, 2, ... in the chat itself and in topics 1, 2, ..., all of them typing.
    fn busy(places: i32, now: Instant) -> ChatActions {
        let mut chat = ChatActions::default();
        for number in 0..places {
            let turn = TurnId(i64::from(number) + 1);
            chat.join((number > 0).then_some(TopicId(number)), turn, now);
            chat.set_action(turn, Some(Activity::Writing), now);
        }
        chat
    }

    #[test]
    fn places_take_turns_and_none_is_left_out() {
        let start = Instant::now();
        let mut chat = busy(7, start);
        let mut seen = Vec::new();
        for _ in 0..14 {
            let next = chat.next().unwrap();
            chat.called(next, None, next.due);
            seen.push((next.topic.map_or(0, |topic| topic.0), (next.due - start).as_secs()));
        }
        let topics: Vec<i32> = seen.iter().map(|&(topic, _)| topic).collect();
        assert_eq!(topics, (0..7).chain(0..7).collect::<Vec<_>>());
        assert!(seen.windows(2).all(|pair| pair[1].1 > pair[0].1), "never two at once: {seen:?}");
    }

    #[test]
    fn a_lone_place_is_refreshed_before_its_action_fades() {
        let start = Instant::now();
        let mut chat = busy(1, start);
        let first = chat.next().unwrap();
        assert_eq!(first.due, start);
        chat.called(first, None, start);
        assert_eq!(chat.next().unwrap().due, start + REFRESH);
    }

    #[test]
    fn a_full_budget_postpones_all_places_and_changes_no_order() {
        let start = Instant::now();
        let mut chat = busy(2, start);
        let first = chat.next().unwrap();
        let free = start + Duration::from_secs(30);
        chat.called(first, Some(free), start);
        assert_eq!(chat.next(), Some(DueAction { due: free, ..first }));
    }

    #[test]
    fn a_new_kind_is_shown_at_once_also_if_it_came_during_a_call() {
        let start = Instant::now();
        let mut chat = busy(1, start);
        let first = chat.next().unwrap();
        chat.set_action(TurnId(1), Some(Activity::Picture), start);
        chat.called(first, None, start);
        let photo = DueAction { topic: None, kind: Activity::Picture, due: start + GAP };
        assert_eq!(chat.next(), Some(photo));
        chat.called(photo, None, photo.due);
        chat.set_action(TurnId(1), None, photo.due);
        assert_eq!(chat.next(), None);
        chat.set_action(TurnId(1), Some(Activity::Picture), photo.due);
        assert_eq!(chat.next().map(|next| next.due), Some(photo.due + REFRESH), "it is still seen");
        chat.set_action(TurnId(1), Some(Activity::Writing), photo.due + GAP);
        assert_eq!(chat.next().map(|next| next.due), Some(photo.due + GAP));
    }

    #[test]
    fn turns_in_one_place_share_its_action_and_the_last_to_leave_ends_it() {
        let start = Instant::now();
        let mut chat = busy(1, start);
        chat.join(None, TurnId(2), start);
        chat.set_action(TurnId(2), Some(Activity::File), start);
        assert_eq!(chat.next().map(|next| next.kind), Some(Activity::File));
        chat.set_action(TurnId(2), None, start);
        assert_eq!(chat.next().map(|next| next.kind), Some(Activity::Writing));
        chat.leave(TurnId(1));
        assert_eq!(chat.next(), None);
        chat.leave(TurnId(2));
        assert!(chat.places.is_empty());
    }
}
