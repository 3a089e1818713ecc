//! Readiness of a dispatcher that has stopped.

use super::*;
use crate::telemetry::readiness::Readiness;

#[tokio::test(start_paused = true)]
async fn a_dispatcher_that_stops_asking_for_updates_is_not_ready() {
    let readiness = Readiness::default();
    readiness.running();
    readiness.intake.works();
    let (sender, receiver) = mpsc::channel(2);
    let mut feed = Feed {
        updates: Arc::new(Mutex::new(receiver)).lock_owned().await,
        stop: mk_stop_token().0,
        begun: CancellationToken::new(),
        health: readiness.dispatcher.clone(),
        carried: Carried::default(),
    };
    let begun = feed.begun.clone();
    let mut stream = feed.as_stream();
    assert!(readiness.check().is_err(), "it has not begun");
    assert!(futures::poll!(stream.next()).is_pending());
    assert!(begun.is_cancelled());
    tokio::time::advance(STUCK * 100).await;
    assert_eq!(readiness.check(), Ok(()), "waiting for updates is no fault");
    for number in 1..=2 {
        let update = raw::Update::read(&format!(r#"{{"update_id":{number}}}"#)).unwrap();
        sender.send(update).await.unwrap();
    }
    assert!(stream.next().await.is_some());
    tokio::time::advance(STUCK).await;
    let stuck = "not ready: the dispatcher does not take the next update".to_owned();
    assert_eq!(readiness.check(), Err(stuck));
    assert!(stream.next().await.is_some());
    assert_eq!(readiness.check(), Ok(()));
    assert!(futures::poll!(stream.next()).is_pending());
    drop(stream);
    drop(feed);
    assert_eq!(readiness.check(), Err("not ready: the dispatcher has ended".to_owned()));
}
