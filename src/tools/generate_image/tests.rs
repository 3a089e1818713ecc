//! Arguments, reservations, and what the model is told.

use std::collections::BTreeSet;

use super::super::tool::{Definition, testing};
use super::arguments::AspectRatio;
use super::*;
use crate::llm::LlmError;
use crate::llm::gemini::NoPicture;
use crate::llm::registry::Registry;
use crate::services::made_files::MadeFiles;

fn reserved_for(input: &Value) -> String {
    let registry = Registry::load(None).unwrap();
    let made_files = MadeFiles::nowhere();
    let PaidWork { least, most } = reserved(input, testing::tool_context(&registry, &made_files));
    assert_eq!(least, most, "only what is covered runs");
    most.0.normalize().to_string()
}

#[tokio::test]
async fn wrong_arguments_are_told_before_anything_is_loaded() {
    let registry = Registry::load(None).unwrap();
    let made_files = MadeFiles::nowhere();
    let run = Definition::of::<GenerateImage>().run;
    let id = |number: u128| PublicFileId::of_bits(number).to_string();
    let many: Vec<String> = (0..15).map(id).collect();
    for (input, error) in [
        (json!({}), "invalid_arguments"),
        (json!({"prompt": " "}), "invalid_arguments"),
        (json!({"prompt": "x".repeat(8_001)}), "invalid_arguments"),
        (json!({"prompt": ["a cat"]}), "invalid_arguments"),
        (json!({"prompt": "a cat", "aspect_ratio": "7:5"}), "invalid_arguments"),
        (json!({"prompt": "a cat", "image_size": "8K"}), "invalid_arguments"),
        (json!({"prompt": "a cat", "n": 4}), "invalid_arguments"),
        (json!({"prompt": "a cat", "source_file_ids": ["file_1"]}), "not_found"),
        (json!({"prompt": "a cat", "source_file_ids": many}), "invalid_arguments"),
        (json!([1]), "invalid_arguments"),
    ] {
        let output = run(&input, testing::tool_context(&registry, &made_files)).await;
        assert_eq!((output.result.unwrap_err().error, output.cost), (error, Usd::ZERO), "{input}");
    }
}

#[tokio::test]
async fn what_is_reserved_follows_the_arguments_and_the_price_table() {
    for (input, most) in [
        (json!({"prompt": "a cat"}), "0.170404"),
        (json!({"prompt": "a cat", "image_size": "1K"}), "0.170404"),
        (json!({"prompt": "a cat", "image_size": "4K"}), "0.276004"),
        (json!({"prompt": "a cat", "source_file_ids": ["a", "b"]}), "0.172644"),
        (json!({"prompt": "a cat", "use_google_search": true}), "0.240404"),
        (json!({"prompt": 5}), "0"),
    ] {
        assert_eq!(reserved_for(&input), most, "{input}");
    }
}

#[test]
fn every_aspect_ratio_is_one_of_the_schema() {
    let schema = Definition::of::<GenerateImage>().spec.schema;
    let names: BTreeSet<String> =
        serde_json::from_value(schema["properties"]["aspect_ratio"]["enum"].clone()).unwrap();
    let sent: BTreeSet<String> = names
        .iter()
        .map(|name| {
            let ratio: AspectRatio = serde_json::from_value(json!(name)).unwrap();
            ratio.wanted().unwrap_or("auto").to_owned()
        })
        .collect();
    assert_eq!((sent.len(), &sent), (11, &names), "each is sent under its own name");
}

#[test]
fn every_fault_has_a_word_and_advice_without_the_services_own_words() {
    let drawing = |missing, text: &str| Drawing {
        pictures: Vec::new(),
        text: text.to_owned(),
        missing: Some(missing),
        usage: Usage::default(),
        estimated: false,
        request_id: None,
    };
    for (missing, word) in [
        (NoPicture::Policy, "policy"),
        (NoPicture::Recitation, "recitation"),
        (NoPicture::TooLong, "too_long"),
        (NoPicture::WordsOnly, "words_only"),
        (NoPicture::Broken, "broken"),
    ] {
        let Failure { error, message } = told::nothing_drawn(&drawing(missing, "I describe it."));
        assert!(error == word && message.contains("\"I describe it.\""), "{error}: {message}");
        assert!(!told::nothing_drawn(&drawing(missing, "")).message.contains('"'));
    }
    let rejected = |status, kind: &str| LlmError::Rejected {
        status,
        kind: kind.to_owned(),
        message: "secret".to_owned(),
    };
    let limited = |retry_after| LlmError::RateLimited { message: "secret".to_owned(), retry_after };
    for (error, word) in [
        (rejected(400, "INVALID_ARGUMENT"), "rejected"),
        (rejected(400, "API_KEY_INVALID"), Failure::DOWN),
        (rejected(403, "PERMISSION_DENIED"), Failure::DOWN),
        (limited(None), Failure::DOWN),
        (limited(Some(Duration::from_secs(100))), Failure::DOWN),
        (LlmError::Overloaded("secret".to_owned()), Failure::DOWN),
        (LlmError::BrokenOff, Failure::DOWN),
        (LlmError::TooLong("secret".to_owned()), "too_large"),
    ] {
        let told = told::failed(&error);
        assert!(told.error == word && !told.message.contains("secret"), "{}", told.message);
    }
}
