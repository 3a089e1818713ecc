//! Files that have expired or vanished.

use std::time::Duration;

use serde_json::json;

use super::super::{answer, start};
use super::{asking, block, call, notes, send, upload};
use crate::anthropic::Outcome;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn an_expired_file_is_known_but_has_no_content() {
    let api = start().await;
    let sent = send(&api, notes().text("expires_in_seconds", "3600")).await.json();
    let id = sent["id"].as_str().unwrap();
    let lasting = upload(&api, "b.txt", "text/plain", b"b".to_vec()).await;
    let question = asking(json!([block("document", id)]));
    assert_eq!(answer(&api, &question).await.status, 200);
    api.age_files(HOUR);
    let refused = answer(&api, &question).await;
    let error = &refused.json()["error"];
    assert_eq!((refused.status, &error["details"]["error_code"]), (404, &json!("file_expired")));
    assert_eq!(error["message"], format!("File not found: {id}"));
    assert_eq!(call(&api, "GET", &format!("/{id}")).await.json(), sent);
    assert_eq!((api.file_bytes(id), api.file_bytes(&lasting).is_some()), (None, true));
    assert!(matches!(api.refusals()[0].outcome, Outcome::Refused(404, _)));
}

#[tokio::test]
async fn a_file_that_vanished_is_no_fault_of_the_client() {
    let api = start().await;
    let id = upload(&api, "a.txt", "text/plain", b"a".to_vec()).await;
    assert!(api.forget_file(&id) && !api.forget_file(&id) && !api.forget_file("file_none"));
    let failed = answer(&api, &asking(json!([block("document", &id)]))).await;
    assert_eq!((failed.status, &failed.json()["error"]["type"]), (404, &json!("not_found_error")));
    assert_eq!(call(&api, "GET", &format!("/{id}")).await.status, 404);
    assert_eq!(api.refusals().len(), 0);
    assert_eq!(api.requests()[0].outcome, Outcome::Failed(404, format!("File not found: {id}")));
    assert_eq!(answer(&api, &asking(json!([block("document", "file_none")]))).await.status, 404);
    assert_eq!(api.refusals().len(), 1);
    let early = upload(&api, "a.txt", "text/plain", b"a".to_vec()).await;
    assert!(api.expire_file(&early) && !api.expire_file("file_none"));
    let expired = answer(&api, &asking(json!([block("document", &early)]))).await;
    let code = &expired.json()["error"]["details"]["error_code"];
    assert_eq!((expired.status, code), (404, &json!("file_expired")));
    assert_eq!((api.refusals().len(), api.files().len()), (1, 1));
}
