//! Files sent by people: alone, with a caption, in a topic, as a reply, or several as one album.

use serde_json::json;

use super::media;
use super::shared::Telegram;
use super::text;
use super::types::{Attachment, SentIds};
use super::world::{Post, World};
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
}

impl NewFile {
    /// Creates a file without a caption.
    pub fn new(kind: Attachment, name: &str, mime: &str, bytes: Vec<u8>) -> Self {
        Self { kind, name: name.to_owned(), mime: mime.to_owned(), bytes, caption: String::new() }
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
        let id = self.files.add(media::folder(file.kind), &file.name, &file.mime, file.bytes);
        let mut body = media::body(self, file.kind, &id);
        if !file.caption.is_empty() {
            let entities = text::detect(&file.caption);
            body.insert("caption".to_owned(), json!(file.caption));
            if !entities.is_empty() {
                body.insert("caption_entities".to_owned(), json!(entities));
            }
        }
        if let Some(album) = place.album {
            body.insert("media_group_id".to_owned(), json!(album));
        }
        let Placement { topic, reply_to, .. } = place;
        self.say(chat, Post { from, topic, reply_to, body, reply_markup: None })
    }

    fn say_album(&mut self, chat: i64, from: i64, topic: Option<i64>, files: Vec<NewFile>) -> Vec<SentIds> {
        let album = Some(self.files.next_album());
        let place = Placement { topic, reply_to: None, album };
        files.into_iter().map(|file| self.say_file(chat, from, place.clone(), file)).collect()
    }
}

/// Returns whether an app would send these as one album: two to ten files, documents and music only among
/// themselves, no voice notes, round videos or stickers.
pub(super) fn is_album(files: &[NewFile]) -> bool {
    let family = |file: &NewFile| match file.kind {
        Attachment::Photo | Attachment::Video => Some(0),
        Attachment::Document => Some(1),
        Attachment::Audio => Some(2),
        Attachment::Voice | Attachment::VideoNote | Attachment::Sticker => None,
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
