//! Shortened texts, and entries of older versions.

use proptest::prelude::*;

use super::*;

fn reply(text: &str) -> Reply {
    Reply { message: None, chat: None, sender: "Ann".into(), text: text.into(), content: None }
}

#[test]
fn the_middle_of_a_long_text_goes() {
    let mut long = reply(&format!("begin{}end", "я".repeat(20_000)));
    long.cut_middle();
    assert!(long.text.starts_with("beginя") && long.text.ends_with("яend"));
    assert!(long.text.contains("\n[4072 characters left out]\n"), "{}", long.text.len());
    let mut mark = long.clone();
    mark.cut_to_mark();
    assert_eq!(mark.text, format!("begin{}…", "я".repeat(195)));
}

proptest! {
    #[test]
    fn texts_are_cut_once_and_to_their_limits(text in "\\PC{0,40}", times in 1..2_000_usize) {
        let text = text.repeat(times);
        let mut cut = reply(&text);
        cut.cut_middle();
        prop_assert!(cut.text.chars().count() <= Reply::TEXT_CHARS);
        if text.chars().count() <= Reply::TEXT_CHARS {
            prop_assert_eq!(&cut.text, &text);
        }
        let once = cut.clone();
        cut.cut_middle();
        prop_assert_eq!(&cut, &once);
        cut.cut_to_mark();
        prop_assert!(cut.text.chars().count() <= Reply::MARK_CHARS + 1);
    }
}

#[test]
fn entries_of_older_versions_are_read() {
    let old = r#"{"role":"user","text":"look","sender":"@ann","context":{"reply":{"message":4,"sender":"@bob",
        "snippet":"one"},"quote":null,"forwarded_from":null},"edits":0,"interrupted":false,"files":[{"id":1,
        "kind":"photo","name":"a.jpg","mime":"image/jpeg","size":7,"provider_id":null,"at":"2026-01-01T00:00:00Z"}]}"#;
    let message: HistoryMessage = serde_json::from_str(old).unwrap();
    let reply = message.context.reply.unwrap();
    assert_eq!((reply.message, reply.text.as_str(), message.message), (Some(MessageId(4)), "one", None));
    let file = &message.files[0];
    assert_eq!((file.size, file.replied, file.not_fetched), (Some(7), false, false));
    assert_eq!((file.public_id, &file.preview, file.fault), (PublicFileId::default(), &None, None));
}
