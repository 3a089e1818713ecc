//! Routing: passes each update to its handler, which returns at once. Longer work runs in a session or a task of
//! its own. The update is marked as handled together with its effects.

mod admin;
mod announce;
mod balance;
mod checkout;
mod commands;
mod groups;
mod help;
mod language;
mod migrated;
mod pay;
mod preferences;
mod privacy;
mod prompt;
mod refund;
mod retry;
mod start;
mod support;
mod taps;

use std::sync::Arc;

use tracing::{Instrument, Span};

use self::prompt::prompt;
use super::commands::Command;
use super::context::BotContext;
use super::inbound::payments::PaymentEvent;
use super::inbound::raw::Update;
use super::inbound::{self, Idle, Inbound, Membership, MessageHeader, TopicNews, attachments};
use super::pipeline::queue::{SessionInput, StopRequest, StopSource};
use super::replies::{announcement, log_failure, mark_handled, reply, spawn};
use super::sessions::post;
use super::text;
use crate::db::{self, DbError};
use crate::domain::group::GroupSettings;
use crate::domain::ids::{ChatId, UpdateId, UserId};
use crate::domain::message::Incoming;
use crate::domain::people::ChatKind;
use crate::llm::Unreadable;
use crate::services::{intake, people, topic_changes};

/// Handles one update. Updates of one chat arrive in order, those of different chats concurrently. Waits only for the
/// database: in a group, whose settings say what is answered and whose conversation it is, and to mark a message there
/// that is for others as handled; and for administrators, to open the dialog of `/announce` and to see whether a
/// message is its content.
pub(crate) async fn handle(context: &Arc<BotContext>, update: Update) {
    let (id, span) = (update.id, span(&update));
    if let chat @ ChatId(1..) = update.chat() {
        // A private chat has the id of its person.
        context.menu_checks.look(UserId(chat.0));
    }
    let Some(settings) = Box::pin(group_settings(context, &update).instrument(span.clone())).await else {
        return;
    };
    let inbound = span.in_scope(|| read(context, update, settings));
    if let Inbound::Command(Command::Announce, header) = &inbound
        && Command::Announce.refusal(context.asker(header)).is_none()
    {
        // The next message is the content.
        let begin = announce::begin(context.clone(), header.clone());
        return log_failure(Box::pin(begin.instrument(span)).await);
    }
    if let Some((header, album)) = announce::may_be_content(context, &inbound)
        && let claim = announcement::claim(context, &header, album)
        && let Some(content) = Box::pin(claim.instrument(span.clone())).await
    {
        let show = move |context, header| announcement::show(context, header, content);
        return span.in_scope(|| spawn(context, show, header));
    }
    if let Inbound::Ignored(Idle::NotAddressed, kind) = inbound {
        return Box::pin(overhear(context, id, kind).instrument(span)).await;
    }
    span.in_scope(|| dispatch(context, id, inbound));
}

/// Marks a message of a group that is for others as handled, before the next update: an edit of it that waited for
/// it would wait for the sweep.
async fn overhear(context: &BotContext, update: UpdateId, kind: &'static str) {
    context.metrics.updates_ignored.inc();
    tracing::debug!(
        update.id = update.0,
        kind,
        why = Idle::NotAddressed.name(),
        "an update asks for nothing"
    );
    let db = &context.db;
    log_failure(db.persist(|| intake::mark_handled(db, update)).await);
}

/// Returns the settings of the group of an update. Returns `None` if the service drains: the update then stays in the
/// inbox until the next start.
pub(crate) async fn group_settings(context: &BotContext, update: &Update) -> Option<GroupSettings> {
    let (chat, db) = (update.chat(), &context.db);
    if chat.0 >= 0 {
        return Some(GroupSettings::default());
    }
    let read = || db::groups::settings(db.pool(), chat);
    db.until(&context.life.drain).persist(read).await.map_err(|error| log_failure(Err(error))).ok()
}

/// Handles one update that was seen before and had to wait.
pub(crate) fn route(context: &Arc<BotContext>, update: Update, settings: GroupSettings) {
    let (id, _span) = (update.id, span(&update).entered());
    let inbound = read(context, update, settings);
    dispatch(context, id, inbound);
}

fn span(update: &Update) -> Span {
    tracing::info_span!("update", update.id = update.id.0, kind = update.kind)
}

fn read(context: &BotContext, update: Update, settings: GroupSettings) -> Inbound {
    let (most, now) = (context.screen.api.file_limit(), context.books.clock.now());
    let inbound = inbound::read(update, &context.me, most, settings.hears_all, now);
    if settings.shared { inbound.in_shared_conversation() } else { inbound }
}

fn dispatch(context: &Arc<BotContext>, id: UpdateId, inbound: Inbound) {
    match inbound {
        Inbound::Prompt(incoming) => {
            if let Some((why, kind)) = unheard(context, &incoming) {
                return refuse(context, id, incoming.into(), (why, kind));
            }
            if incoming.chat.kind != ChatKind::Private {
                context.albums.remember(&incoming);
            }
            prompt(context, incoming);
        }
        Inbound::Sibling(incoming) if context.albums.contain(&incoming) => prompt(context, incoming),
        Inbound::Edited(edit) => post(context, id, edit.key, SessionInput::Edit(Box::new(edit))),
        Inbound::Command(command, header) => commands::obey(context, command, header),
        Inbound::UnknownCommand(word, header) => commands::suggest(context, word, header),
        Inbound::Tapped(tap) => taps::tapped(context, tap),
        Inbound::Membership(news) => membership(context, news),
        Inbound::Migrated(migration) => {
            let task = migrated::handle(context.clone(), migration);
            context.life.spawn("migration", async move { log_failure(task.await) });
        }
        Inbound::TopicNews(news) => topic_news(context, news),
        Inbound::Left(gone) => {
            let task = groups::member_left(context.clone(), gone);
            context.life.spawn("member left", async move { log_failure(task.await) });
        }
        Inbound::Stopped { update, key, draft } => {
            let stop_request = StopRequest { update, by: StopSource::Draft(draft) };
            post(context, update, key, SessionInput::Stop(Box::new(stop_request)));
        }
        Inbound::Stranger(stranger) => {
            let task = groups::stranger(context.clone(), stranger);
            context.life.spawn("stranger", async move { log_failure(task.await) });
        }
        Inbound::Unreadable(header, why, kind) => refuse(context, id, header, (why, kind)),
        Inbound::Sibling(_) => ignore(context, id, Idle::NotAddressed, "album"),
        Inbound::Ignored(why, kind) => ignore(context, id, why, kind),
    }
}

/// Marks an update that requests nothing as handled, and logs it.
fn ignore(context: &Arc<BotContext>, update: UpdateId, why: Idle, kind: &'static str) {
    context.metrics.updates_ignored.inc();
    match why {
        Idle::Service => {
            context.metrics.messages_unread.with_label_values(&[kind]).inc();
            if matches!(kind, "successful_payment" | "refunded_payment") {
                tracing::warn!(update.id = update.0, kind, "a payment is not in Stars or cannot be read");
            }
        }
        Idle::Incomplete => {
            context.metrics.messages_unread.with_label_values(&["other"]).inc();
            tracing::warn!(update.id = update.0, kind, "the update {update} does not tell where it belongs");
        }
        Idle::Blank | Idle::Unhandled | Idle::NotAddressed | Idle::NoAccount => {}
    }
    tracing::debug!(update.id = update.0, kind, why = why.name(), "an update asks for nothing");
    mark_handled(context, update);
}

/// Handles an update about a payment, in a task of its own.
pub(crate) fn payment(context: &Arc<BotContext>, event: PaymentEvent) {
    let task = checkout::handle(context.clone(), event);
    context.life.spawn("payment", async move { log_failure(task.await) });
}

/// Records whether the bot may write in a chat.
fn membership(context: &Arc<BotContext>, news: Membership) {
    let task = context.clone();
    context.life.spawn("membership", async move {
        let Membership { update, chat, is_out, date } = news;
        let db = &task.db;
        let remember = || people::set_membership(db, update, chat, is_out, date);
        log_failure(db.persist(remember).await);
    });
}

/// Stores what a service message tells about a topic.
fn topic_news(context: &Arc<BotContext>, news: TopicNews) {
    let task = context.clone();
    context.life.spawn("topic news", async move {
        let TopicNews { update, topic, change } = news;
        let db = &task.db;
        log_failure(db.persist(|| topic_changes::learn(db, update, topic, change)).await);
    });
}

/// Returns why a message of only an audio or video file cannot be answered, and its kind: there is no service
/// for transcripts, or the file is too large.
fn unheard(context: &BotContext, incoming: &Incoming) -> Option<(Unreadable, &'static str)> {
    let file = incoming.attachment.as_ref()?;
    let has_more = !incoming.text.trim().is_empty() || incoming.album.is_some();
    let most = context.screen.api.file_limit();
    if has_more || attachments::fetchable(file, most).is_ok() {
        return None;
    }
    let is_off = context.assistant.transcripts.is_none();
    let why = if is_off { Some(Unreadable::Kind) } else { attachments::heard_on_demand(file, most).err() };
    Some((why?, file.kind.name()))
}

/// Replies that nothing in a message can be read.
fn refuse(
    context: &Arc<BotContext>,
    update: UpdateId,
    header: MessageHeader,
    (why, kind): (Unreadable, &'static str),
) {
    tracing::info!(update.id = update.0, kind, "a message has nothing in it that can be read");
    context.metrics.messages_unread.with_label_values(&[kind]).inc();
    spawn(context, move |context, header| unreadable(context, header, why), header);
}

async fn unreadable(context: Arc<BotContext>, header: MessageHeader, why: Unreadable) -> Result<(), DbError> {
    reply(&context, &header, |language, _| text::unreadable(language, why)).await
}
