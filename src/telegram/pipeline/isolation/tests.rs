//! When suspects run, and who waits for them.

use futures::FutureExt;

use super::*;

fn turn(crashes_alone: i32, id: i64) -> Mode {
    Mode::Exclusive { crashes_alone, suspect: Suspect::Turn(TurnId(id)) }
}

#[tokio::test]
async fn a_suspect_waits_for_what_runs_and_others_run_between_two_suspects() {
    let isolation = Isolation::default();
    let (first, second) = (isolation.enter(Mode::Shared).await, isolation.enter(Mode::Shared).await);
    let mut worse = Box::pin(isolation.enter(turn(1, 1)));
    assert!((&mut worse).now_or_never().is_none());
    let mut better = Box::pin(isolation.enter(turn(0, 2)));
    assert!((&mut better).now_or_never().is_none());
    let mut later = Box::pin(isolation.enter(Mode::Shared));
    assert!((&mut later).now_or_never().is_none(), "nothing new begins");
    drop((first, second));
    let alone = (&mut worse).now_or_never().expect("whoever has closed the door goes first");
    assert!((&mut later).now_or_never().is_none());
    assert!((&mut better).now_or_never().is_none());
    drop(alone);
    let later = (&mut later).now_or_never().expect("others in between");
    assert!((&mut better).now_or_never().is_none());
    drop(later);
    drop((&mut better).now_or_never().expect("nothing else runs"));
    assert!(isolation.enter(Mode::Shared).now_or_never().is_some());
}

#[tokio::test]
async fn the_least_suspicious_goes_first() {
    let isolation = Isolation::default();
    let running = isolation.enter(turn(0, 1)).await;
    let modes = [turn(2, 3), turn(0, 5), turn(0, 4)];
    let mut waiting: Vec<_> = modes.map(|mode| Box::pin(isolation.enter(mode))).into();
    assert!(waiting.iter_mut().all(|suspect| suspect.now_or_never().is_none()));
    drop(running);
    let (mut order, mut numbers) = (Vec::new(), vec![3, 5, 4]);
    while !waiting.is_empty() {
        let found = waiting.iter_mut().position(|suspect| suspect.now_or_never().map(drop).is_some());
        let found = found.expect("somebody may run");
        drop(waiting.remove(found));
        order.push(numbers.remove(found));
    }
    assert_eq!(order, [4, 5, 3]);
}

#[tokio::test]
async fn no_suspect_begins_before_all_have_come() {
    let isolation = Isolation::default();
    let assembly = isolation.assemble();
    let last = assembly.clone();
    let mut worse = Box::pin(isolation.enter(turn(2, 1)));
    assert!((&mut worse).now_or_never().is_none());
    drop(assembly);
    assert!((&mut worse).now_or_never().is_none());
    drop(isolation.enter(Mode::Shared).now_or_never().expect("others need not wait"));
    let mut better = Box::pin(isolation.enter(turn(0, 2)));
    assert!((&mut better).now_or_never().is_none());
    drop(last);
    assert!((&mut worse).now_or_never().is_none());
    assert!((&mut better).now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_long_answer_holds_nobody_up_for_long() {
    let isolation = Isolation::default();
    let long = isolation.enter(Mode::Shared).await;
    let others = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = tokio::time::Instant::now();
        drop(isolation.enter(Mode::Shared).await);
        assert!(before.elapsed() <= PATIENCE);
        drop(long);
    };
    // The suspect runs in the end, too.
    let (alone, ()) = tokio::join!(isolation.enter(turn(0, 1)), others);
    assert_eq!(alone.mode, turn(0, 1));
}

#[tokio::test]
async fn what_belongs_to_an_update_runs_with_it() {
    let isolation = Isolation::default();
    let suspect = Suspect::Update(UpdateId(7), ChatId(1));
    let alone = isolation.enter(Mode::Exclusive { crashes_alone: 0, suspect }).await;
    assert!(isolation.enter(Mode::Shared).now_or_never().is_none());
    let own = isolation.enter_with(Mode::Shared, |update, _| update == UpdateId(7)).now_or_never();
    let mut next = Box::pin(isolation.enter(turn(0, 1)));
    drop(alone);
    assert!((&mut next).now_or_never().is_none(), "what belonged to it still runs");
    drop(own.expect("it may run"));
    assert!((&mut next).now_or_never().is_some());
}

#[tokio::test]
async fn a_wait_that_is_given_up_and_a_pause_hold_nobody_up() {
    let isolation = Isolation::default();
    let mut running = isolation.enter(Mode::Shared).await;
    let mut given_up = Box::pin(isolation.enter(turn(0, 1)));
    assert!((&mut given_up).now_or_never().is_none());
    drop(given_up);
    drop(isolation.enter(Mode::Shared).now_or_never().expect("nobody waits"));
    let mut pause = Box::pin(running.pause(Duration::ZERO));
    assert!((&mut pause).now_or_never().is_none());
    let alone = isolation.enter(turn(0, 2)).now_or_never().expect("whoever pauses does not run");
    assert!((&mut pause).now_or_never().is_none());
    drop(alone);
    pause.await;
    assert!(isolation.enter(turn(0, 3)).now_or_never().is_none());
}
