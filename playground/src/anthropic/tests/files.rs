//! The Files API as a client meets it: uploads, lists, deletion, expiry, faults, and files in messages.

use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::super::{Anthropic, ApiError, Endpoint, FileFault, Gate, Outcome, Settings};
use super::{BOUND, HttpAnswer, answer, ask, post, start, with};
use crate::samples;

const HOUR: Duration = Duration::from_secs(3600);

fn request(api: &Anthropic, method: &str, path: &str) -> RequestBuilder {
    reqwest::Client::new()
        .request(method.parse().unwrap(), format!("{}/v1/files{path}", api.url()))
        .header("x-api-key", "sk-ant-test")
        .header("anthropic-version", "2026-10-21")
}

async fn call(api: &Anthropic, method: &str, path: &str) -> HttpAnswer {
    HttpAnswer::to(request(api, method, path)).await
}

fn part(name: &str, mime: &str, bytes: Vec<u8>) -> Part {
    Part::bytes(bytes).file_name(name.to_owned()).mime_str(mime).unwrap()
}

fn notes() -> Form {
    Form::new().part("file", part("notes.txt", "text/plain", b"remember the milk".to_vec()))
}

async fn send(api: &Anthropic, form: Form) -> HttpAnswer {
    HttpAnswer::to(request(api, "POST", "").multipart(form)).await
}

/// Uploads a file that must be taken; gives its id.
async fn upload(api: &Anthropic, name: &str, mime: &str, bytes: Vec<u8>) -> String {
    let sent = send(api, Form::new().part("file", part(name, mime, bytes))).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    sent.json()["id"].as_str().unwrap().to_owned()
}

fn block(kind: &str, id: &str) -> Value {
    json!({"type":kind,"source":{"type":"file","file_id":id}})
}

#[expect(clippy::needless_pass_by_value, reason = "callers write literals")]
fn asking(content: Value) -> Value {
    with(ask(""), "messages", json!([{"role":"user","content":content}]))
}

#[tokio::test]
async fn a_file_lives_from_upload_to_deletion() {
    let api = start().await;
    let sent = send(&api, notes().text("expires_in_seconds", "3600")).await;
    let object = sent.json();
    let id = object["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("file_") && sent.headers.contains_key("request-id"), "{object}");
    let fixed = json!({"id":id,"type":"file","filename":"notes.txt","mime_type":"text/plain","size_bytes":17,
        "downloadable":false,"created_at":object["created_at"],"expires_at":object["expires_at"]});
    assert_eq!(object, fixed);
    let times = ["created_at", "expires_at"]
        .map(|field| chrono::DateTime::parse_from_rfc3339(object[field].as_str().unwrap()).unwrap());
    assert_eq!(times[1] - times[0], chrono::TimeDelta::hours(1));

    assert_eq!(call(&api, "GET", &format!("/{id}")).await.json(), object);
    let stored = api.files();
    assert_eq!((stored.len(), stored[0].name.as_str(), stored[0].size), (1, "notes.txt", 17));
    assert_eq!(&api.file_bytes(&id).unwrap()[..], b"remember the milk");
    let content = call(&api, "GET", &format!("/{id}/content")).await;
    assert_eq!(
        (content.status, &content.json()["error"]["details"]["error_code"]),
        (400, &json!("file_not_downloadable"))
    );

    let deleted = call(&api, "DELETE", &format!("/{id}")).await;
    assert_eq!(deleted.json(), json!({"id":id,"type":"file_deleted"}));
    for (method, path) in [("GET", ""), ("GET", "/content"), ("DELETE", "")] {
        let gone = call(&api, method, &format!("/{id}{path}")).await;
        assert_eq!((gone.status, &gone.json()["error"]["type"]), (404, &json!("not_found_error")));
        assert_eq!(gone.json()["error"]["message"], format!("File not found: {id}"));
    }
    let seen = api.file_requests();
    assert_eq!(seen[0].body["expires_in_seconds"], "3600");
    assert_eq!((seen[0].endpoint, seen[3].endpoint), (Endpoint::UploadFile, Endpoint::DeleteFile));
    assert_eq!(seen[3].body["id"], json!(id));
    assert_eq!(api.deleted_files(), [id.clone()], "a deletion that is refused does not count");
    api.until_deleted(&id, BOUND).await.unwrap();
    let other = upload(&api, "b.txt", "text/plain", b"b".to_vec()).await;
    assert_eq!((api.forget_files(), api.files().len()), (vec![other], 0));
    assert!(api.requests().is_empty(), "calls for files stand apart");
}

#[tokio::test]
async fn what_a_tool_made_can_be_fetched() {
    let api = start().await;
    let id = api.add_made_file("plot.png", "image/png", samples::png(8, 8)).unwrap();
    assert_eq!(call(&api, "GET", &format!("/{id}")).await.json()["downloadable"], true);
    let fetched = request(&api, "GET", &format!("/{id}/content")).send().await.unwrap();
    assert_eq!(fetched.headers()["content-type"], "image/png");
    assert_eq!(fetched.bytes().await.unwrap(), samples::png(8, 8));
}

#[tokio::test]
async fn uploads_that_are_refused() {
    let api = Anthropic::start(Settings { file_bytes: 20, ..Settings::default() }).await.unwrap();
    let file = |name: &str| Form::new().part("file", part(name, "text/plain", b"x".to_vec()));
    for (name, form, status, says) in [
        ("no file", Form::new().text("expires_in_seconds", "3600"), 400, "file: Field required"),
        ("a plain field", Form::new().text("file", "x"), 400, "file: Expected a file"),
        ("two files", notes().part("file", part("b", "a/b", vec![1])), 400, "only one file"),
        ("an unknown field", notes().text("purpose", "vision"), 400, "purpose: Extra inputs"),
        ("an empty file", Form::new().part("file", part("a", "a/b", vec![])), 400, "must not be empty"),
        ("no name", file(""), 400, "Invalid filename"),
        ("a path", file("a/b.txt"), 400, "Invalid filename"),
        ("a long name", file(&"x".repeat(256)), 400, "Invalid filename"),
        ("too short a life", notes().text("expires_in_seconds", "3599"), 400, "between 3600 and 7776000"),
        ("too long a life", notes().text("expires_in_seconds", "7776001"), 400, "between 3600 and 7776000"),
        ("no number", notes().text("expires_in_seconds", "1h"), 400, "valid integer"),
        (
            "too large",
            Form::new().part("file", part("a", "a/b", vec![0; 21])),
            413,
            "maximum size of 20 bytes",
        ),
    ] {
        let refused = send(&api, form).await;
        assert_eq!(refused.status, status, "{name}: {}", refused.text);
        let error = &refused.json()["error"];
        assert!(error["message"].as_str().unwrap().contains(says), "{name}: {error}");
        let kind = if status == 413 { "request_too_large" } else { "invalid_request_error" };
        assert_eq!(error["type"], kind, "{name}");
    }
    assert_eq!((api.refusals().len(), api.files().len()), (12, 0));

    let bare = |name: &'static str, value: &'static str| {
        let url = format!("{}/v1/files", api.url());
        let request = reqwest::Client::new().post(url).header(name, value).multipart(notes());
        HttpAnswer::to(request)
    };
    assert_eq!(bare("anthropic-version", "2026-10-21").await.status, 401);
    assert_eq!(bare("x-api-key", "sk-ant-a").await.status, 400, "a version is needed");
    let json = HttpAnswer::to(request(&api, "POST", "").json(&json!({"file":"x"}))).await;
    assert!(json.text.contains("must be multipart/form-data"), "{}", json.text);
    assert_eq!(call(&api, "PUT", "").await.status, 405);
}

#[tokio::test]
async fn names_in_any_script_and_a_full_storage() {
    let api = Anthropic::start(Settings { storage_bytes: 10, ..Settings::default() }).await.unwrap();
    let id = upload(&api, "Отчёт (май) 📄.txt", "text/plain; charset=utf-8", b"123456".to_vec()).await;
    let object = call(&api, "GET", &format!("/{id}")).await.json();
    assert_eq!(
        (&object["filename"], &object["mime_type"]),
        (&json!("Отчёт (май) 📄.txt"), &json!("text/plain"))
    );
    let full = send(&api, notes()).await;
    assert_eq!((full.status, &full.json()["error"]["type"]), (403, &json!("permission_error")));
    call(&api, "DELETE", &format!("/{id}")).await;
    upload(&api, "a", "a/b", vec![0; 10]).await;
}

#[tokio::test]
async fn lists_are_paged_newest_first() {
    let api = start().await;
    let mut ids = Vec::new();
    for at in 0..5 {
        ids.insert(0, upload(&api, &format!("{at}"), "a/b", vec![1]).await);
    }
    let listed = |page: &Value| -> Vec<String> {
        page["data"].as_array().unwrap().iter().map(|file| file["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = call(&api, "GET", "").await.json();
    assert_eq!((listed(&all), &all["next_page"]), (ids.clone(), &Value::Null));
    let first = call(&api, "GET", "?limit=2").await.json();
    assert_eq!(listed(&first), ids[..2]);
    for id in listed(&first) {
        call(&api, "DELETE", &format!("/{id}")).await;
    }
    let next = first["next_page"].as_str().unwrap();
    let second = call(&api, "GET", &format!("?limit=3&page={next}")).await.json();
    assert_eq!((listed(&second), &second["next_page"]), (ids[2..].to_vec(), &Value::Null));
    let some = call(&api, "GET", &format!("?ids[]={}&ids[]={}&ids[]=file_no", ids[4], ids[2])).await.json();
    assert_eq!(listed(&some), [ids[2].clone(), ids[4].clone()]);
    let many: Vec<String> = (0..101).map(|at| format!("ids[]={at}")).collect();
    for query in [
        "?limit=0",
        "?limit=1001",
        "?after_id=a",
        "?page=x",
        "?ids[]=a&limit=3",
        &format!("?{}", many.join("&")),
    ] {
        assert_eq!(call(&api, "GET", query).await.status, 400, "{query}");
    }
}

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
    let done = |calls: &[super::super::Recorded]| {
        calls.iter().find(|call| call.outcome == Outcome::Finished).cloned()
    };
    api.until_files("the upload", BOUND, done).await.unwrap();
}

#[tokio::test]
async fn the_model_tells_what_it_sees() {
    let api = start().await;
    let photo = upload(&api, "x.jpg", "image/jpeg", samples::jpeg(1280, 720)).await;
    let pdf = upload(&api, "bill.pdf", "application/pdf", samples::pdf(3)).await;
    let one = upload(&api, "one.pdf", "application/pdf", samples::pdf(1)).await;
    let text = upload(&api, "день.txt", "text/plain", "день".into()).await;
    let says = |text: &str| json!({"type":"text","text":text});
    let (x, bill) = ("You sent a photo \"x.jpg\" (1280 x 720).", "You sent a PDF \"bill.pdf\" (3 pages).");
    for (content, said) in [
        (json!([block("image", &photo)]), x.to_owned()),
        (json!([block("document", &one)]), "You sent a PDF \"one.pdf\" (1 page).".to_owned()),
        (json!([block("document", &text)]), "You sent a text \"день.txt\" (4 characters).".to_owned()),
        (
            json!([block("image", &photo), block("document", &pdf), says("what is this?")]),
            format!("{x} {bill}\n\nYou said: what is this?"),
        ),
        (json!([block("image", &photo), says("!code")]), super::super::texts::CODE.to_owned()),
        (
            json!([{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw=="}}]),
            "You sent a photo.".to_owned(),
        ),
        (
            json!([{"type":"document","title":"Rules","source":{"type":"text","media_type":"text/plain","data":"abc"}}]),
            "You sent a text \"Rules\" (3 characters).".to_owned(),
        ),
        (
            json!([{"type":"container_upload","file_id":text}]),
            "You sent a file \"день.txt\" for the sandbox.".to_owned(),
        ),
    ] {
        assert_eq!(answer(&api, &asking(content)).await.said(), said);
    }
    let later = json!([{"role":"user","content":[block("image", &photo)]},
        {"role":"assistant","content":x},{"role":"user","content":"thanks"}]);
    assert_eq!(answer(&api, &with(ask(""), "messages", later)).await.said(), "You said: thanks");
    let seen = api.requests().into_iter().find(|request| request.files().len() == 2).unwrap();
    let named: Vec<_> =
        seen.files().iter().map(|file| (&*file.id, &*file.name, file.block, file.message)).collect();
    assert_eq!(named, [(&*photo, "x.jpg", "image", 0), (&*pdf, "bill.pdf", "document", 0)]);
    assert_eq!(api.refusals().len(), 0);
}

#[tokio::test]
async fn files_cost_what_they_hold() {
    let api = start().await;
    let photo = upload(&api, "x.jpg", "image/jpeg", samples::jpeg(1280, 720)).await;
    let poster = upload(&api, "y.png", "image/png", samples::png(4000, 3000)).await;
    let pdf = upload(&api, "z.pdf", "application/pdf", samples::pdf(3)).await;
    let text = upload(&api, "t.txt", "text/plain", b"123456789".to_vec()).await;
    for (kind, id, model, tokens) in [
        ("image", &photo, "claude-sonnet-5-5", 46 * 26),
        ("image", &poster, "claude-sonnet-5-5", 4784),
        ("image", &poster, "claude-haiku-4-5", 1568),
        ("document", &pdf, "claude-sonnet-5-5", 4500),
        ("document", &text, "claude-sonnet-5-5", 3),
    ] {
        let body = json!({"model":model,"messages":[{"role":"user","content":[block(kind, id)]}]});
        let counted = HttpAnswer::to(post(&api, "/v1/messages/count_tokens", &body)).await;
        assert_eq!(counted.json(), json!({"input_tokens": 8 + 4 + tokens}), "{kind} {model}");
        let asked = with(with(body, "max_tokens", json!(100)), "stream", json!(true));
        assert_eq!(answer(&api, &asked).await.message()["usage"]["input_tokens"], 8 + 4 + tokens);
    }
}
