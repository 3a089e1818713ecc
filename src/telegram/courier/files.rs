//! The delivery of a message with files: contents are loaded only while they are sent, within a limit for all
//! chats together. A message that may have arrived is searched for with a change of its caption that changes
//! nothing.

use bytes::Bytes;
use serde_json::Value;

use super::calls::CallError;
use super::file_ladder::{FileForm, FileLadder, FileStep};
use super::queued::QueuedMessage;
use super::sender::{MessageSender, PAUSES};
use crate::bot_api::ApiError;
use crate::bot_api::methods::EditMessageCaption;
use crate::bot_api::upload::{FileSource, FilesMessage, OutgoingFile, SentFile};
use crate::db::DbError;
use crate::db::outbox::{self, LostSearch};
use crate::domain::backoff::Backoff;
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::MessageId;
use crate::domain::media::MediaFile;
use crate::lifecycle::kill_point;

/// What a delivery has led to: the files as Telegram has them, or only the first message's number if it was
/// found.
enum Arrived {
    Sent(Vec<SentFile>),
    Found(MessageId),
}

impl MessageSender {
    /// Delivers one message with files and records the result. `begun` says whether Telegram may have it
    /// already.
    pub(super) async fn send_files_until_settled(
        &self,
        queued: &QueuedMessage,
        media: &[MediaFile],
        begun: bool,
    ) -> Result<Option<MessageId>, DbError> {
        let id = queued.id;
        let arrived = tokio::select! {
            arrived = self.send_files(queued, media, begun) => arrived,
            () = self.given_up(&self.life.abort) => return Err(DbError::Cancelled),
        };
        kill_point!("deliver files: after the call");
        let (message, copies) = match arrived {
            Ok(Arrived::Found(message)) => (message, vec![None; media.len()]),
            Ok(Arrived::Sent(sent)) => {
                let first = sent.first().map_or(MessageId(0), |file| file.message);
                (first, sent.into_iter().map(|file| file.copy).collect())
            }
            Err(CallError::Telegram(error)) => return self.refused(queued, &error).await.map(|()| None),
            Err(CallError::Database(error)) => return Err(error),
            Err(CallError::LeftToHolder) => return Ok(None),
        };
        self.metrics.messages_sent.inc_by(media.len() as u64);
        self.metrics.delivery.observe(queued.since.elapsed().as_secs_f64());
        let ids: Vec<PublicFileId> = media.iter().map(|file| file.id).collect();
        let files: Vec<_> = ids.iter().copied().zip(copies).collect();
        self.db.persist(|| outbox::files_sent(&self.db, id, message, &files)).await?;
        kill_point!("deliver files: written down");
        self.made_files.forget_copies(&ids).await;
        Ok(Some(message))
    }

    async fn send_files(
        &self,
        queued: &QueuedMessage,
        media: &[MediaFile],
        begun: bool,
    ) -> Result<Arrived, CallError> {
        let (mut ladder, mut begun) = (FileLadder::new(&queued.owed, media, begun), begun);
        let (mut pauses, mut upgrades) = (Backoff::new(PAUSES.0, PAUSES.1), self.upgrades());
        loop {
            let error = match self.look_and_send(queued, media, (&mut ladder, &mut begun)).await {
                Ok(arrived) => return Ok(arrived),
                Err(CallError::Telegram(ApiError::Migrated(new))) if ladder.form().chat != new => {
                    if !upgrades.follow(queued.id, ladder.form().chat, new).await? {
                        return Err(CallError::LeftToHolder);
                    }
                    begun = false;
                    ladder.move_to(new);
                    continue;
                }
                Err(CallError::Telegram(error)) => error,
                Err(error) => return Err(error),
            };
            let step = ladder.next(&error);
            if step != FileStep::GiveUp && !matches!(error, ApiError::Flood(_)) {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(chat.id = ladder.form().chat.0, error, "sending files again");
            }
            match step {
                FileStep::Try => {}
                FileStep::Wait => tokio::time::sleep(pauses.next()).await,
                FileStep::GiveUp => return Err(error.into()),
            }
        }
    }

    /// Makes one attempt, unless the message is found in its chat. Records, once, that sending is `begun`.
    async fn look_and_send(
        &self,
        queued: &QueuedMessage,
        media: &[MediaFile],
        (ladder, begun): (&mut FileLadder<'_>, &mut bool),
    ) -> Result<Arrived, CallError> {
        if ladder.looks() > 0 {
            match self.find_files(queued, media, (ladder.form(), ladder.looks())).await? {
                Some(message) => return Ok(Arrived::Found(message)),
                None => ladder.not_found(),
            }
        }
        let form = ladder.form();
        self.api.wait_for_files(form.chat, media.len()).await;
        let Some(_room) = self.room.take(media).await else { return Err(DbError::Cancelled.into()) };
        let Some(files) = self.load(media, form).await? else {
            let description = "the content of the file was deleted".to_owned();
            return Err(ApiError::Refused { code: 410, description }.into());
        };
        let message = FilesMessage {
            chat: form.chat,
            topic: form.topic,
            reply_to: form.reply_to,
            caption: form.caption,
            entities: form.entities.unwrap_or(&NO_ENTITIES),
            files: &files,
        };
        if !*begun {
            self.db.persist(|| outbox::begin(&self.db, queued.id)).await?;
            *begun = true;
        }
        kill_point!("deliver files: before the call");
        Ok(Arrived::Sent(self.api.send_files(&message).await?))
    }

    /// Loads contents. Returns `None` if one was deleted.
    async fn load(
        &self,
        media: &[MediaFile],
        form: &FileForm<'_>,
    ) -> Result<Option<Vec<OutgoingFile>>, DbError> {
        let mut files = Vec::new();
        for file in media {
            let source = match &file.telegram_id {
                Some(id) => FileSource::Telegram(id.clone()),
                None => match self.db.persist(|| self.made_files.content(file.id)).await? {
                    Some(content) => FileSource::Content(Bytes::from(content)),
                    None => return Ok(None),
                },
            };
            let (name, mime) = (file.name.clone(), file.mime.clone());
            files.push(OutgoingFile { kind: form.kind(file), name, mime, source });
        }
        Ok(Some(files))
    }

    /// Searches for the message under about `looks` numbers, see [`LostSearch::new`]. Found is the first message with
    /// files under a number that belongs to no other message of ours; which files it contains cannot be read.
    async fn find_files(
        &self,
        queued: &QueuedMessage,
        media: &[MediaFile],
        (form, looks): (&FileForm<'_>, i64),
    ) -> Result<Option<MessageId>, CallError> {
        let after = queued.owed.after.filter(|_| form.chat == queued.owed.chat);
        let search = LostSearch::new(Some(queued.id), form.chat, after, looks);
        let mut search = if media.len() > 1 { search.ascending() } else { search };
        while let Some(number) = search.next(&self.db).await? {
            let method = EditMessageCaption {
                chat_id: form.chat,
                message_id: number,
                caption: form.caption,
                caption_entities: form.entities.unwrap_or(&NO_ENTITIES),
            };
            match self.api.deliver(form.chat, &method).await {
                Ok(_) | Err(ApiError::NotModified) => {
                    tracing::info!(outbox.id = queued.id.0, "the files {} were there already", queued.id);
                    return Ok(Some(number));
                }
                Err(error) if error.is_passing() => return Err(error.into()),
                Err(_) => {}
            }
        }
        Ok(None)
    }
}

static NO_ENTITIES: Value = Value::Array(Vec::new());
