//! Wrong arguments, and what is reserved for a run.

use rust_decimal::dec;
use serde::Deserialize as _;

use super::super::tool::testing;
use super::arguments::LONGEST_CODE;
use super::*;
use crate::llm::registry::Registry;

#[tokio::test]
async fn wrong_arguments_are_told_before_anything_is_run() {
    let registry = Registry::load(None).unwrap();
    let made_files = crate::services::made_files::MadeFiles::nowhere();
    for input in [
        json!({"code": " "}),
        json!({"code": "x".repeat(LONGEST_CODE + 1)}),
        json!({"code": "1", "timeout_seconds": 0}),
        json!({"code": "1", "timeout_seconds": 1_201}),
        json!({"code": "1", "requirements": ["-r /etc/passwd"]}),
        json!({"code": "1", "requirements": vec!["a"; 21]}),
        json!({"code": "1", "file_ids": vec!["file_1"; 21]}),
    ] {
        let arguments = Arguments::deserialize(&input).unwrap();
        let output = ExecutePython::run(arguments, testing::tool_context(&registry, &made_files)).await;
        assert_eq!(output.result.unwrap_err().error, "invalid_arguments");
    }
    for input in [json!({}), json!({"code": 1}), json!({"code": "1", "shell": "rm"})] {
        assert!(Arguments::deserialize(&input).is_err(), "{input}");
    }
}

#[tokio::test]
async fn what_is_reserved_is_what_the_time_limit_allows() {
    let registry = Registry::load(None).unwrap();
    let made_files = crate::services::made_files::MadeFiles::nowhere();
    let context = testing::tool_context(&registry, &made_files);
    let Price::Varying(reserved) = ExecutePython::PRICE else { panic!("it depends on the arguments") };
    for (input, most) in [
        (json!({"code": "1"}), dec!(0.036)),
        (json!({"code": "1", "timeout_seconds": null}), dec!(0.036)),
        (json!({"code": "1", "timeout_seconds": 1}), dec!(0.03005)),
        (json!({"code": "1", "timeout_seconds": 1_200}), dec!(0.09)),
        (json!({"code": "1", "timeout_seconds": 1_201}), dec!(0)),
        (json!([]), dec!(0.036)),
    ] {
        let expected = PaidWork { least: Usd::ZERO, most: Usd(most) };
        assert_eq!(reserved(&input, context), expected, "{input}");
    }
}
