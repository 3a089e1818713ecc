//! Tests: `preview_file`.

use super::super::tool::testing;
use super::*;
use crate::llm::registry::Registry;

#[tokio::test]
async fn wrong_arguments_are_told_before_anything_is_looked_up() {
    let registry = Registry::load(None).unwrap();
    let made_files = crate::services::made_files::MadeFiles::nowhere();
    for (input, error) in [
        (json!({"file_id": "file_1"}), "not_found"),
        (json!({"file_id": "../../etc/passwd", "part": 1, "offset": 3}), "not_found"),
        (json!({"file_id": "file_1", "part": 0}), "invalid_arguments"),
    ] {
        let arguments = Arguments::deserialize(&input).unwrap();
        let output = PreviewFile::run(arguments, testing::tool_context(&registry, &made_files)).await;
        assert_eq!(output.result.unwrap_err().error, error, "{input}");
    }
    for input in [json!({}), json!({"file_id": "file_1", "offset": -1}), json!({"file": "file_1"})] {
        assert!(Arguments::deserialize(&input).is_err(), "{input}");
    }
}

#[test]
fn every_fault_of_a_document_has_its_own_word() {
    for (error, word) in [
        (DocumentError::Empty, "empty"),
        (DocumentError::Encrypted, "encrypted"),
        (DocumentError::Broken, "broken"),
        (DocumentError::TooLarge, "too_large"),
        (DocumentError::Unsupported("PDF"), "unsupported"),
        (DocumentError::NoSuchPart { parts: 3 }, "invalid_arguments"),
    ] {
        assert_eq!(told("file_1", &error.into()).error, word);
    }
}
