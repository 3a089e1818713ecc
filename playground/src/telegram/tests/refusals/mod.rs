//! One table for each group of methods: what the real service refuses is refused, in its words.

mod markup;
mod messages;
mod other_methods;

use serde_json::Value;

use super::Rig;

async fn refuses(rig: &Rig, table: Vec<(&str, Value, i64, &str)>) {
    for (method, params, code, sentence) in table {
        let (seen_code, seen) = rig.refusal(method, params.clone()).await;
        assert!(seen_code == code && seen.contains(sentence), "{method} {params}: {seen_code} {seen}");
    }
}
