//! What the administrator sees of an announcement: how far it is, and in the end a summary and a report.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::bot_api::flow::Class;
use crate::bot_api::methods::{EditMessageText, NoPreview};
use crate::db::announcement_recipients as recipients;
use crate::db::announcements::Announcement;
use crate::db::made_files::Report;
use crate::db::outbox::OutboxMessage;
use crate::domain::media::{MediaFile, MediaKind};
use crate::rendering::RichText;
use crate::services::announcements::Ended;
use crate::telegram::context::BotContext;
use crate::telegram::keyboards;
use crate::telegram::text::announcements as text;

/// The time between two changes of the message that shows the progress.
const PROGRESS: Duration = Duration::from_secs(3);

/// Shows how far the sending is, in the message with the button, until everything was tried.
pub(super) async fn show(context: &BotContext, announcement: &Announcement, sent: &CancellationToken) {
    let Some(message) = announcement.progress else { return };
    let mut ticks = tokio::time::interval(PROGRESS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut shown = None;
    while sent.run_until_cancelled(ticks.tick()).await.is_some() {
        let tally = recipients::tally(context.db.pool(), announcement.id).await;
        let Some(tally) = tally.ok().filter(|tally| shown.as_ref() != Some(tally)) else { continue };
        let language = announcement.language;
        let (text, entities) = RichText::plain(text::progress(language, &tally)).into_wire();
        let method = EditMessageText {
            chat_id: announcement.chat,
            message_id: message,
            text: &text,
            entities: &entities,
            link_preview_options: NoPreview::default(),
            reply_markup: Some(keyboards::stop_announcement(announcement.id, language)),
        };
        let api = &context.screen.api;
        match api.attempt(announcement.chat, Class::Live, &method).await {
            Ok(_) => shown = Some(tally),
            Err(postponed) => tracing::debug!(?postponed, "the progress is shown later"),
        }
    }
}

/// Returns the messages about the end: the summary in place of the progress, and the report as a file.
pub(super) fn end(ended: &Ended, report: Report<'_>, size: u64) -> [OutboxMessage; 2] {
    let Announcement { id, chat, topic, progress, language, .. } = ended.announcement;
    let summary = RichText::plain(text::ended(language, ended)).into_wire();
    let caption = RichText::plain(text::report(language)).into_wire();
    let file = MediaFile {
        id: report.id,
        kind: MediaKind::Document,
        telegram_id: None,
        name: report.name.to_owned(),
        mime: report.mime.to_owned(),
        size,
    };
    [
        OutboxMessage {
            replaces: progress,
            ..OutboxMessage::new(format!("announced:{id}"), chat, topic, summary)
        },
        OutboxMessage {
            media: Some(vec![file]),
            after: progress,
            ..OutboxMessage::new(format!("announced:{id}:report"), chat, topic, caption)
        },
    ]
}
