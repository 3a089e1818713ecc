//! Calls of the provider's tools: each ends once, and only searches that worked cost money.

use serde_json::Value;

use super::*;

fn call(id: &str) -> ServerCall {
    ServerCall { id: id.to_owned(), name: "web_search".to_owned(), input: Value::Null, subject: None }
}

fn result(id: &str, failed: bool) -> ServerResult {
    ServerResult { call: id.to_owned(), failed, search: true, bytes: 1, page: None }
}

#[test]
fn every_call_ends_once_and_only_searches_that_worked_cost_money() {
    let price = Usd(rust_decimal::dec!(0.01));
    let web = WebUse::new(TurnId(1), 1, Clock::System, price);
    for id in ["a", "b", "c"] {
        web.started(call(id));
    }
    assert!(web.ended(result("b", true)).is_some() && web.ended(result("a", false)).is_some());
    assert!(web.ended(result("a", false)).is_none() && web.ended(result("x", false)).is_none());
    assert_eq!((web.abandon().len(), web.abandon().len()), (1, 0));
    let ended: Vec<_> = web.finish().0.into_iter().map(|call| (call.call, call.failed, call.cost)).collect();
    let row = |id: &str, failed, cost| (id.to_owned(), failed, cost);
    assert_eq!(ended, [row("b", true, Usd::ZERO), row("a", false, price), row("c", true, Usd::ZERO)]);
}
