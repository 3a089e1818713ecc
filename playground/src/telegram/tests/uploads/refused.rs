//! Files that are empty, too large, damaged or of another kind, and people who do not take them.

use reqwest::multipart::Form;
use serde_json::json;

use super::super::{ANN, GROUP, Rig};
use super::part;
use crate::samples;

#[tokio::test]
async fn files_that_are_refused() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    let photo =
        |bytes: Vec<u8>| Form::new().text("chat_id", "42").part("photo", part("a.jpg", "image/jpeg", bytes));
    let mut heavy = samples::jpeg(100, 100);
    heavy.resize((10 << 20) + 1, 0);
    for (bytes, code, sentence) in [
        (Vec::new(), 400, "Bad Request: file must be non-empty"),
        (b"no picture".to_vec(), 400, "Bad Request: IMAGE_PROCESS_FAILED"),
        (samples::jpeg(100, 100)[..20].to_vec(), 400, "Bad Request: IMAGE_PROCESS_FAILED"),
        (samples::jpeg(9_000, 1_001), 400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (samples::jpeg(2_100, 100), 400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (heavy, 400, "Bad Request: file of size 10485761 bytes is too big for a photo"),
        (vec![0; (50 << 20) + 1], 413, "Request Entity Too Large"),
        (vec![0; 60 << 20], 413, "Request Entity Too Large"),
    ] {
        let refused = rig.refused_upload("sendPhoto", photo(bytes)).await;
        assert!(refused.0 == code && refused.1.starts_with(sentence), "{refused:?}");
    }
    assert_eq!(rig.upload("sendPhoto", photo(samples::jpeg(9_000, 1_000))).await["ok"], json!(true));
    let document =
        |bytes: Vec<u8>| Form::new().text("chat_id", "42").part("document", part("a", "a/b", bytes));
    let most = rig.upload("sendDocument", document(vec![0; 50 << 20])).await;
    assert_eq!(most["ok"], json!(true));
    let large = rig.refusal("getFile", json!({"file_id": most["result"]["document"]["file_id"]})).await;
    assert_eq!(large.1, "Bad Request: file is too big");
    let refused = rig.refused_upload("sendDocument", document(Vec::new())).await;
    assert_eq!(refused, (400, "Bad Request: file must be non-empty".to_owned()));

    let voice =
        rig.uploaded("sendVoice", "voice", "a.ogg", samples::ogg(1)).await["voice"]["file_id"].clone();
    for (method, params, sentence) in [
        ("sendDocument", json!({"document": voice}), "can't use file of type VoiceNote as Document"),
        ("sendPhoto", json!({"photo": voice}), "can't use file of type VoiceNote as Photo"),
        ("sendVideo", json!({"video": "https://example.org/a.mp4"}), "failed to get HTTP URL content"),
        ("sendVideo", json!({"video": "forged"}), "wrong file identifier/HTTP URL specified"),
        ("sendAnimation", json!({"animation": "attach://nothing"}), "there is no animation in the request"),
        ("sendAnimation", json!({}), "there is no animation in the request"),
    ] {
        let mut params = params;
        params["chat_id"] = json!(ANN);
        let refused = rig.refusal(method, params).await;
        assert!(refused.0 == 400 && refused.1.contains(sentence), "{}", refused.1);
    }
    rig.telegram.forbid_voice(ANN);
    let refused = rig.refusal("sendVoice", json!({"chat_id": ANN, "voice": voice})).await;
    assert_eq!(refused, (400, "Bad Request: VOICE_MESSAGES_FORBIDDEN".to_owned()));
    rig.call("sendVoice", json!({"chat_id": GROUP, "voice": voice})).await;
    rig.telegram.block(ANN);
    let refused = rig.refusal("sendVoice", json!({"chat_id": ANN, "voice": voice})).await;
    assert_eq!(refused, (403, "Forbidden: bot was blocked by the user".to_owned()));
}
