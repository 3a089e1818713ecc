//! Arguments, kinds of files, and what the model is told of a delivery.

use super::super::tool::testing;
use super::*;
use crate::llm::registry::Registry;

fn sendable(telegram: Option<(&str, &str)>, mime: &str) -> SendableFile {
    SendableFile {
        id: PublicFileId::of_bits(7),
        telegram_id: telegram.map(|(_, id)| id.to_owned()),
        kind: telegram.map(|(kind, _)| kind.to_owned()),
        name: "x".into(),
        mime: mime.into(),
        size: 3,
    }
}

#[test]
fn a_file_that_telegram_has_keeps_its_kind() {
    let photo = sendable(Some(("photo", "id")), "image/jpeg");
    assert_eq!(media(&photo, Some(MediaKind::Document)).kind, MediaKind::Photo);
    let note = sendable(Some(("video_note", "id")), "video/mp4");
    assert_eq!(media(&note, None).kind, MediaKind::VideoNote);
    let made = sendable(None, "image/png");
    assert_eq!(media(&made, Some(MediaKind::Document)).kind, MediaKind::Document);
}

#[test]
fn the_model_is_told_what_was_really_sent() {
    let files = [media(&sendable(None, "image/png"), None), media(&sendable(None, "text/plain"), None)];
    let fates = [FileFate::Sent, FileFate::Refused("too large".into())];
    let told = told(&files, &fates);
    assert_eq!(told["status"], "not_all_sent");
    assert_eq!((&told["files"][0]["status"], &told["files"][0]["kind"]), (&json!("sent"), &json!("photo")));
    assert_eq!(told["files"][1]["reason"], "too large");
}

#[tokio::test]
async fn wrong_arguments_are_told_before_anything_is_looked_up() {
    let registry = Registry::load(None).unwrap();
    let made_files = crate::services::made_files::MadeFiles::nowhere();
    let many: Vec<String> = (0..=MOST).map(|n| format!("file_{n}")).collect();
    let long = "x".repeat(LONGEST_CAPTION + 1);
    for input in [
        json!({}),
        json!({"file_ids": []}),
        json!({"file_ids": many}),
        json!({"file_id": "file_1", "caption": long}),
    ] {
        let arguments = Arguments::deserialize(&input).unwrap();
        let output = DeliverFile::run(arguments, testing::tool_context(&registry, &made_files)).await;
        assert_eq!(output.result.unwrap_err().error, "invalid_arguments", "{input}");
    }
}
