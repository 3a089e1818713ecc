//! Messages: what a person sent, and what a conversation remembers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::file::{Attachment, KnownFile, Retrieval, known_size};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{FileId, MessageId, ThreadKey, UpdateId};
use crate::domain::media::SentFileNote;
use crate::domain::people::{Chat, Person};
use crate::domain::tool_round::ToolRound;

/// A message that needs an answer: read from an update, not stored yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incoming {
    /// The update that contained it; its inbox row is closed when the turn is opened.
    pub update: UpdateId,
    /// The conversation it belongs to.
    pub key: ThreadKey,
    /// The message id in the chat; also the order of messages inside a batch.
    pub message: MessageId,
    /// The person who wrote it.
    pub sender: Person,
    /// The chat it was sent to.
    pub chat: Chat,
    /// The text or the caption; empty only with a file.
    pub text: String,
    /// When Telegram received it (whole seconds).
    pub date: DateTime<Utc>,
    /// The messages that the person referred to.
    pub context: MessageContext,
    /// The file that came with it.
    pub attachment: Option<Attachment>,
    /// The result of fetching that file.
    pub fetched: Retrieval,
    /// The file of the message that is replied to.
    pub replied_attachment: Option<Attachment>,
    /// The result of fetching the file of the message that is replied to.
    pub replied_fetched: Retrieval,
    /// Telegram's `media_group_id` of the album it is part of.
    pub album: Option<String>,
}

impl Incoming {
    /// Returns whether a model could read nothing in it: no words, written or spoken, and neither a copy nor
    /// a preview of its file.
    pub fn is_blank(&self) -> bool {
        let has_spoken = self.fetched.spoken().is_some_and(|spoken| !spoken.is_silence());
        let has_file = self.fetched.copy().is_some() || self.fetched.preview().is_some();
        self.text.trim().is_empty() && !has_file && !has_spoken
    }

    /// Returns whether it consists of a recording only.
    pub fn is_spoken(&self) -> bool {
        self.text.trim().is_empty() && self.attachment.as_ref().is_some_and(|file| file.kind.is_spoken())
    }

    /// Returns the files of the message in prompt order: first that of the message that is replied to
    /// (`true`), then its own.
    pub fn files(&self) -> impl Iterator<Item = (bool, &Attachment, &Retrieval)> {
        let replied = self.replied_attachment.iter().map(|file| (true, file, &self.replied_fetched));
        replied.chain(self.attachment.iter().map(|file| (false, file, &self.fetched)))
    }

    /// Returns the message as the next turn will read it from the database; both must produce the same
    /// prompt. Its files have no ids yet.
    pub fn remembered(&self) -> HistoryMessage {
        let known = |(replied, file, fetched): (bool, &Attachment, &Retrieval)| KnownFile {
            id: FileId(0),
            public_id: PublicFileId::default(),
            kind: file.kind,
            name: file.name.clone(),
            mime: file.mime.clone(),
            size: known_size(file.size.unwrap_or(0), fetched.succeeded()),
            provider_id: fetched.copy().map(|copy| copy.id.clone()),
            at: self.date,
            replied,
            not_fetched: fetched.succeeded() == Some(false),
            spoken: fetched.spoken().cloned(),
            preview: fetched.preview().map(str::to_owned),
            fault: fetched.document_fault(),
            refusal: fetched.refusal(),
        };
        HistoryMessage {
            role: Role::User,
            message: Some(self.message),
            text: self.text.clone(),
            sender: Some(self.sender.display_name()),
            context: self.context.clone(),
            edits: 0,
            interrupted: false,
            files: self.files().map(known).collect(),
            sent_files: Vec::new(),
            tool_rounds: Vec::new(),
        }
    }
}

/// Reply, quote and forward marks of a message, in the form that the prompt shows.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct MessageContext {
    /// The message that this one replies to.
    pub reply: Option<Reply>,
    /// The quoted part of that message.
    pub quote: Option<String>,
    /// The name of a forwarded message's origin.
    pub forwarded_from: Option<String>,
}

/// The message that is replied to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// The message id; `None` if the message is in another chat.
    #[serde(default)]
    pub message: Option<MessageId>,
    /// The title of that other chat, if it is known.
    #[serde(default)]
    pub chat: Option<String>,
    /// Who wrote it.
    pub sender: String,
    /// The text or caption, at most [`Reply::TEXT_CHARS`] code points: a longer one loses its middle.
    #[serde(alias = "snippet")]
    pub text: String,
    /// Its content beside the text, described for the model: kind, file name, a poll's question.
    #[serde(default)]
    pub content: Option<String>,
}

impl Reply {
    /// The longest text that the prompt repeats, in code points: four full messages of Telegram.
    pub const TEXT_CHARS: usize = 16_000;
    /// How much of the text the prompt repeats if the message is in the history anyway, in code points.
    pub const MARK_CHARS: usize = 200;

    /// Removes the middle of a text that is longer than [`Self::TEXT_CHARS`] code points.
    pub fn cut_middle(&mut self) {
        let length = self.text.chars().count();
        if length <= Self::TEXT_CHARS {
            return;
        }
        let left_out = length - (Self::TEXT_CHARS - CUT_CHARS);
        let head: String = self.text.chars().take((Self::TEXT_CHARS - CUT_CHARS) / 2).collect();
        let tail = head.chars().count() + left_out;
        let tail: String = self.text.chars().skip(tail).collect();
        self.text = format!("{head}\n[{left_out} characters left out]\n{tail}");
    }

    /// Shortens the text to what is needed to recognise the message.
    pub fn cut_to_mark(&mut self) {
        if let Some((end, _)) = self.text.char_indices().nth(Self::MARK_CHARS) {
            self.text.truncate(end);
            self.text.push('…');
        }
    }
}

/// Room for the remark that replaces the removed middle, in code points.
const CUT_CHARS: usize = 64;

/// The role of a speaker in a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A person.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// Returns the name for columns and requests.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A message in the history of a conversation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HistoryMessage {
    /// The role of its author.
    pub role: Role,
    /// The message id in the chat. `None` for answers, which may be several messages, and for cache entries
    /// from before ids were kept.
    #[serde(default)]
    pub message: Option<MessageId>,
    /// The whole text; for an answer, everything that was shown.
    pub text: String,
    /// The sender's name, shown to the model in groups.
    pub sender: Option<String>,
    /// Reply, quote and forward marks.
    pub context: MessageContext,
    /// The number of edits by the person.
    pub edits: i32,
    /// Whether the answer was cut by a stop, a newer message or a crash.
    pub interrupted: bool,
    /// The files of this message and of the message that it replies to. Empty in cache entries written before
    /// this field existed.
    #[serde(default)]
    pub files: Vec<KnownFile>,
    /// The files that an answer has sent, or that Telegram has refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent_files: Vec<SentFileNote>,
    /// The tool calls of an answer, with their results.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_rounds: Vec<ToolRound>,
}

#[cfg(test)]
mod tests;
