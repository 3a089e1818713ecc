//! What people choose for themselves: model, effort, limit, what is shown, personality. A choice counts from
//! the next turn on; the one that runs keeps its settings.

use chrono::TimeDelta;

use super::books::Books;
use super::intake::Caller;
use crate::cache::{self, Cache};
use crate::db::dialogs::{self, Dialog, OpenDialog};
use crate::db::outbox::{self, OutboxMessage};
use crate::db::people::KnownUser;
use crate::db::{Db, DbError, Tx, preferences};
use crate::domain::ids::{OutboxId, UserId};
use crate::domain::model::ModelId;
use crate::domain::people::Language;
use crate::domain::preferences::{Choice, Personality};

/// How long the bot waits for the text of a personality.
const DIALOG_LIFE: TimeDelta = TimeDelta::minutes(10);

/// The result of a tap on a card.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Tapped {
    /// It has taken effect; the messages that are owed.
    Done(Vec<(OutboxId, OutboxMessage)>),
    /// What the card offers is not offered any more.
    Old,
}

/// Applies a choice that a person has tapped on a card of their own; what it offers may be outdated or forged.
/// `choice` is made in the language of the person, which is returned too; `card` composes the card that
/// replaces this one.
pub(crate) async fn choose(
    books: &Books,
    cache: &Cache,
    caller: Caller<'_>,
    choice: impl Fn(Language) -> Choice,
    card: impl Fn(&KnownUser) -> OutboxMessage,
) -> Result<(Language, Tapped), DbError> {
    let (mut tx, known) = caller.enter(books).await?;
    let language = known.language;
    let choice = choice(language);
    if !is_offered(books, &choice) {
        caller.leave(tx, &[]).await?;
        return Ok((language, Tapped::Old));
    }
    let (known, version) = apply(&mut tx, known, choice, caller.user()).await?;
    let owed = caller.leave(tx, &[card(&known)]).await?;
    cache::user::invalidate(cache, caller.user(), version).await;
    Ok((language, Tapped::Done(owed)))
}

/// Stores a choice. Returns the user as known now, and the new version of the user's row.
async fn apply(
    tx: &mut Tx<'_>,
    mut known: KnownUser,
    choice: Choice,
    user: UserId,
) -> Result<(KnownUser, i64), DbError> {
    known.preferences.apply(choice);
    let version = preferences::store(tx, user, &known.preferences).await?;
    Ok((known, version))
}

/// Whether somebody can choose this: buttons may be old or forged.
fn is_offered(books: &Books, choice: &Choice) -> bool {
    match choice {
        Choice::Model(id) => books.registry.offered_on(books.today()).any(|model| model.id == *id),
        Choice::TurnLimit(Some(limit)) => books.terms.turn_limits().contains(limit),
        Choice::TurnLimit(None)
        | Choice::Effort(_)
        | Choice::ShowsCost(_)
        | Choice::ShowsThinking(_)
        | Choice::Announcements(_)
        | Choice::Personality(_) => true,
    }
}

/// Asks for a personality: the next text in this conversation is taken as one. While one is awaited, it only
/// goes on waiting, and no message is returned. `question` composes it in the language of the person, which is
/// returned too.
pub(crate) async fn ask_personality(
    books: &Books,
    caller: Caller<'_>,
    question: impl Fn(Language) -> OutboxMessage,
) -> Result<(Language, Vec<(OutboxId, OutboxMessage)>), DbError> {
    let (mut tx, KnownUser { language, dialog, .. }) = caller.enter(books).await?;
    let awaited = OpenDialog { dialog: Dialog::Personality, opened_by: caller.update };
    dialogs::open(&mut tx, caller.key, caller.user(), awaited, books.clock.now() + DIALOG_LIFE).await?;
    let is_new = dialog.is_none_or(|open| open.dialog != Dialog::Personality);
    let question = is_new.then(|| question(language));
    Ok((language, caller.leave(tx, question.as_slice()).await?))
}

/// Stores the personality that a person has written and closes the dialog that asked for it; `card` composes the
/// message that shows the result.
pub(crate) async fn set_personality(
    books: &Books,
    cache: &Cache,
    caller: Caller<'_>,
    personality: &Personality,
    card: impl Fn(&KnownUser) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, known) = caller.enter(books).await?;
    dialogs::close(&mut tx, caller.key, caller.user(), books.clock.now()).await?;
    let choice = Choice::Personality(Some(personality.clone()));
    let (known, version) = apply(&mut tx, known, choice, caller.user()).await?;
    let owed = caller.leave(tx, &[card(&known)]).await?;
    cache::user::invalidate(cache, caller.user(), version).await;
    Ok(owed)
}

/// Removes the choice of a model that nobody can choose any more, and owes the notice of it, once. The notice gets the
/// new version of the person's row.
pub(crate) async fn forget_model(
    db: &Db,
    user: UserId,
    model: &ModelId,
    notice: impl Fn(i64) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let mut tx = db.begin().await?;
    let Some(version) = preferences::forget_model(&mut tx, user, model).await? else {
        // Another turn of the person was quicker, or this very call, whose answer was lost.
        return Ok(Vec::new());
    };
    let owed = outbox::enqueue(&mut tx, &[notice(version)]).await?;
    Db::commit(tx).await?;
    Ok(owed)
}
