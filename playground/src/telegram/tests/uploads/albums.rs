//! Albums: what they may hold, and that nothing of a refused one is sent.

use serde_json::json;

use super::super::{ANN, Rig};
use super::{album, part};
use crate::samples;

#[tokio::test]
async fn albums() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "hi");
    let photo = |name: &str| json!({"type": "photo", "media": format!("attach://{name}"), "caption": name});
    let jpeg = || part("a.jpg", "image/jpeg", samples::jpeg(100, 100));
    let form = album(&[photo("a"), photo("b")], vec![("a", jpeg()), ("b", jpeg())]);
    let sent = rig.upload("sendMediaGroup", form).await["result"].clone();
    let seen = rig.telegram.sent_media(ANN);
    assert_eq!((seen.len(), seen[1].caption.as_str()), (2, "b"));
    assert_eq!((&json!(seen[0].album), &seen[0].album), (&sent[1]["media_group_id"], &seen[1].album));
    let (id, video) = (seen[0].file_id.clone(), json!({"type": "video", "media": "attach://v"}));
    let known = json!({"type": "photo", "media": id});
    let form = album(&[known.clone(), video], vec![("v", part("v.mp4", "video/mp4", samples::mp4(3)))]);
    let mixed = rig.upload("sendMediaGroup", form).await["result"].clone();
    assert_eq!(mixed[1]["video"]["duration"], json!(3));
    let document = |name: &str| json!({"type": "document", "media": format!("attach://{name}")});
    let gif = part("a.gif", "image/gif", samples::gif(9, 9));
    let form = album(&[document("a"), document("b")], vec![("a", gif), ("b", jpeg())]);
    let documents = rig.upload("sendMediaGroup", form).await["result"].clone();
    assert_eq!(documents[0]["document"]["file_name"], json!("a.gif"), "documents of an album stay documents");

    let kind = |kind: &str| json!({"type": kind, "media": id});
    let before = rig.telegram.messages(ANN).len();
    for (items, sentence) in [
        (vec![], "there are no messages to send"),
        (vec![known.clone()], "2-10 items"),
        (vec![known.clone(); 11], "too many messages to send as an album"),
        (vec![known.clone(), kind("animation")], "type \"animation\" can't be used in sendMediaGroup"),
        (vec![known.clone(), kind("voice")], "type \"voice\" is unsupported"),
        (vec![known.clone(), json!({"media": id})], "can't find field \"type\""),
        (vec![known.clone(), json!({"type": "photo"})], "media not found"),
        (vec![known.clone(), photo("missing")], "media not found"),
        (vec![known.clone(), kind("document")], "Document can't be mixed with other media types"),
        (vec![kind("audio"), kind("video")], "Audio can't be mixed with other media types"),
        (vec![known.clone(), kind("video")], "can't use file of type Photo as Video"),
        (vec![known.clone(), json!({"type": "photo", "media": id, "caption": "x".repeat(1025)})], "too long"),
        (
            vec![known.clone(), photo("bad")],
            "failed to send message #2 with the error message \"IMAGE_PROCESS_FAILED\"",
        ),
    ] {
        let form = album(&items, vec![("bad", part("a.jpg", "image/jpeg", b"bad".to_vec()))]);
        let refused = rig.refused_upload("sendMediaGroup", form).await;
        assert!(refused.0 == 400 && refused.1.contains(sentence), "{}", refused.1);
    }
    assert_eq!(rig.telegram.messages(ANN).len(), before, "nothing of a refused album is sent");
    let ten = rig.call("sendMediaGroup", json!({"chat_id": ANN, "media": vec![known; 10]})).await;
    assert_eq!(ten.as_array().map(Vec::len), Some(10));
}
