//! The order in which work gets its slot.

use futures::FutureExt;

use super::*;

#[tokio::test]
async fn further_answers_wait_in_order_and_nothing_is_left_behind() {
    let slots = Slots::new(2);
    let first = slots.acquire(UserId(1)).await;
    let second = slots.acquire(UserId(1)).await;
    let other = slots.acquire(UserId(2)).await;
    let mut third = Box::pin(slots.acquire(UserId(1)));
    assert!((&mut third).now_or_never().is_none());
    drop(first);
    let third = third.await;
    drop((second, third, other));
    assert!(slots.users().is_empty());
}

#[tokio::test]
async fn one_that_must_be_alone_waits_for_the_others_and_is_not_overtaken() {
    let slots = Slots::new(2);
    let first = slots.acquire(UserId(1)).await;
    let mut alone = Box::pin(slots.acquire_all(UserId(1)));
    assert!((&mut alone).now_or_never().is_none());
    let mut later = Box::pin(slots.acquire(UserId(1)));
    assert!((&mut later).now_or_never().is_none());
    drop(first);
    let alone = alone.await;
    assert!((&mut later).now_or_never().is_none());
    drop(alone);
    drop(later.await);
    assert!(slots.users().is_empty());
}
