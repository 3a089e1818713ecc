//! Files sent by people: alone, with a caption, in a topic, as a reply, or several as one album.

use serde_json::{Map, Value, json};

use super::file_body;
use super::media::{self, Media};
use super::posts::Post;
use super::shared::Telegram;
use super::text;
use super::types::{Attachment, SentIds};
use super::world::World;
use crate::samples;

/// A file for a person to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// The kind of attachment.
    pub kind: Attachment,
    /// The file name. Photos, voice notes and stickers arrive without one.
    pub name: String,
    /// The MIME type, as reported by the person's app.
    pub mime: String,
    /// The content.
    pub bytes: Vec<u8>,
    /// The caption; empty means none.
    pub caption: String,
    /// Fields of the file's object in the message that extend and override those that the emulator sets:
    /// `duration`, `title`, `performer`, `emoji`, `set_name`, `width`.
    pub details: Map<String, Value>,
    /// Fields of the message that extend and override those that the emulator sets, such as `forward_origin`.
    pub message: Map<String, Value>,
}

impl NewFile {
    /// Creates a file without a caption.
    pub fn new(kind: Attachment, name: &str, mime: &str, bytes: Vec<u8>) -> Self {
        let (name, mime) = (name.to_owned(), mime.to_owned());
        Self { kind, name, mime, bytes, caption: String::new(), details: Map::new(), message: Map::new() }
    }

    /// Creates a grey photo of this size in pixels, as a JPEG, like all photos of the service.
    pub fn photo(width: u16, height: u16) -> Self {
        Self::new(Attachment::Photo, "photo.jpg", "image/jpeg", samples::jpeg(width, height))
    }

    /// Creates a PDF document whose pages show their number.
    pub fn pdf(name: &str, pages: usize) -> Self {
        Self::new(Attachment::Document, name, "application/pdf", samples::pdf(pages))
    }

    /// Creates a plain text document.
    pub fn text(name: &str, text: &str) -> Self {
        Self::new(Attachment::Document, name, "text/plain", text.as_bytes().to_vec())
    }

    /// Creates a voice note with this many seconds of silence.
    pub fn voice(seconds: u32) -> Self {
        Self::new(Attachment::Voice, "", "audio/ogg", samples::ogg(seconds))
    }

    /// Creates a round video with a sound track of this many seconds. It has headers only.
    pub fn video_note(seconds: u32) -> Self {
        Self::new(Attachment::VideoNote, "", "video/mp4", samples::mp4(seconds))
    }

    /// Creates a video with a sound track of this many seconds. It has headers only.
    pub fn video(name: &str, seconds: u32) -> Self {
        Self::new(Attachment::Video, name, "video/mp4", samples::mp4(seconds))
    }

    /// Creates music: an MP3 with this many seconds of silence.
    pub fn audio(name: &str, seconds: u32) -> Self {
        Self::new(Attachment::Audio, name, "audio/mpeg", samples::mp3(seconds))
    }

    /// Creates an animation as the apps send it: a video without sound of three seconds, headers only.
    pub fn animation(name: &str) -> Self {
        Self::new(Attachment::Animation, name, "video/mp4", samples::silent_mp4(3))
    }

    /// Creates a sticker that stands for an emoji. `mime` is `image/webp`, `application/x-tgsticker` for an
    /// animated one or `video/webm`.
    pub fn sticker(emoji: &str, mime: &str, bytes: Vec<u8>) -> Self {
        Self::new(Attachment::Sticker, "", mime, bytes).with(json!({ "emoji": emoji }))
    }

    /// Sets fields of the file's object in the message, for example a `duration` that differs from
    /// the file's.
    #[must_use]
    pub fn with(mut self, fields: Value) -> Self {
        if let Value::Object(fields) = fields {
            self.details.extend(fields);
        }
        self
    }

    /// Sets fields of the message, for example those of
    /// [`kinds::forwarded_from`](super::kinds::forwarded_from).
    #[must_use]
    pub fn in_message(mut self, fields: Value) -> Self {
        if let Value::Object(fields) = fields {
            self.message.extend(fields);
        }
        self
    }

    /// Sets the caption.
    #[must_use]
    pub fn captioned(mut self, caption: &str) -> Self {
        caption.clone_into(&mut self.caption);
        self
    }
}

/// Where a message is placed within its chat.
#[derive(Debug, Clone, Default)]
pub(super) struct Placement {
    pub topic: Option<i64>,
    pub reply_to: Option<i64>,
    /// `media_group_id`: the album that the message belongs to.
    pub album: Option<String>,
}

impl World {
    pub(super) fn say_file(&mut self, chat: i64, from: i64, place: Placement, file: NewFile) -> SentIds {
        let mut body = self.file_body(file);
        if let Some(album) = place.album {
            body.insert("media_group_id".to_owned(), json!(album));
        }
        let Placement { topic, reply_to, .. } = place;
        self.say(chat, Post { from, topic, reply_to, body, reply_markup: None })
    }

    /// Stores a file and returns the fields of its message.
    fn file_body(&mut self, file: NewFile) -> Map<String, Value> {
        let stored = Media { kind: file.kind, name: &file.name, mime: &file.mime, details: file.details };
        let id = self.files.add(stored, file.bytes);
        let mut body = file_body::body(self, &id);
        media::add_caption(&mut body, &file.caption, &text::detect(&file.caption));
        body.extend(file.message);
        body
    }

    fn edit_file(&mut self, chat: i64, message: i64, file: NewFile) -> Option<i64> {
        let markup = self.chats.get(&chat)?.messages.get(&message)?.reply_markup.clone();
        let body = self.file_body(file);
        let edited = self.replace_file(chat, message, body, markup)?;
        Some(self.queue.push("edited_message", edited.raw))
    }

    fn say_album(&mut self, chat: i64, from: i64, topic: Option<i64>, files: Vec<NewFile>) -> Vec<SentIds> {
        let album = Some(self.files.next_album());
        let place = Placement { topic, reply_to: None, album };
        files.into_iter().map(|file| self.say_file(chat, from, place.clone(), file)).collect()
    }
}

/// Returns whether an app would send these as one album: two to ten files, documents and music only among
/// themselves, no voice notes, round videos, animations or stickers.
pub(super) fn is_album(files: &[NewFile]) -> bool {
    let family = |file: &NewFile| match file.kind {
        Attachment::Photo | Attachment::Video => Some(0),
        Attachment::Document => Some(1),
        Attachment::Audio => Some(2),
        Attachment::Voice | Attachment::VideoNote | Attachment::Animation | Attachment::Sticker => None,
    };
    let first = files.first().and_then(family);
    (2..=10).contains(&files.len()) && first.is_some() && files.iter().all(|file| family(file) == first)
}

impl Telegram {
    /// Sends a file as a person.
    pub fn send(&self, chat: i64, from: i64, file: NewFile) -> SentIds {
        self.shared.change(|world| world.say_file(chat, from, Placement::default(), file))
    }

    /// Sends a file as a person, in a topic.
    pub fn send_in_topic(&self, chat: i64, from: i64, topic: i64, file: NewFile) -> SentIds {
        let place = Placement { topic: Some(topic), ..Placement::default() };
        self.shared.change(|world| world.say_file(chat, from, place, file))
    }

    /// Replaces the file and the caption of a person's message. Returns the update's id; `None` if there
    /// is no such message.
    pub fn edit_file(&self, chat: i64, message_id: i64, file: NewFile) -> Option<i64> {
        self.shared.change(|world| world.edit_file(chat, message_id, file))
    }

    /// Makes a person refuse voice messages, which only people with Telegram Premium can.
    pub fn forbid_voice(&self, user: i64) {
        self.shared.change(|world| world.voice_forbidden.insert(user));
    }

    /// Replies to a message with a file, in the topic of that message.
    pub fn reply_with(&self, chat: i64, from: i64, to: i64, file: NewFile) -> SentIds {
        let place = Placement { reply_to: Some(to), ..Placement::default() };
        self.shared.change(|world| world.say_file(chat, from, place, file))
    }

    /// Sends an album at once: one message per file, all with the same `media_group_id`, each with its own
    /// caption (apps give one to the first only).
    ///
    /// # Panics
    ///
    /// Panics if no app would send these files together: fewer than two, more than ten, or kinds that do not
    /// mix.
    pub fn send_album(&self, chat: i64, from: i64, topic: Option<i64>, files: Vec<NewFile>) -> Vec<SentIds> {
        assert!(is_album(&files), "these files make no album");
        self.shared.change(|world| world.say_album(chat, from, topic, files))
    }

    /// Sends a file, like [`send`](Self::send), given by its properties. An empty caption means none.
    #[expect(clippy::too_many_arguments, reason = "each is one property of the message a test spells out")]
    pub fn send_file(
        &self,
        chat: i64,
        from: i64,
        kind: Attachment,
        name: &str,
        mime: &str,
        bytes: Vec<u8>,
        caption: &str,
    ) -> SentIds {
        self.send(chat, from, NewFile::new(kind, name, mime, bytes).captioned(caption))
    }
}
