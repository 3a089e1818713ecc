//! What a call costs when it ends, is cut, or is dropped.

use std::time::Duration;

use rust_decimal::dec;

use super::*;
use crate::services::metering;

fn service() -> ModelId {
    ModelId("transcription".to_owned())
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_is_cut_and_paid_by_the_second() {
    let (meter, _requests) = metering::channel();
    let running = PaidCall::by_the_second(&meter, service());
    tokio::time::advance(Duration::from_millis(1_234)).await;
    drop(running);
    let ended = PaidCall::by_the_second(&meter, service()).end("end");
    let calls = meter.call_log().final_calls();
    assert_eq!((calls[0].ended.as_str(), calls[0].usage.seconds), ("cut", dec!(1.234)));
    assert_eq!((&calls[1], ended.ended.as_str()), (&ended, "end"));
    assert_eq!((calls[0].number, calls[1].number), (0, 1), "each call has a key of its own");
}

#[tokio::test]
async fn a_cut_call_is_estimated_unless_it_was_answered_or_has_failed() {
    let (meter, _requests) = metering::channel();
    let expected = Usage { input: 10, image_output: 1_120, ..Usage::default() };
    let start = || PaidCall::start(&meter, service()).if_cut(expected);
    drop(start());
    let mut answered = start();
    answered.answered(Usage { input: 7, ..Usage::default() }, false, Some("id".to_owned()));
    drop(answered);
    start().end("overloaded");
    let calls = meter.call_log().final_calls();
    assert_eq!((calls[0].usage, calls[0].estimated), (expected, true));
    assert_eq!((calls[1].usage.input, calls[1].estimated), (7, false));
    assert_eq!(calls[1].request_id.as_deref(), Some("id"));
    assert_eq!((calls[2].usage, calls[2].estimated), (Usage::default(), false));
}

#[tokio::test]
async fn usage_known_so_far_stays_when_the_call_is_dropped() {
    let (meter, _requests) = metering::channel();
    let mut running = PaidCall::start(&meter, service());
    let usage = Usage { input: 10, image_output: 1_290, ..Usage::default() };
    running.used(usage);
    drop(running);
    let calls = meter.call_log().final_calls();
    assert_eq!((calls[0].ended.as_str(), calls[0].usage), ("cut", usage));
}
