//! Announcements as administrators prepare, approve and stop them. The caller checks the rights, which come
//! from the settings. `telegram::announcer` sends them.

use chrono::TimeDelta;

use super::adjustments::Target;
use super::announcement_report::table;
use super::books::Books;
use super::intake::Caller;
use crate::db::announcement_recipients::{self as recipients, Audience, RecipientState, Tally};
use crate::db::announcements::{self, Announcement, AnnouncementState};
use crate::db::dialogs::{self, Dialog, OpenDialog};
use crate::db::made_files::{self, Report};
use crate::db::outbox::{self, OutboxMessage};
use crate::db::{Db, DbError, Tx, announcement_leases, inbox, people};
use crate::domain::ids::{AnnouncementId, ChatId, MessageId, OutboxId, ThreadKey, UpdateId, UserId};

/// How long the bot waits for the content.
const DIALOG_LIFE: TimeDelta = TimeDelta::hours(1);
/// The most lines of a report; those who did not get the announcement come first.
const REPORT_LINES: i64 = 100_000;

/// The reply to the command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// The content is awaited.
    Begun {
        /// How many users it is for; `None` means all.
        targets: Option<usize>,
        /// What was named and belongs to nobody who has written to the bot.
        unknown: Vec<String>,
        /// Names that several users were last seen with.
        ambiguous: Vec<String>,
    },
    /// Nobody of those named is known.
    Nobody,
    /// Another announcement is being sent.
    Running(AnnouncementId, Tally),
}

/// Begins an announcement for those named, or for all: the next message in this conversation is its content.
pub(crate) async fn ask(
    books: &Books,
    caller: Caller<'_>,
    targets: &[(String, Option<Target>)],
    reply: impl Fn(&Asked) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, _) = caller.enter(books).await?;
    if let Some(running) = announcements::running(&mut tx).await? {
        let asked = Asked::Running(running, recipients::tally(&mut *tx, running).await?);
        return caller.leave(tx, &[reply(&asked)]).await;
    }
    let (users, unknown, ambiguous) = find_all(&mut tx, targets).await?;
    let named = (!targets.is_empty()).then_some(users);
    let asked = if named.as_ref().is_some_and(Vec::is_empty) {
        Asked::Nobody
    } else {
        announcements::ask(&mut tx, caller.update, caller.key, named.as_deref()).await?;
        await_content(&mut tx, books, caller).await?;
        Asked::Begun { targets: named.map(|users| users.len()), unknown, ambiguous }
    };
    caller.leave(tx, &[reply(&asked)]).await
}

/// Awaits a content as the next message in this conversation.
async fn await_content(tx: &mut Tx<'_>, books: &Books, caller: Caller<'_>) -> Result<(), DbError> {
    let dialog = OpenDialog { dialog: Dialog::Announcement, opened_by: caller.update };
    dialogs::open(tx, caller.key, caller.user(), dialog, books.clock.now() + DIALOG_LIFE).await
}

/// Finds the users that an administrator has named. Returns them without repetitions, what belongs to nobody,
/// and what belongs to several.
async fn find_all(
    tx: &mut Tx<'_>,
    targets: &[(String, Option<Target>)],
) -> Result<(Vec<UserId>, Vec<String>, Vec<String>), DbError> {
    let id = |target: &Option<Target>| match target {
        Some(Target::Id(user)) => Some(*user),
        _ => None,
    };
    let name = |target: &Option<Target>| match target {
        Some(Target::Name(name)) => Some(name.clone()),
        _ => None,
    };
    let wanted: Vec<_> = targets.iter().map(|(_, target)| (id(target), name(target))).collect();
    let known = people::find_all(tx, &wanted).await?;
    let (mut found, mut unknown, mut ambiguous) = (Vec::new(), Vec::new(), Vec::new());
    for (position, (word, _)) in targets.iter().enumerate() {
        let users: Vec<UserId> =
            known.iter().filter(|(of, _)| *of == position).map(|&(_, user)| user).collect();
        match users[..] {
            [] => unknown.push(word.clone()),
            [user] => found.push(user),
            _ => ambiguous.push(word.clone()),
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok((found, unknown, ambiguous))
}

/// Asks for approval of the content, which the administrator has seen.
pub(crate) async fn offer(
    books: &Books,
    caller: Caller<'_>,
    id: AnnouncementId,
    message: impl Fn(Audience) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, _) = caller.enter(books).await?;
    let audience = recipients::audience(&mut tx, id).await?;
    let next = if audience.reached > 0 { AnnouncementState::Offered } else { AnnouncementState::Cancelled };
    let is_given =
        announcements::lock(&mut tx, id).await?.is_some_and(|it| it.state == AnnouncementState::Given);
    if is_given {
        announcements::set_state(&mut tx, id, next).await?;
    }
    caller.leave(tx, &[message(audience)]).await
}

/// Awaits another content, because this one cannot be copied.
pub(crate) async fn ask_again(
    books: &Books,
    caller: Caller<'_>,
    id: AnnouncementId,
    message: &OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, _) = caller.enter(books).await?;
    if announcements::lock(&mut tx, id).await?.is_some_and(|it| it.state == AnnouncementState::Given) {
        announcements::set_state(&mut tx, id, AnnouncementState::Asked).await?;
        await_content(&mut tx, books, caller).await?;
    }
    caller.leave(tx, std::slice::from_ref(message)).await
}

/// What a tap below an announcement has led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tapped {
    /// It is done.
    Done,
    /// There is no such announcement in this chat.
    Unknown,
    /// It was approved, cancelled or stopped before.
    Before,
    /// Another announcement is being sent.
    Busy,
}

/// Approves an announcement; `key` is where the button was tapped, `progress` the message below which it is.
pub(crate) async fn approve(
    books: &Books,
    update: UpdateId,
    key: ThreadKey,
    id: AnnouncementId,
    progress: MessageId,
) -> Result<Tapped, DbError> {
    let mut tx = books.db.begin().await?;
    let mut tapped = find_offered(&mut tx, key, id).await?;
    if tapped == Tapped::Done && announcements::running(&mut tx).await?.is_some() {
        tapped = Tapped::Busy;
    }
    if tapped == Tapped::Done {
        recipients::enlist(&mut tx, id).await?;
        announcements::begin(&mut tx, id, progress).await?;
        tracing::info!(admin.id = key.owner.0, announcement.id = id.0, "an announcement was approved");
    }
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await?;
    Ok(tapped)
}

/// Cancels an announcement that was not approved yet.
pub(crate) async fn cancel(
    books: &Books,
    update: UpdateId,
    key: ThreadKey,
    id: AnnouncementId,
) -> Result<Tapped, DbError> {
    let mut tx = books.db.begin().await?;
    let tapped = find_offered(&mut tx, key, id).await?;
    if tapped == Tapped::Done {
        announcements::set_state(&mut tx, id, AnnouncementState::Cancelled).await?;
    }
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await?;
    Ok(tapped)
}

/// Locks an announcement. Returns [`Tapped::Done`] if it awaits the approval of this administrator in this chat.
async fn find_offered(tx: &mut Tx<'_>, key: ThreadKey, id: AnnouncementId) -> Result<Tapped, DbError> {
    let found = announcements::lock(tx, id).await?;
    Ok(match found.filter(|found| (found.admin.into(), found.chat) == (key.owner, key.chat)) {
        None => Tapped::Unknown,
        Some(found) if found.state == AnnouncementState::Offered => Tapped::Done,
        Some(_) => Tapped::Before,
    })
}

/// Stops an announcement that is being sent. Every administrator may. `shown` is the message whose button was
/// tapped; also returns whether it is another one than that which shows the progress.
pub(crate) async fn stop(
    books: &Books,
    update: UpdateId,
    admin: UserId,
    id: AnnouncementId,
    shown: (ChatId, MessageId),
) -> Result<(Tapped, bool), DbError> {
    let mut tx = books.db.begin().await?;
    let found = announcements::lock(&mut tx, id).await?;
    let is_other = found.is_none_or(|found| (found.chat, found.progress) != (shown.0, Some(shown.1)));
    let stopped = announcements::stop(&mut *tx, id, None).await?;
    if stopped {
        tracing::info!(admin.id = admin.0, announcement.id = id.0, "an announcement was stopped");
    }
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await?;
    Ok((if stopped { Tapped::Done } else { Tapped::Before }, is_other))
}

/// Records whether a user takes announcements.
pub(crate) async fn subscribe(db: &Db, update: UpdateId, user: UserId, takes: bool) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    people::set_announcements(&mut tx, user, takes).await?;
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await
}

/// The end of an announcement, as it is told to the administrator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ended {
    pub announcement: Announcement,
    pub tally: Tally,
}

/// What follows when a worker has nothing left to send.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Conclusion {
    /// The announcement has ended; these messages are owed.
    Ended(Vec<(OutboxId, OutboxMessage)>),
    /// Somebody waits again.
    Continues,
    /// Another worker has it.
    Lost,
}

/// Ends an announcement: writes the report as the file `report` and stores the messages about the end.
/// Repeating it changes nothing.
pub(crate) async fn conclude(
    db: &Db,
    id: AnnouncementId,
    lease: i64,
    report: Report<'_>,
    tell: impl Fn(&Ended, u64) -> [OutboxMessage; 2],
) -> Result<Conclusion, DbError> {
    let mut tx = db.begin().await?;
    let Some(announcement) = announcement_leases::lock(&mut tx, id, lease).await? else {
        return Ok(Conclusion::Lost);
    };
    recipients::give_up_begun(&mut tx, id).await?;
    let tally = recipients::tally(&mut *tx, id).await?;
    if announcement.state == AnnouncementState::Sending && tally.of(RecipientState::Waiting) > 0 {
        Db::commit(tx).await?;
        return Ok(Conclusion::Continues);
    }
    announcement_leases::end(&mut tx, id, &tally).await?;
    let content = table(&recipients::report(&mut tx, id, REPORT_LINES).await?);
    made_files::keep_report(&mut tx, report, content.as_bytes()).await?;
    let messages = tell(&Ended { announcement, tally }, content.len() as u64);
    let owed = outbox::enqueue(&mut tx, &messages).await?;
    Db::commit(tx).await?;
    Ok(Conclusion::Ended(owed))
}
