//! Tests: `analyze_pdf`.

use super::super::tool::testing;
use super::*;
use crate::llm::registry::Registry;

#[tokio::test]
async fn wrong_arguments_are_told_before_anything_is_looked_up() {
    let registry = Registry::load(None).unwrap();
    let made_files = crate::services::made_files::MadeFiles::nowhere();
    let context = testing::tool_context(&registry, &made_files);
    let real = PublicFileId::default().to_string();
    for (input, error) in [
        (json!({"file_id": "file_1", "question": "What is it?", "pages": "1-3"}), "not_found"),
        (json!({"file_id": real, "question": ""}), "invalid_arguments"),
        (json!({"file_id": real, "question": "What is it?", "pages": "0"}), "invalid_arguments"),
        (json!({"file_id": real, "question": "What is it?", "pages": "3-1"}), "invalid_arguments"),
        (json!({"file_id": real, "question": "What is it?", "pages": "first"}), "invalid_arguments"),
    ] {
        let arguments = Arguments::deserialize(&input).unwrap();
        let output = AnalyzePdf::run(arguments, context).await;
        assert_eq!(output.result.unwrap_err().error, error, "{input}");
    }
    for input in [json!({"file_id": real}), json!({"file_id": real, "question": "a", "pages": 3})] {
        assert!(Arguments::deserialize(&input).is_err(), "{input}");
    }
}
