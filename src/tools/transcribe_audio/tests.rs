//! Arguments, parts of long transcripts, and results.

use super::super::tool::testing;
use super::*;
use crate::db::known_transcripts::KnownTranscript;
use crate::llm::registry::Registry;

fn transcript(text: &str) -> FileTranscript {
    let known = KnownTranscript { text: text.to_owned(), language: Some("ru".to_owned()), duration: 61 };
    FileTranscript { name: "a.mp3".to_owned(), known, cost: Usd("0.004575".parse().unwrap()), stored: false }
}

#[tokio::test]
async fn wrong_arguments_are_told_before_anything_is_looked_up() {
    let registry = Registry::load(None).unwrap();
    let made_files = crate::services::made_files::MadeFiles::nowhere();
    let context = testing::tool_context(&registry, &made_files);
    let real = PublicFileId::default().to_string();
    for (input, error) in [
        (json!({"file_id": "file_1"}), "not_found"),
        (json!({"file_id": real, "language": "English"}), "invalid_arguments"),
        (json!({"file_id": real, "language": "e1"}), "invalid_arguments"),
        (json!({"file_id": real, "language": "auto"}), "unavailable"),
    ] {
        let arguments = Arguments::deserialize(&input).unwrap();
        assert_eq!(
            TranscribeAudio::run(arguments, context).await.result.unwrap_err().error,
            error,
            "{input}"
        );
    }
    for input in [json!({}), json!({"file_id": real, "offset": -1}), json!({"file_id": real, "start": 3})] {
        assert!(Arguments::deserialize(&input).is_err(), "{input}");
    }
}

#[test]
fn a_long_transcript_is_read_in_parts_that_make_the_whole() {
    let whole: String = ('а'..='я').cycle().take(MOST_CHARS * 2 + 5).collect();
    let (mut read, mut offset, mut parts) = (String::new(), 0, 0);
    loop {
        let shown = shown(PublicFileId::default(), &transcript(&whole), offset);
        read.push_str(shown["text"].as_str().unwrap());
        parts += 1;
        let Some(next) = shown["next_offset"].as_u64() else { break };
        assert!(shown["left_out"].as_str().unwrap().ends_with(&format!("offset={next}.")), "{shown}");
        offset = usize::try_from(next).unwrap();
    }
    assert_eq!((read, parts), (whole, 3));
    let beyond = shown(PublicFileId::default(), &transcript("a"), usize::MAX);
    assert_eq!((&beyond["text"], &beyond["next_offset"]), (&json!(""), &Value::Null));
}

#[test]
fn the_result_tells_everything_and_silence() {
    let result = shown(PublicFileId::default(), &transcript("Да."), 0);
    assert_eq!(
        result,
        json!({"file_id": "file_0000000000000000000000", "name": "a.mp3", "language": "ru", "duration_seconds": 61,
               "cost_usd": "0.004575", "stored": false, "characters": 3, "text": "Да."})
    );
    assert!(shown(PublicFileId::default(), &transcript(""), 0)["remark"].is_string());
}
