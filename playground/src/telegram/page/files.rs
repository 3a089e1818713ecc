//! Handlers of the requests by which a person on the page sends files and recordings.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Multipart, State};
use serde::Deserialize;
use serde_json::json;

use super::super::sending::{NewFile, Placement};
use super::super::shared::Shared;
use super::super::types::Attachment;
use super::control::{ControlResult, wrong};

/// `POST /play/file`, multipart: `chat`, `from`, `topic`, `kind`, `caption`, `album`, then the `file`. The
/// files of an album are sent in sequence with the same album number.
pub(super) async fn send_file(State(shared): State<Arc<Shared>>, mut form: Multipart) -> ControlResult {
    let (mut chat, mut from, mut topic, mut kind, mut caption) =
        (None, None, None, String::new(), String::new());
    let (mut upload, mut album) = (None, None);
    while let Some(field) = form.next_field().await.map_err(|error| wrong(error.to_string()))? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().unwrap_or("file").to_owned();
        let mime = field.content_type().unwrap_or("application/octet-stream").to_owned();
        let bytes = field.bytes().await.map_err(|error| wrong(error.to_string()))?;
        let text = || String::from_utf8_lossy(&bytes).trim().to_owned();
        match name.as_str() {
            "chat" => chat = text().parse().ok(),
            "from" => from = text().parse().ok(),
            "topic" => topic = text().parse().ok(),
            "kind" => kind = text(),
            "caption" => caption = text(),
            "album" => album = Some(text()),
            "file" => upload = Some((file, mime, bytes.to_vec())),
            _ => {}
        }
    }
    let (Some(chat), Some(from), Some((name, mime, bytes))) = (chat, from, upload) else {
        return Err(wrong("chat, from and file are needed"));
    };
    let kind = kind_of(&kind).ok_or_else(|| wrong("there is no such kind of file"))?;
    let file = NewFile::new(kind, &name, &mime, bytes).captioned(&caption);
    let place = Placement { topic, reply_to: None, album };
    Ok(Json(json!(shared.change(|world| world.say_file(chat, from, place, file)))))
}

/// Body of `POST /play/voice`.
#[derive(Deserialize)]
pub(super) struct SampleVoice {
    chat: i64,
    from: i64,
    topic: Option<i64>,
    seconds: u32,
    /// `voice`, `audio` or `video`.
    #[serde(default)]
    kind: SampleKind,
}

/// As what a sample is sent.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SampleKind {
    #[default]
    Voice,
    Audio,
    Video,
}

/// Limit of a sample, in seconds.
const LONGEST_SAMPLE: u32 = 3_600;

/// `POST /play/voice`: a voice note, music or video of silence, for browsers without a microphone and people
/// without files.
pub(super) async fn send_voice(
    State(shared): State<Arc<Shared>>,
    Json(body): Json<SampleVoice>,
) -> ControlResult {
    if body.seconds > LONGEST_SAMPLE {
        return Err(wrong("a sample has at most an hour"));
    }
    let place = Placement { topic: body.topic, ..Placement::default() };
    let sample = match body.kind {
        SampleKind::Voice => NewFile::voice(body.seconds),
        SampleKind::Audio => NewFile::audio("sample.mp3", body.seconds),
        SampleKind::Video => NewFile::video("sample.mp4", body.seconds),
    };
    let said = shared.change(|world| world.say_file(body.chat, body.from, place, sample));
    if said.message_id == 0 { Err(wrong("there is no such chat")) } else { Ok(Json(json!(said))) }
}

fn kind_of(name: &str) -> Option<Attachment> {
    Some(match name {
        "photo" => Attachment::Photo,
        "document" | "" => Attachment::Document,
        "voice" => Attachment::Voice,
        "audio" => Attachment::Audio,
        "video" => Attachment::Video,
        "video_note" => Attachment::VideoNote,
        "animation" => Attachment::Animation,
        "sticker" => Attachment::Sticker,
        _ => return None,
    })
}
