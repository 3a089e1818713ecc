//! Sending files: one message or an album, with contents of ours or by Telegram's own ids.

use std::time::Duration;

use bytes::Bytes;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::error::ApiError;
use super::flow::Admission;
use super::methods::ReplyParameters;
use super::{Api, read};
use crate::domain::ids::{ChatId, MessageId, TopicId};
use crate::domain::media::MediaKind;

/// Time limit of a call that sends files: 50 MB at 1.4 Mbit/s.
const UPLOAD_LIMIT: Duration = Duration::from_secs(300);

/// Keeps Telegram from making an animation or a video of a document.
const UNCHANGED: &str = "disable_content_type_detection";

/// A message with files.
#[derive(Debug)]
pub(crate) struct FilesMessage<'a> {
    /// The chat to send to.
    pub chat: ChatId,
    /// The topic in the chat.
    pub topic: Option<TopicId>,
    /// The message that it replies to.
    pub reply_to: Option<MessageId>,
    /// The text below the first file, at most 1,024 code points; may be empty.
    pub caption: &'a str,
    /// The formatting of the caption; offsets in UTF-16 units.
    pub entities: &'a Value,
    /// One file, or two to ten that may be in one album.
    pub files: &'a [OutgoingFile],
}

/// A file to send.
#[derive(Clone, Debug)]
pub(crate) struct OutgoingFile {
    /// How it is sent.
    pub kind: MediaKind,
    /// Its name.
    pub name: String,
    /// Its MIME type.
    pub mime: String,
    /// Where it comes from.
    pub source: FileSource,
}

/// Where the content of a file comes from.
#[derive(Clone, Debug)]
pub(crate) enum FileSource {
    /// Telegram has it under this id.
    Telegram(String),
    /// It is uploaded.
    Content(Bytes),
}

/// A file that Telegram has accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SentFile {
    /// The message that contains it.
    pub message: MessageId,
    /// What Telegram has made of it and its id there, which sends it again; `None` if the response does not
    /// tell.
    pub copy: Option<(MediaKind, String)>,
}

impl Api {
    /// Waits until a message with `files` files may be sent, and takes their places in the budgets. Nothing
    /// has to be kept in memory meanwhile.
    pub(crate) async fn wait_for_files(&self, chat: ChatId, files: usize) {
        let _waiting = self.flow.waiting(chat);
        while let Admission::NotBefore(time) = self.flow.admit_files(chat, files) {
            tokio::time::sleep_until(time).await;
        }
    }

    /// Sends files, in one message or one album. The caller has waited with [`Api::wait_for_files`].
    ///
    /// # Errors
    /// Returns the errors of [`Api::call`]. A flood wait has extended the chat's penalty by then.
    pub(crate) async fn send_files(&self, message: &FilesMessage<'_>) -> Result<Vec<SentFile>, ApiError> {
        self.check_fence()?;
        let (method, form) = form(message)?;
        let url = self.addresses.method(method);
        let answer = match self.http.post(url).timeout(UPLOAD_LIMIT).multipart(form).send().await {
            Ok(response) => read::<Value>(response).await,
            Err(error) => Err(ApiError::network(error)),
        };
        self.count(method, &answer);
        self.learn(message.chat, &answer);
        let sent = match answer? {
            Value::Array(messages) => messages.iter().map(sent_file).collect(),
            message => sent_file(&message).map(|file| vec![file]),
        };
        // Something was sent, but nobody knows under which number.
        sent.filter(|files: &Vec<SentFile>| !files.is_empty()).ok_or(ApiError::Unreadable(200))
    }
}

/// Returns the method that sends a message, and its parameters.
fn form(message: &FilesMessage<'_>) -> Result<(&'static str, Form), ApiError> {
    let mut form = Form::new().text("chat_id", message.chat.to_string());
    if let Some(topic) = message.topic {
        form = form.text("message_thread_id", topic.to_string());
    }
    if let Some(reply) = message.reply_to {
        form = form.text("reply_parameters", json!(ReplyParameters::to(reply)).to_string());
    }
    if let [file] = message.files {
        if !message.caption.is_empty() {
            form = form.text("caption", message.caption.to_owned());
            form = form.text("caption_entities", message.entities.to_string());
        }
        if file.kind == MediaKind::Document {
            form = form.text(UNCHANGED, "true");
        }
        form = match &file.source {
            FileSource::Telegram(id) => form.text(file.kind.name(), id.clone()),
            FileSource::Content(content) => form.part(file.kind.name(), part(file, content)?),
        };
        return Ok((method(file.kind), form));
    }
    let mut media = Vec::new();
    for (number, file) in message.files.iter().enumerate() {
        let place = match &file.source {
            FileSource::Telegram(id) => id.clone(),
            FileSource::Content(content) => {
                let field = format!("file{number}");
                let place = format!("attach://{field}");
                form = form.part(field, part(file, content)?);
                place
            }
        };
        let mut item = json!({ "type": file.kind.name(), "media": place });
        if file.kind == MediaKind::Document {
            item[UNCHANGED] = json!(true);
        }
        if number == 0 && !message.caption.is_empty() {
            item["caption"] = json!(message.caption);
            item["caption_entities"] = message.entities.clone();
        }
        media.push(item);
    }
    Ok(("sendMediaGroup", form.text("media", Value::Array(media).to_string())))
}

fn method(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Photo => "sendPhoto",
        MediaKind::Document => "sendDocument",
        MediaKind::Audio => "sendAudio",
        MediaKind::Voice => "sendVoice",
        MediaKind::Video => "sendVideo",
        MediaKind::VideoNote => "sendVideoNote",
        MediaKind::Animation => "sendAnimation",
        MediaKind::Sticker => "sendSticker",
    }
}

fn part(file: &OutgoingFile, content: &Bytes) -> Result<Part, ApiError> {
    let part = Part::stream_with_length(content.clone(), content.len() as u64).file_name(file.name.clone());
    // A type that no header can contain was made up by somebody.
    let part = match part.mime_str(&file.mime) {
        Ok(part) => part,
        Err(_) => Part::stream_with_length(content.clone(), content.len() as u64)
            .file_name(file.name.clone())
            .mime_str("application/octet-stream")
            .map_err(ApiError::network)?,
    };
    Ok(part)
}

/// Reads a message with a file. Returns `None` if it has no number.
fn sent_file(message: &Value) -> Option<SentFile> {
    // An animation is described as a document too.
    const KINDS: [MediaKind; 8] = [
        MediaKind::Animation,
        MediaKind::Photo,
        MediaKind::Video,
        MediaKind::VideoNote,
        MediaKind::Audio,
        MediaKind::Voice,
        MediaKind::Sticker,
        MediaKind::Document,
    ];
    let number = message["message_id"].as_i64().and_then(|number| i32::try_from(number).ok())?;
    let copy = KINDS.iter().find_map(|kind| {
        let described = &message[kind.name()];
        // A photo has several sizes, the largest last.
        let described = described.as_array().and_then(|sizes| sizes.last()).unwrap_or(described);
        Some((*kind, described["file_id"].as_str().filter(|id| !id.is_empty())?.to_owned()))
    });
    Some(SentFile { message: MessageId(number), copy })
}

#[cfg(test)]
mod tests;
