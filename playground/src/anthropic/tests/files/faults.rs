//! Uploads that fail, break off or wait on order.

use super::super::{BOUND, start};
use super::{call, notes, request, send, upload};
use crate::anthropic::{ApiError, Endpoint, FileFault, Gate, Outcome, Recorded};

#[tokio::test]
async fn faults_of_uploads_come_in_order_and_end() {
    let api = start().await;
    for (status, kind) in [(500, "api_error"), (529, "overloaded_error"), (413, "request_too_large")] {
        api.fail_uploads(1, FileFault::Error(ApiError::new(status, kind, "on order")));
    }
    api.fail_uploads(1, FileFault::Cut);
    api.fail_uploads(1, FileFault::CutAfter);
    for status in [500, 529, 413] {
        let failed = send(&api, notes()).await;
        assert_eq!(failed.status, status);
        assert_eq!(failed.json()["error"]["message"], "on order");
    }
    for (what, kept) in [("nothing happened", 0), ("only the answer is lost", 1)] {
        let sent = request(&api, "POST", "").multipart(notes()).send().await;
        let broken = match sent {
            Ok(answer) => answer.bytes().await.is_err(),
            Err(error) => error.is_request(),
        };
        assert!(broken, "{what}");
        assert_eq!(api.files().len(), kept, "{what}");
    }
    let id = upload(&api, "a", "a/b", vec![1]).await;
    api.fail_files(Endpoint::DeleteFile, 1, FileFault::Error(ApiError::new(500, "api_error", "no")));
    assert_eq!(call(&api, "GET", &format!("/{id}")).await.status, 200, "another endpoint");
    assert_eq!(call(&api, "DELETE", &format!("/{id}")).await.status, 500);
    assert_eq!(call(&api, "DELETE", &format!("/{id}")).await.status, 200);
    let outcomes: Vec<Outcome> = api.file_requests().into_iter().map(|request| request.outcome).collect();
    assert_eq!(
        outcomes[..2],
        [Outcome::Failed(500, "on order".into()), Outcome::Failed(529, "on order".into())]
    );
    assert_eq!(outcomes[3..6], [Outcome::Cut, Outcome::Cut, Outcome::Finished]);
    assert_eq!(api.refusals().len(), 0);
}

#[tokio::test]
async fn a_held_upload_waits_for_the_test() {
    let api = start().await;
    let (gate, keeper) = Gate::new();
    api.fail_uploads(1, FileFault::Hold(gate));
    let sending = send(&api, notes());
    let watching = async {
        keeper.reached().await;
        assert_eq!((api.files().len(), api.file_requests()[0].outcome.clone()), (0, Outcome::Open));
        keeper.open();
    };
    let (sent, ()) = tokio::time::timeout(BOUND, async { tokio::join!(sending, watching) }).await.unwrap();
    assert_eq!((sent.status, api.files().len()), (200, 1));
    let done = |calls: &[Recorded]| calls.iter().find(|call| call.outcome == Outcome::Finished).cloned();
    api.until_files("the upload", BOUND, done).await.unwrap();
}
