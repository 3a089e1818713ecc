//! Which error answers are tried again.

use super::*;
use crate::llm::error::Retry;

#[test]
fn what_passes_is_tried_again_and_nothing_else() {
    let after = |ms| Retry::After(Duration::from_millis(ms));
    let retry_info = r#"{"error":{"code":429,"message":"Please retry in 46s.","status":"RESOURCE_EXHAUSTED",
            "details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"46.5s"}]}}"#;
    let of_a_day = r#"{"error":{"status":"RESOURCE_EXHAUSTED","details":[{"violations":[
            {"quotaId":"GenerateRequestsPerDayPerProjectPerModel"}]},{"retryDelay":"3s"}]}}"#;
    let none = r#"{"error":{"status":"RESOURCE_EXHAUSTED","message":"Quota exceeded, limit: 0, model: x"}}"#;
    let bad_key = r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"API key not valid.",
            "details":[{"reason":"API_KEY_INVALID"}]}}"#;
    for (status, body, retry, told) in [
        (429, retry_info, after(46_500), "RESOURCE_EXHAUSTED"),
        (429, r#"[{"error":{"status":"RESOURCE_EXHAUSTED"}}]"#, after(7_000), "RESOURCE_EXHAUSTED"),
        (429, of_a_day, Retry::Never, "RESOURCE_EXHAUSTED"),
        (429, none, Retry::Never, "RESOURCE_EXHAUSTED"),
        (503, r#"{"error":{"status":"UNAVAILABLE"}}"#, Retry::Later, "UNAVAILABLE"),
        (500, "<html>", Retry::Soon, "unknown"),
        (504, "", Retry::Soon, "unknown"),
        (400, bad_key, Retry::Never, "API_KEY_INVALID"),
        (403, r#"{"error":{"status":"PERMISSION_DENIED"}}"#, Retry::Never, "PERMISSION_DENIED"),
        (404, r#"{"error":{"status":{"x":1},"details":"y"}}"#, Retry::Never, "unknown"),
        (400, r#"{"error":{"status":"a cat with a hat"}}"#, Retry::Never, "unknown"),
    ] {
        let error = of(status, Some(Duration::from_secs(7)), body.as_bytes());
        assert_eq!(error.retry(), retry, "{status} {body}");
        assert!(error.to_string().contains(told), "{error}");
    }
    let error = of(429, None, b"");
    assert_eq!(error.retry(), Retry::After(RATE_PAUSE));
}
