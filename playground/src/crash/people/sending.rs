//! What users do beside writing: files, albums, voice messages, edits, `/clear`.

use std::time::Duration;

use playground::telegram::{NewFile, SentIds};
use rand::Rng as _;

use super::super::author::{self, QuestionKind};
use super::super::files::{self, FileForm, UserFile};
use super::super::marks::{Mark, Tag};
use super::{EDITED, Edit, SimulatedUser, What};

/// The files of an album.
const ALBUM: std::ops::Range<usize> = 2..5;
/// How long after a question it is edited, in milliseconds: before, during or after its answer.
const EDITED_AFTER: std::ops::Range<u64> = 0..2_000;

impl SimulatedUser {
    /// Sends a file with a question: below it, or in a private chat also inside a table.
    pub(super) fn send_with_question(&mut self) -> Tag {
        let forms = [FileForm::Photo, FileForm::Pdf, FileForm::Text, FileForm::Sheet];
        let form = forms[self.rng.random_range(0..forms.len())];
        let tag = self.next_tag();
        let question = author::question(tag, QuestionKind::Short);
        let asks_inside = form == FileForm::Sheet && self.is_private() && self.rng.random();
        let caption = if asks_inside { String::new() } else { self.call(&question) };
        let number = self.next_file();
        let file = files::make(form, number, &question).captioned(&caption);
        let sent = self.telegram.send(self.chat, self.id, file);
        self.keep(number, form, sent);
        self.note(sent, Some(tag), if asks_inside { What::Sheet } else { What::Written });
        tag
    }

    /// Sends an album with a question below its first file.
    pub(super) fn send_album(&mut self) -> Tag {
        let form = if self.rng.random() { FileForm::Photo } else { FileForm::Pdf };
        let tag = self.next_tag();
        let count = self.rng.random_range(ALBUM);
        let first = self.next_file().number;
        let numbers: Vec<Tag> = (first..).map(|number| Tag { user: self.id, number }).take(count).collect();
        let mut album: Vec<NewFile> = numbers.iter().map(|&number| files::make(form, number, "")).collect();
        album[0].caption = author::question(tag, QuestionKind::Short);
        let sent = self.telegram.send_album(self.chat, self.id, None, album);
        for (number, &sent) in numbers.into_iter().zip(&sent) {
            self.keep(number, form, sent);
        }
        self.note(sent[0], Some(tag), What::Written);
        tag
    }

    /// Says a question in a voice message.
    pub(super) fn speak(&mut self) -> Tag {
        let (tag, number) = (self.next_tag(), self.next_file());
        let file = files::make(FileForm::Voice, number, &author::question(tag, QuestionKind::Short));
        let sent = self.telegram.send(self.chat, self.id, file);
        self.keep(number, FileForm::Voice, sent);
        self.note(sent, Some(tag), What::Voice);
        tag
    }

    /// Asks a question and edits it soon after.
    pub(super) async fn ask_and_edit(&mut self) {
        let tag = self.ask(QuestionKind::Short);
        let pause = Duration::from_millis(self.rng.random_range(EDITED_AFTER));
        tokio::time::sleep(pause).await;
        let Some(message) = self.said.last().map(|said| said.message) else { return };
        let text = format!("{} {EDITED}", author::question(tag, QuestionKind::Short));
        if self.telegram.edit(self.chat, message, &self.call(&text)).is_some() {
            self.edits.push(Edit { chat: self.chat, message });
        }
        self.wait_for(tag).await;
    }

    /// Lets the bot forget the conversation.
    pub(super) fn clear(&mut self) {
        let command = if self.is_private() { "/clear" } else { "/clear@starling_bot" };
        self.say(command, None, What::Clear);
    }

    /// Returns the number of the next file.
    fn next_file(&self) -> Tag {
        Tag { user: self.id, number: u32::try_from(self.files.len()).unwrap_or(u32::MAX) }
    }

    /// Records a file that was sent.
    fn keep(&mut self, tag: Tag, form: FileForm, sent: SentIds) {
        let chat = self.chat;
        let SentIds { message_id: message, update_id: update } = sent;
        let (telegram_id, unique_id) = self.telegram.view(|view| {
            let file = view.media(chat).find(|media| media.message_id == message);
            file.map(|file| (file.file_id, file.unique_id)).unwrap_or_default()
        });
        let word = match form {
            FileForm::Pdf | FileForm::Text | FileForm::Sheet => Mark::File(tag).to_string(),
            FileForm::Photo | FileForm::Voice => unique_id,
        };
        self.files.push(UserFile { tag, form, chat, message, update, telegram_id, word });
    }
}
