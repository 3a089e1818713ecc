//! Files that are sent while an answer grows: enqueued like its parts, and the model is told what has become
//! of them.

use futures::future::BoxFuture;

use super::super::courier::Courier;
use super::super::text;
use super::work::{Piece, Purpose, ScreenWork, WorkResult};
use super::{Place, Screen};
use crate::db::outbox::{self, OutboxMessage};
use crate::domain::ids::OutboxId;
use crate::domain::media::{CAPTION_LIMIT, FileDelivery, FileFate, FileReceipt, MediaFile, messages};
use crate::rendering::{Limits, RichText, render, split};
use crate::services::settlement;

impl Place {
    /// Returns a delivery of files as messages. `leads` says whether nothing of the answer comes before it.
    pub(crate) fn files(&self, delivery: &FileDelivery, leads: bool) -> Vec<OutboxMessage> {
        let caption = render(&delivery.caption);
        let fits = caption.code_points() <= CAPTION_LIMIT
            && delivery.files.first().is_some_and(|file| file.kind.has_caption());
        let (caption, below) = if fits {
            (caption, Vec::new())
        } else {
            (RichText::default(), split(&caption, Limits::MESSAGE.code_points, Limits::MESSAGE.entities))
        };
        let albums = messages(&delivery.files).into_iter().enumerate().map(|(number, files)| {
            let caption = if number == 0 { caption.clone() } else { RichText::default() };
            (caption, Some(files))
        });
        let texts = below.into_iter().filter(|part| !part.text.trim().is_empty()).map(|part| (part, None));
        let message = |(number, (text, media)): (usize, (RichText, Option<Vec<_>>))| OutboxMessage {
            turn: Some(self.turn),
            reply_to: self.reply_to.filter(|_| leads && number == 0),
            after: self.after(),
            instead: media.as_ref().map(|files| self.instead(files, &text)),
            media,
            ..OutboxMessage::new(
                format!("turn:{}:files:{}:{number}", self.turn, delivery.number),
                self.chat,
                self.topic,
                text.into_wire(),
            )
        };
        albums.chain(texts).enumerate().map(message).collect()
    }

    /// Returns the message that the person gets if Telegram refuses files. Their caption is not lost with
    /// them.
    fn instead(&self, files: &[MediaFile], caption: &RichText) -> String {
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let refused = text::files_refused(self.language, &names.join(", "));
        if caption.text.is_empty() { refused } else { format!("{refused}\n\n{}", caption.text) }
    }
}

/// Enqueues files; their delivery is awaited as the next work.
pub(super) fn enqueue<'a>(
    screen: &'a Screen,
    place: &Place,
    leads: bool,
    delivery: FileDelivery,
    receipt: FileReceipt,
) -> ScreenWork<'a> {
    let (owed, turn) = (place.files(&delivery, leads), place.held());
    let enqueued = async move {
        match screen.db.persist(|| settlement::enqueue(&screen.db, turn, &owed)).await {
            Ok(rows) => WorkResult::EnqueuedFiles(rows, receipt),
            Err(error) => WorkResult::NotEnqueued(Piece::Files(delivery, receipt), error),
        }
    };
    (Purpose::Part, Box::pin(enqueued))
}

/// Gives enqueued files to the courier, waits until they have arrived or were refused, and reports their
/// fates.
pub(super) fn arrival<'a>(
    screen: &'a Screen,
    rows: Vec<(OutboxId, OutboxMessage)>,
    receipt: FileReceipt,
) -> ScreenWork<'a> {
    let messages: Vec<(OutboxId, usize)> =
        rows.iter().filter_map(|(id, owed)| Some((*id, owed.media.as_ref()?.len()))).collect();
    let delivered = Courier::deliver(&screen.courier, rows);
    let arrived = async move {
        if let Some(delivered) = delivered {
            delivered.await.ok();
        }
        receipt.report(fates(screen, &messages).await);
        WorkResult::Delivered
    };
    (Purpose::Arrival, Box::pin(arrived) as BoxFuture<'a, WorkResult>)
}

/// Returns the fate of each file in messages with these numbers of files.
async fn fates(screen: &Screen, messages: &[(OutboxId, usize)]) -> Vec<FileFate> {
    let ids: Vec<OutboxId> = messages.iter().map(|&(id, _)| id).collect();
    let fates = match screen.db.persist(|| outbox::fates(&screen.db, &ids)).await {
        Ok(fates) => fates,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the fate of files is not known");
            vec![FileFate::Pending; ids.len()]
        }
    };
    let each = |(fate, &(_, files)): (FileFate, &(OutboxId, usize))| vec![fate; files];
    fates.into_iter().zip(messages).flat_map(each).collect()
}
