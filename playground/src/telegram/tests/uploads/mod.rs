//! Files that the bot sends: uploads, known ids, albums, edits, and what is refused.

mod albums;
mod edits;
mod refused;
mod sending;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::Rig;

fn part(name: &str, mime: &str, bytes: Vec<u8>) -> Part {
    Part::bytes(bytes).file_name(name.to_owned()).mime_str(mime).unwrap()
}

impl Rig {
    async fn upload(&self, method: &str, form: Form) -> Value {
        self.client.post(self.address(method)).multipart(form).send().await.unwrap().json().await.unwrap()
    }

    /// The message of an upload that must succeed.
    async fn uploaded(&self, method: &str, field: &'static str, name: &str, bytes: Vec<u8>) -> Value {
        let form = Form::new().text("chat_id", "42").part(field, part(name, "a/b", bytes));
        let answer = self.upload(method, form).await;
        assert_eq!(answer["ok"], json!(true), "{method} {name}: {answer}");
        answer["result"].clone()
    }

    /// Code and sentence of an upload that must be refused.
    async fn refused_upload(&self, method: &str, form: Form) -> (i64, String) {
        let answer = self.upload(method, form).await;
        assert_eq!(answer["ok"], json!(false), "{method}: {answer}");
        (answer["error_code"].as_i64().unwrap(), answer["description"].as_str().unwrap().to_owned())
    }
}

fn album(items: &[Value], files: Vec<(&'static str, Part)>) -> Form {
    let form = Form::new().text("chat_id", "42").text("media", json!(items).to_string());
    files.into_iter().fold(form, |form, (name, part)| form.part(name, part))
}
