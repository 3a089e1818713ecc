//! Uploading and deleting copies, against a server with prepared answers.

use proptest::prelude::*;
use serde_json::json;

use super::super::stub::{Asked, Canned, Stub, refusal};
use super::*;

fn stored(id: &str) -> Canned {
    (
        200,
        &[],
        format!(r#"{{"id":"{id}","type":"file","filename":"x","mime_type":"text/plain","size_bytes":1}}"#),
    )
}

fn upload(name: &str, mime: &str, bytes: &[u8]) -> Upload {
    Upload { name: name.to_owned(), mime: mime.to_owned(), bytes: bytes.to_vec() }
}

/// Returns the parts of the form: headers and content.
fn parts(asked: &Asked) -> Vec<(String, String)> {
    let boundary = asked.headers.split("boundary=").nth(1).unwrap().trim();
    let line = format!("--{boundary}");
    let parts = asked.body.split(&line).filter_map(|part| part.split_once("\r\n\r\n"));
    parts
        .map(|(head, body)| {
            (head.trim().replace("\r\n", " | "), body.strip_suffix("\r\n").unwrap().to_owned())
        })
        .collect()
}

#[tokio::test]
async fn an_upload_is_what_the_api_expects() {
    let stub = Stub::start(vec![stored("file_1")]).await;
    let file = upload("a: b/c.rs", "application/octet-stream", b"fn main() {}");
    assert_eq!(stub.client().upload(file).await.unwrap(), "file_1");
    let asked = stub.asked();
    assert_eq!(asked[0].line, "POST /v1/files");
    assert!(
        asked[0]
            .headers
            .starts_with("x-api-key: sk-test\nanthropic-version: 2026-10-21\ncontent-type: multi")
    );
    assert_eq!(
        parts(&asked[0]),
        [
            (r#"Content-Disposition: form-data; name="expires_in_seconds""#.to_owned(), "7776000".to_owned()),
            (
                r#"Content-Disposition: form-data; name="file"; filename="a_ b_c.rs" | content-type: text/plain"#
                    .to_owned(),
                "fn main() {}".to_owned()
            ),
        ]
    );
}

#[tokio::test]
async fn an_upload_is_tried_again_where_that_helps() {
    let slow = |status, headers| -> Canned { (status, headers, refusal(status, "x", "x").2) };
    let stub = Stub::start(vec![
        slow(529, &[]),
        slow(500, &[]),
        slow(429, &[("retry-after", "0.5")]),
        stored("file_2"),
    ])
    .await;
    assert_eq!(stub.client().upload(upload("x", "text/plain", b"text")).await.unwrap(), "file_2");
    let asked = stub.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked.iter().all(|asked| parts(asked)[1].1 == "text"), "each try sends all of it");
    let spent = json!({"error": {"type": "rate_limit_error", "message": "no",
        "details": {"error_code": "enforced_spend_limit_reached"}}});
    for (answer, kind) in [
        (refusal(413, "x", "no"), "too_long"),
        (refusal(401, "x", "no"), "rejected"),
        ((429, &[][..], spent.to_string()), "rate_limited"),
    ] {
        let status = answer.0;
        let stub = Stub::start(vec![answer]).await;
        let error = stub.client().upload(upload("x", "text/plain", b"text")).await.unwrap_err();
        assert_eq!((error.name(), stub.asked().len()), (kind, 1), "{status}");
    }
}

#[tokio::test]
async fn a_lost_connection_is_tried_again_and_given_up_in_time() {
    let attempts = std::cell::Cell::new(0);
    let work = || {
        attempts.set(attempts.get() + 1);
        std::future::ready(Err::<(), _>(LlmError::Connection("reset".into())))
    };
    tokio::time::pause();
    let error = patiently(UPLOAD_LIMIT, work).await.unwrap_err();
    assert_eq!((error.name(), attempts.get()), ("connection", 4));
    let never = patiently(UPLOAD_LIMIT, std::future::pending::<Result<(), LlmError>>).await;
    assert!(matches!(never, Err(LlmError::Silent(UPLOAD_LIMIT))));
}

#[tokio::test]
async fn a_copy_that_is_gone_already_is_forgotten() {
    let stub = Stub::start(vec![
        (200, &[], r#"{"id":"file_1","type":"file_deleted"}"#.to_owned()),
        refusal(404, "not_found_error", "File not found: file_1"),
        refusal(403, "permission_error", "no"),
    ])
    .await;
    let client = stub.client();
    client.forget("file_1").await.unwrap();
    client.forget("file_1").await.unwrap();
    assert_eq!(client.forget("file_1").await.unwrap_err().name(), "rejected");
    assert!(stub.asked().iter().all(|asked| asked.line == "DELETE /v1/files/file_1"));
}

#[test]
fn what_is_sent_is_what_messages_take() {
    for (mime, name, bytes, expected) in [
        ("image/jpeg", "x.jpg", b"\x89PNG\r\n".as_slice(), Some("image/png")),
        ("", "x.webp", b"RIFF....WEBPVP8 ", Some("image/webp")),
        ("image/jpeg", "x.jpg", b"\0\0\0\x18ftypheic", None),
        ("application/octet-stream", "x.gif", b"GIF89a", Some("image/gif")),
        ("application/x-pdf", "x", b"%PDF-1.4", Some("application/pdf")),
        ("application/pdf", "x.pdf", b"<html>", None),
        ("application/json", "x.json", b"{}", Some("text/plain")),
        ("video/mp2t", "x.ts", b"\x47\x40\0\x10\0\xB0", None),
        ("Application/ZIP", "x.zip", b"PK", Some("application/zip")),
        ("none\n", "x", b"PK", Some("application/octet-stream")),
        ("a/b\r\nx", "x", b"PK", Some("application/octet-stream")),
    ] {
        let answer = sent(mime, name, Bytes::from_static(bytes));
        assert_eq!(answer.as_ref().ok().map(|(_, mime)| &**mime), expected, "{mime} {name}");
        assert!(answer.is_ok() || matches!(answer, Err(LlmError::Unreadable(_))));
    }
}

#[tokio::test]
async fn old_texts_are_sent_as_utf8_and_what_cannot_be_read_is_not_sent() {
    let stub = Stub::start(vec![stored("file_1")]).await;
    // "да, нет" in an encoding from before Unicode.
    let old = upload("x.txt", "text/plain", b"\xE4\xE0, \xED\xE5\xF2");
    assert_eq!(stub.client().upload(old).await.unwrap(), "file_1");
    assert_eq!(parts(&stub.asked()[0])[1].1, "да, нет");
    let error = stub.client().upload(upload("x.pdf", "application/pdf", b"PK")).await.unwrap_err();
    assert_eq!((error.name(), stub.asked().len()), ("unreadable", 1));
}

#[tokio::test]
async fn a_rejected_upload_does_not_tell_the_name() {
    let stub = Stub::start(vec![refusal(400, "invalid_request_error", "my diary.txt is odd")]).await;
    let error = stub.client().upload(upload("my diary.txt", "text/plain", b"text")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the provider rejects the request with 400 invalid_request_error: (about a file)"
    );
}

#[test]
fn names_keep_their_extension() {
    assert_eq!(fit_name(" <a>:b?.pdf "), "_a__b_.pdf");
    assert_eq!(fit_name("\n"), "file");
    assert_eq!(fit_name(&format!("{}.pdf", "ä".repeat(300))), format!("{}.pdf", "ä".repeat(251)));
}

proptest! {
    #[test]
    fn every_name_is_made_fit(name in any::<String>()) {
        let fit = fit_name(&name);
        prop_assert!((1..=255).contains(&fit.chars().count()));
        prop_assert!(!fit.contains(|c: char| c.is_control() || FORBIDDEN.contains(&c)));
        prop_assert_eq!(&fit_name(&fit), &fit);
    }
}
