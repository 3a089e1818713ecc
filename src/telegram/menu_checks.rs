//! Whose menus of commands are to be checked: those of everybody who writes, once in the life of the process,
//! and again when what they should have has changed. No answer waits for a menu.

use std::collections::{HashSet, VecDeque};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::domain::ids::UserId;

/// The most people who wait. Who finds no place is looked at with the next update.
const MOST_WAITING: usize = 1_000;
/// The most people of whom is remembered that their menus are right.
const MOST_RIGHT: usize = 100_000;

/// The menus that are to be looked at, and those that are known to be right.
#[derive(Debug, Default)]
pub(crate) struct MenuChecks {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct State {
    order: VecDeque<UserId>,
    waiting: HashSet<UserId>,
    right: HashSet<UserId>,
}

impl MenuChecks {
    /// Has the menu of a person looked at, unless it is known to be right.
    pub(crate) fn look(&self, user: UserId) {
        let mut state = self.state.lock();
        if state.right.contains(&user) || state.order.len() == MOST_WAITING || !state.waiting.insert(user) {
            return;
        }
        state.order.push_back(user);
        self.wake.notify_one();
    }

    /// Has the menu of a person looked at: what they should have may have changed.
    pub(crate) fn look_again(&self, user: UserId) {
        self.state.lock().right.remove(&user);
        self.look(user);
    }

    /// Waits for the next person whose menu is to be looked at. One task calls this.
    pub(crate) async fn next(&self) -> UserId {
        loop {
            if let Some(user) = self.taken() {
                return user;
            }
            self.wake.notified().await;
        }
    }

    fn taken(&self) -> Option<UserId> {
        let mut state = self.state.lock();
        let user = state.order.pop_front()?;
        state.waiting.remove(&user);
        Some(user)
    }

    /// Remembers that the menu of a person is right, unless it is to be looked at again.
    pub(crate) fn is_right(&self, user: UserId) {
        let mut state = self.state.lock();
        if state.waiting.contains(&user) {
            return;
        }
        if state.right.len() == MOST_RIGHT {
            state.right.clear();
        }
        state.right.insert(user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(checks: &MenuChecks) -> Vec<i64> {
        std::iter::from_fn(|| checks.taken()).map(|user| user.0).collect()
    }

    #[test]
    fn a_person_is_looked_at_once_and_again_after_a_change() {
        let checks = MenuChecks::default();
        for user in [1, 2, 1] {
            checks.look(UserId(user));
        }
        assert_eq!(drained(&checks), [1, 2]);
        checks.is_right(UserId(1));
        for user in [1, 2] {
            checks.look(UserId(user));
        }
        assert_eq!(drained(&checks), [2], "2 has failed");
        checks.look_again(UserId(1));
        // A change while the menu is being set.
        checks.is_right(UserId(1));
        assert_eq!(drained(&checks), [1]);
        checks.look(UserId(1));
        assert_eq!(drained(&checks), [1]);
    }

    #[test]
    fn neither_list_grows_for_ever() {
        let checks = MenuChecks::default();
        (0..2_000).for_each(|user| checks.look(UserId(user)));
        assert_eq!(drained(&checks).len(), MOST_WAITING);
        (0..200_001).for_each(|user| checks.is_right(UserId(user)));
        assert_eq!(checks.state.lock().right.len(), 1);
    }
}
