//! Readiness while parts work, fail, recover and fall silent.

use super::*;

const GRACE: Duration = Duration::from_secs(10);

fn running() -> Readiness {
    let readiness = Readiness::default();
    readiness.running();
    readiness
}

#[tokio::test(start_paused = true)]
async fn the_service_is_ready_when_all_of_its_parts_work() {
    let readiness = Readiness::default();
    assert_eq!(readiness.check(), Err("starting".to_owned()));
    readiness.running();
    readiness.intake.works();
    assert_eq!(readiness.check(), Err("not ready: the dispatcher has not begun yet".to_owned()));
    readiness.dispatcher.works();
    assert_eq!(readiness.check(), Ok(()));
    readiness.draining();
    assert_eq!(readiness.check(), Err("draining".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn failures_that_go_on_use_up_one_grace() {
    let readiness = running();
    readiness.dispatcher.works();
    readiness.intake.works();
    for second in 0..10 {
        readiness.intake.fails_after(GRACE, &format!("failure {second}"));
        assert_eq!(readiness.check(), Ok(()), "after {second} s");
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(readiness.check(), Err("not ready: failure 9".to_owned()));
    readiness.intake.works_for(GRACE, "silence");
    assert_eq!(readiness.check(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_part_that_falls_silent_has_failed() {
    let readiness = running();
    readiness.intake.works();
    readiness.dispatcher.works_for(GRACE, "silence");
    tokio::time::advance(Duration::from_millis(9_999)).await;
    assert!(readiness.dispatcher.is_working());
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(readiness.check(), Err("not ready: silence".to_owned()));
    readiness.dispatcher.works();
    tokio::time::advance(GRACE * 100).await;
    assert_eq!(readiness.check(), Ok(()));
}
