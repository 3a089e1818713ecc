//! The statements that write a call have the same columns.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::usage::Usage;

/// Returns the columns that a statement's `ON CONFLICT` clause replaces.
fn replaced(statement: &'static str) -> BTreeSet<String> {
    let (_, clause) = statement.split_once("ON CONFLICT (turn_id, attempt, call) DO UPDATE SET").unwrap();
    let (assignments, _) = clause.split_once("WHERE").unwrap();
    let assignment = |assignment: &str| {
        let (column, value) = assignment.trim().split_once(" = ").unwrap();
        assert_eq!(value, format!("excluded.{column}"));
        column.to_owned()
    };
    assignments.split(',').map(assignment).collect()
}

#[test]
fn both_statements_replace_every_column_that_can_change() {
    let call = ModelCall {
        number: 0,
        model: ModelId("m".to_owned()),
        request_id: None,
        ended: "end_turn".to_owned(),
        usage: Usage::default(),
        estimated: false,
        first_text_ms: None,
        duration_ms: 1,
    };
    let call = PricedCall { call, cost: Usd::ZERO, prices: Value::Null };
    let rows: Vec<BTreeMap<String, Value>> = serde_json::from_str(rows(&[call]).unwrap().get()).unwrap();
    let mut columns: BTreeSet<String> = rows.into_iter().flat_map(BTreeMap::into_keys).collect();
    assert!(columns.remove("call") && columns.remove("model_id"), "a call keeps its number and model");
    assert_eq!(replaced(include_str!("../model_calls_record.sql")), columns);
    assert!(columns.insert("payer".to_owned()));
    assert_eq!(replaced(include_str!("../turns/close.sql")), columns);
}
