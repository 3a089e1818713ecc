//! Shutdown: grace time, second signal, vital tasks, panics.

use super::*;

#[tokio::test(start_paused = true)]
async fn running_work_may_finish_within_the_grace_time() {
    let life = Lifecycle::default();
    let finished = Arc::new(AtomicBool::new(false));
    let (drain, done) = (life.drain.clone(), finished.clone());
    life.spawn("work", async move {
        drain.cancelled().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        done.store(true, Ordering::Relaxed);
    });
    let mut signals = 0;
    let signal = async move || {
        signals += 1;
        if signals > 1 {
            std::future::pending::<()>().await;
        }
    };
    assert!(life.run(signal, Duration::from_secs(10)).await);
    assert!(finished.load(Ordering::Relaxed));
    assert!(life.abort.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_aborts_at_once() {
    let life = Lifecycle::default();
    let abort = life.abort.clone();
    life.spawn("work", async move { abort.cancelled().await });
    let before = tokio::time::Instant::now();
    assert!(life.run(async || {}, Duration::from_secs(60)).await);
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_vital_task_that_ends_stops_the_service_and_tells() {
    let life = Lifecycle::default();
    life.spawn_vital("intake", async {});
    assert!(!life.run(async || std::future::pending().await, Duration::from_secs(1)).await);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_told_by_the_exit() {
    let life = Lifecycle::default();
    life.spawn("work", async { panic!("for the test") });
    assert!(!life.run(async || {}, Duration::from_secs(1)).await);
}
