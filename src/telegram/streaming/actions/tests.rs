//! Which chat action is shown where and when, within the budget of calls.

use super::*;

fn turn(id: i64) -> ActionOwner {
    ActionOwner::Turn(TurnId(id))
}

/// Turns 1, 2, ... in the chat itself and in topics 1, 2, ..., all of them typing.
fn busy(places: i32, now: Instant) -> ChatActions {
    let mut chat = ChatActions::default();
    for number in 0..places {
        let owner = turn(i64::from(number) + 1);
        chat.join((number > 0).then_some(TopicId(number)), owner, now);
        chat.set_action(owner, Some(Activity::Writing), now);
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
    chat.set_action(turn(1), Some(Activity::Picture), start);
    chat.called(first, None, start);
    let photo = DueAction { topic: None, kind: Activity::Picture, due: start + GAP };
    assert_eq!(chat.next(), Some(photo));
    chat.called(photo, None, photo.due);
    chat.set_action(turn(1), None, photo.due);
    assert_eq!(chat.next(), None);
    chat.set_action(turn(1), Some(Activity::Picture), photo.due);
    assert_eq!(chat.next().map(|next| next.due), Some(photo.due + REFRESH), "it is still seen");
    chat.set_action(turn(1), Some(Activity::Writing), photo.due + GAP);
    assert_eq!(chat.next().map(|next| next.due), Some(photo.due + GAP));
}

#[test]
fn turns_in_one_place_share_its_action_and_the_last_to_leave_ends_it() {
    let start = Instant::now();
    let mut chat = busy(1, start);
    chat.join(None, turn(2), start);
    chat.set_action(turn(2), Some(Activity::File), start);
    assert_eq!(chat.next().map(|next| next.kind), Some(Activity::File));
    chat.set_action(turn(2), None, start);
    assert_eq!(chat.next().map(|next| next.kind), Some(Activity::Writing));
    chat.leave(turn(1));
    assert_eq!(chat.next(), None);
    chat.leave(turn(2));
    assert!(chat.places.is_empty());
}
