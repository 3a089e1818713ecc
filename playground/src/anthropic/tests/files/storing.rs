//! Uploads, lists, fetching and deletion, and uploads that are refused.

use reqwest::multipart::Form;
use serde_json::{Value, json};

use super::super::{BOUND, HttpAnswer, start};
use super::{call, notes, part, request, send, upload};
use crate::anthropic::{Anthropic, Endpoint, Settings};
use crate::samples;

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
    assert_eq!(api.deleted_files(), std::slice::from_ref(&id), "a deletion that is refused does not count");
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
