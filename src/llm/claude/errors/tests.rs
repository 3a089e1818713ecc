//! Error answers of the provider: their class, and the files that they name.

use super::super::super::error::Retry;
use super::*;

#[test]
fn errors_are_sorted_by_what_to_do_next() {
    let body = |kind: &str, message: &str| {
        format!(
            r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}},"request_id":"req_1"}}"#
        )
    };
    let spent = |code: &str| {
        format!(
            r#"{{"error":{{"type":"rate_limit_error","message":"x","details":{{"error_code":"{code}"}}}}}}"#
        )
    };
    let two = Some(Duration::from_secs(2));
    for (status, body, retry_after, should_retry, name, retry) in [
        (529, body("overloaded_error", "Overloaded"), None, None, "overloaded", Retry::Later),
        (
            429,
            body("rate_limit_error", "slow"),
            two,
            None,
            "rate_limited",
            Retry::After(Duration::from_secs(2)),
        ),
        (
            429,
            body("rate_limit_error", "slow"),
            None,
            None,
            "rate_limited",
            Retry::After(Duration::from_secs(5)),
        ),
        (429, "slow down".to_owned(), two, None, "rate_limited", Retry::After(Duration::from_secs(2))),
        (429, spent("enforced_spend_limit_reached"), None, None, "rate_limited", Retry::Never),
        (429, spent("contract_spend_limit_reached"), two, None, "rate_limited", Retry::Never),
        (429, spent("another_code"), two, None, "rate_limited", Retry::After(Duration::from_secs(2))),
        (500, body("api_error", "oops"), None, None, "provider_error", Retry::Soon),
        (500, body("api_error", "oops"), None, Some(false), "rejected", Retry::Never),
        (502, "<html>bad gateway".to_owned(), None, None, "provider_error", Retry::Soon),
        (409, body("conflict_error", "x"), None, None, "provider_error", Retry::Soon),
        (413, body("request_too_large", "x"), None, None, "too_long", Retry::Never),
        (
            400,
            body("invalid_request_error", "prompt is too long: 9 > 8"),
            None,
            None,
            "too_long",
            Retry::Never,
        ),
        (400, body("invalid_request_error", "messages: x"), None, None, "rejected", Retry::Never),
        (401, body("authentication_error", "x"), None, None, "rejected", Retry::Never),
    ] {
        let error = classify(status, &body, retry_after, should_retry);
        assert_eq!((error.name(), error.retry()), (name, retry), "{status} {body}");
    }
    assert_eq!(in_stream("overloaded_error", "x").name(), "overloaded");
    assert_eq!(in_stream("invalid_request_error", "x").retry(), Retry::Never);
}

#[test]
fn a_file_that_the_provider_cannot_use_is_found_out() {
    let file = |id: &str, readable| {
        let (id, name, instead) = (id.to_owned(), String::new(), "x".to_owned());
        Block::File(FileBlock { id, readable, name, size: 1, instead })
    };
    let mut request = super::super::tests::request(3);
    request.messages[0].blocks.insert(0, file("file_01a", Readable::Image));
    request.messages[2].blocks.insert(0, file("file_01b", Readable::Pdf));
    request.messages[2].blocks.insert(0, file("file_01c", Readable::Image));
    for (status, message, expected) in [
        (404, "File not found: file_01b", Some("file_01b")),
        (404, "messages.0.content.0.image.source.file_id: file file_01a not found", Some("file_01a")),
        (404, "model: claude-x", None),
        (400, "messages.2.content.1.document.source: The PDF specified was not valid.", Some("file_01b")),
        (400, "messages.2.content.2.text: x", None),
        (400, "messages.9.content.0: x", None),
        (400, "messages.0: x", None),
        (400, "messages.0.content.x", None),
        (400, "max_tokens: too large", None),
        (403, "file_01a is not yours", None),
    ] {
        let error = rejected(status, "x".to_owned(), message.to_owned());
        let blamed = match blame(error, &request) {
            LlmError::FileGone { id } => Some(id),
            _ => None,
        };
        assert_eq!(blamed.as_deref(), expected, "{status} {message}");
    }
}

/// Returns three messages: an image and a PDF, a PDF, two images and a PDF.
fn with_many() -> LlmRequest {
    let mut request = super::super::tests::request(3);
    for (message, id, readable) in [
        (0, "image_1", Readable::Image),
        (0, "pdf_1", Readable::Pdf),
        (1, "pdf_2", Readable::Pdf),
        (2, "image_2", Readable::Image),
        (2, "image_3", Readable::Image),
        (2, "pdf_3", Readable::Pdf),
    ] {
        let (id, name, instead) =
            (id.to_owned(), format!("secret of {}", id.replace('_', " ")), "x".to_owned());
        let file = FileBlock { id, readable, name, size: 1, instead };
        request.messages[message].blocks.push(Block::File(file));
    }
    request
}

#[test]
fn what_can_only_be_guessed_is_left_out_and_not_lost() {
    let request = with_many();
    for (status, message, expected) in [
        (400, "Could not process image", vec!["image_2", "image_3"]),
        (400, "The PDF specified was not valid.", vec!["pdf_3"]),
        // A limit on the total: the oldest files are removed, whatever the path is.
        (400, "messages.2.content.1: A maximum of 600 PDF pages may be provided.", vec!["pdf_1"]),
        (400, "too many images: 3 > 2 maximum", vec!["image_1"]),
        (413, "Request exceeds the maximum size of 32 MB", vec!["image_1", "pdf_1", "pdf_2"]),
    ] {
        let body = format!(r#"{{"type":"error","error":{{"type":"x","message":"{message}"}}}}"#);
        match blame(classify(status, &body, None, None), &request) {
            LlmError::FilesRefused { ids } => assert_eq!(ids, expected, "{message}"),
            other => panic!("{message}: {other}"),
        }
    }
    // A single one is too long by itself.
    let mut single = with_many();
    single.lose_files(&["pdf_1".to_owned(), "pdf_2".to_owned()]);
    let error = rejected(400, "x".to_owned(), "A maximum of 600 PDF pages may be provided.".to_owned());
    assert!(matches!(blame(error, &single), LlmError::FilesRefused { ids } if ids == ["pdf_3"]));
    let long = blame(LlmError::TooLong("prompt is too long: 9 > 8".to_owned()), &request);
    assert_eq!(long.name(), "too_long");
}

#[test]
fn names_of_files_are_in_no_error() {
    let message = "the title secret of pdf 3 is odd".to_owned();
    let error = blame(rejected(400, "x".to_owned(), message), &with_many());
    assert_eq!(error.to_string(), "the provider rejects the request with 400 x: the title (a file) is odd");
}
