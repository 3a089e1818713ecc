//! People send files: alone, with a caption, in a topic, as an answer, or several as one album.

use serde_json::json;

use super::media;
use super::shared::Telegram;
use super::text;
use super::types::{Attachment, SentIds};
use super::world::{Post, World};
use crate::samples;

/// A file on its way into a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// What it is sent as.
    pub kind: Attachment,
    /// Its name; photos, voice notes and stickers arrive without one.
    pub name: String,
    /// Its MIME type as the person's app tells it.
    pub mime: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The text below it; empty for none.
    pub caption: String,
}

impl NewFile {
    /// A file without a caption.
    pub fn new(kind: Attachment, name: &str, mime: &str, bytes: Vec<u8>) -> Self {
        Self { kind, name: name.to_owned(), mime: mime.to_owned(), bytes, caption: String::new() }
    }

    /// A grey photo of this size in pixels, as JPEG like all photos of the service.
    pub fn photo(width: u16, height: u16) -> Self {
        Self::new(Attachment::Photo, "photo.jpg", "image/jpeg", samples::jpeg(width, height))
    }

    /// A PDF document whose pages say their number.
    pub fn pdf(name: &str, pages: usize) -> Self {
        Self::new(Attachment::Document, name, "application/pdf", samples::pdf(pages))
    }

    /// A text document.
    pub fn text(name: &str, text: &str) -> Self {
        Self::new(Attachment::Document, name, "text/plain", text.as_bytes().to_vec())
    }

    /// The same with a caption.
    #[must_use]
    pub fn captioned(mut self, caption: &str) -> Self {
        caption.clone_into(&mut self.caption);
        self
    }
}

/// Where a message stands besides its chat.
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

/// Whether the person's app would send these as one album: two to ten, documents and music only among
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
    /// A person sends a file.
    pub fn send(&self, chat: i64, from: i64, file: NewFile) -> SentIds {
        self.shared.change(|world| world.say_file(chat, from, Placement::default(), file))
    }

    /// A person sends a file in a topic.
    pub fn send_in_topic(&self, chat: i64, from: i64, topic: i64, file: NewFile) -> SentIds {
        let place = Placement { topic: Some(topic), ..Placement::default() };
        self.shared.change(|world| world.say_file(chat, from, place, file))
    }

    /// A person answers a message with a file; the topic is that of the message.
    pub fn reply_with(&self, chat: i64, from: i64, to: i64, file: NewFile) -> SentIds {
        let place = Placement { reply_to: Some(to), ..Placement::default() };
        self.shared.change(|world| world.say_file(chat, from, place, file))
    }

    /// A person sends an album: one message a file, all with the same `media_group_id`, each with its own caption
    /// (apps give one to the first only), in one moment.
    ///
    /// # Panics
    ///
    /// If no app would send these files together: fewer than two, more than ten, or kinds that do not mix.
    pub fn send_album(&self, chat: i64, from: i64, topic: Option<i64>, files: Vec<NewFile>) -> Vec<SentIds> {
        assert!(is_album(&files), "these files make no album");
        self.shared.change(|world| world.say_album(chat, from, topic, files))
    }

    /// The same as [`send`](Self::send), with every property spelled out; an empty caption is none.
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
