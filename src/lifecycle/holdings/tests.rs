//! Tests of what is held and what runs in it.

use futures::FutureExt;

use super::*;
use crate::domain::ids::ChatId;

fn instance() -> Holdings {
    let holdings = Holdings::default();
    holdings.join(InstanceId(7));
    holdings
}

fn bucket(number: i64) -> Bucket {
    Bucket::of(ChatId(number))
}

#[test]
fn a_program_that_is_no_instance_may_work_everywhere() {
    let holdings = Holdings::default();
    assert_eq!((holdings.epoch(bucket(3)), holdings.is_open(bucket(3))), (Some(0), true));
    assert!(holdings.enter(bucket(3)).is_some());
}

#[test]
fn updates_are_passed_on_in_a_held_bucket_once_it_is_opened() {
    let holdings = instance();
    assert_eq!((holdings.epoch(bucket(3)), holdings.is_open(bucket(3))), (None, false));
    assert!(holdings.enter(bucket(3)).is_none());
    assert!(holdings.hold(&[(bucket(3), 5), (bucket(4), 5)]));
    assert!(!holdings.hold(&[(bucket(3), 5), (bucket(4), 5)]), "nothing new");
    assert_eq!((holdings.epoch(bucket(3)), holdings.is_open(bucket(3))), (Some(5), false));
    assert_eq!(holdings.unopened(), [bucket(3), bucket(4)]);
    holdings.open(&[bucket(3)]);
    assert_eq!((holdings.is_open(bucket(3)), holdings.unopened()), (true, vec![bucket(4)]));
    assert!(holdings.hold(&[(bucket(3), 6)]), "taken anew under another epoch");
    assert_eq!((holdings.is_open(bucket(3)), holdings.held()), (false, vec![bucket(3)]));
}

#[test]
fn only_what_is_idle_is_closed_and_nothing_begins_in_it() {
    let holdings = instance();
    holdings.hold(&[(bucket(1), 1), (bucket(2), 1)]);
    let both = [bucket(1), bucket(2)];
    assert_eq!(holdings.close(&both), [], "nothing is taken up there yet");
    holdings.open(&both);
    let busy = holdings.enter(bucket(1)).unwrap();
    assert_eq!(holdings.close(&both), [bucket(2)]);
    assert!(holdings.enter(bucket(2)).is_none() && !holdings.is_open(bucket(2)));
    holdings.reopen(&[bucket(2)]);
    assert!(holdings.enter(bucket(2)).is_some());
    drop(busy);
    assert_eq!(holdings.close(&both), both);
    holdings.release(&both);
    assert_eq!(holdings.held(), []);
}

#[test]
fn the_end_of_work_in_a_leaving_bucket_is_told() {
    let holdings = instance();
    holdings.hold(&[(bucket(1), 1)]);
    holdings.open(&[bucket(1)]);
    let busy = holdings.enter(bucket(1)).unwrap();
    assert!(holdings.leaving(bucket(1)).now_or_never().is_none());
    holdings.leave(&[bucket(1)]);
    assert!(holdings.leaving(bucket(1)).now_or_never().is_some());
    assert!(holdings.idled().now_or_never().is_none());
    drop(busy);
    assert!(holdings.idled().now_or_never().is_some());
    holdings.leave(&[]);
    assert!(holdings.leaving(bucket(1)).now_or_never().is_none(), "it stays after all");
}
