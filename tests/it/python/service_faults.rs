//! Faults of the sandbox service: broken and silent runs, errors that pass, and a service that is down.

use std::time::Duration;

use playground::anthropic::{Reply, Step, StopReason};
use playground::e2b::{ApiError, Fault, Operation};
use rust_decimal::Decimal;
use serde_json::json;

use super::Lab;

#[tokio::test]
async fn a_run_without_its_end_is_an_error() {
    for fault in [Fault::CutStream, Fault::NoEnd] {
        let lab = Lab::start().await;
        lab.e2b.fail_next(Operation::Execute, 1, &fault);
        let result = lab.code("print('half')").await;
        assert_eq!(result["error"], "broken_off", "{fault:?}: {result}");
        assert_eq!(lab.paid().await[0].0, "broken_off");
        lab.rests(1).await;
        lab.end().await;
    }
    // The same if the code ends its own interpreter.
    let lab = Lab::start().await;
    assert_eq!(lab.code("import os\nos._exit(1)").await["error"], "broken_off");
    assert_eq!(lab.code("2").await["value"], "2");
    lab.end().await;
}

#[tokio::test]
async fn a_run_that_falls_silent_is_given_up() {
    let lab = Lab::start().await;
    lab.e2b.fail_next(Operation::Execute, 1, &Fault::Silent);
    assert_eq!(lab.code("1").await["error"], "broken_off");
    let (_, seconds, _) = lab.paid().await.remove(0);
    assert!(seconds < Decimal::from(60), "the service keeps running code alive, so its silence is short");
    assert_eq!(lab.code("2").await["value"], "2");
    lab.end().await;
}

#[tokio::test]
async fn passing_faults_are_retried_as_the_service_asks() {
    let lab = Lab::start().await;
    lab.e2b.fail_next(Operation::Create, 1, &Fault::Error(ApiError::rate_limited(1)));
    lab.e2b.fail_next(Operation::Create, 1, &Fault::LoseAnswer);
    lab.e2b.fail_next(Operation::ListFiles, 1, &Fault::Drop);
    lab.e2b.fail_next(Operation::Download, 2, &Fault::Error(ApiError::busy()));
    let result = lab.code("open('a.txt', 'w').write('x')").await;
    assert_eq!(result["files"][0]["path"], "a.txt", "{result}");
    let creations = lab.e2b.calls_of(Operation::Create);
    assert_eq!(creations.len(), 3);
    assert!(creations[1].at - creations[0].at >= Duration::from_secs(1), "it asked for a second");
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn a_service_that_is_down_is_told_once_and_not_asked_again() {
    let lab = Lab::start().await;
    lab.e2b.fail_next(Operation::Create, 100, &Fault::Error(ApiError::busy()));
    for _ in 0..2 {
        lab.bot.model.script(Reply::steps(vec![
            Step::ToolUse { name: "execute_python".to_owned(), input: json!({"code": "1"}) },
            Step::Stop(StopReason::ToolUse),
        ]));
    }
    lab.bot.model.script(Reply::steps(vec![Step::Text("I cannot compute today.".to_owned())]));
    assert_eq!(lab.bot.ask("Compute it.").await, "I cannot compute today.");
    let result = lab.results().pop().unwrap();
    assert_eq!(result["error"], "service_down", "{result}");
    assert_eq!(lab.e2b.calls_of(Operation::Create).len(), 4, "one request with its retries");
    assert!(lab.paid().await.is_empty(), "there was no sandbox");
    lab.end().await;
}
