//! Groups: what their administrators set, and notices that a group gets once.

use super::books::Books;
use super::intake::Caller;
use crate::db::outbox::{self, OutboxMessage};
use crate::db::{Db, DbError, Tx, groups, inbox};
use crate::domain::group::{GroupChoice, GroupRefusal, GroupSettings, Sponsor};
use crate::domain::ids::{ChatId, MessageId, OutboxId, TurnId, UpdateId, UserId};
use crate::domain::money::Usd;
use crate::domain::people::Language;

/// What the card of a group shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct GroupOverview {
    /// The settings.
    pub settings: GroupSettings,
    /// The sponsor's name, if there is a sponsor.
    pub sponsor: String,
    /// What the sponsor has paid today, US dollars.
    pub spent: Usd,
}

/// The result of a tap on the card of a group.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum GroupTapped {
    /// It has taken effect; the messages that are owed.
    Done(Vec<(OutboxId, OutboxMessage)>),
    /// The card belongs to another person.
    NotYours,
    /// The card is not known any more.
    Old,
    /// The person may not choose this.
    Refused(GroupRefusal),
}

/// Answers `/group` with the card of the group.
pub(crate) async fn show(
    books: &Books,
    caller: Caller<'_>,
    card: impl Fn(Language, &GroupOverview) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, known) = caller.enter(books).await?;
    let settings = groups::settings(&mut *tx, caller.key.chat).await?;
    let overview = overview(&mut tx, caller.key.chat, settings).await?;
    caller.leave(tx, &[card(known.language, &overview)]).await
}

/// Applies a choice that a person has tapped on the card `message`, which may be another person's or forged.
/// `administers`: whether the person administers the group. `card` composes the card that replaces this one.
pub(crate) async fn choose(
    books: &Books,
    caller: Caller<'_>,
    message: MessageId,
    (choice, administers): (GroupChoice, bool),
    card: impl Fn(Language, &GroupOverview) -> OutboxMessage,
) -> Result<(Language, GroupTapped), DbError> {
    let (mut tx, known) = caller.enter(books).await?;
    let (chat, person, language) = (caller.key.chat, caller.person.id, known.language);
    let owner = outbox::owner(&mut *tx, chat, message).await?;
    if owner != Some(person) {
        caller.leave(tx, &[]).await?;
        return Ok((language, if owner.is_some() { GroupTapped::NotYours } else { GroupTapped::Old }));
    }
    let before = groups::settings(&mut *tx, chat).await?;
    let settings = match before.after(choice, person, administers) {
        Ok(settings) => settings,
        Err(refusal) => {
            caller.leave(tx, &[]).await?;
            return Ok((language, GroupTapped::Refused(refusal)));
        }
    };
    if settings != before {
        groups::store(&mut tx, chat, &settings, person).await?;
    }
    let overview = overview(&mut tx, chat, settings).await?;
    let owed = caller.leave(tx, &[card(language, &overview)]).await?;
    Ok((language, GroupTapped::Done(owed)))
}

/// Ends the sponsorship of a person who has left a group, and marks the update that tells so as handled. `message`
/// composes what the group is told, with the person's name.
pub(crate) async fn member_left(
    db: &Db,
    update: UpdateId,
    (chat, user): (ChatId, UserId),
    message: impl Fn(Language, &str) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let mut tx = db.begin().await?;
    let before = groups::settings(&mut *tx, chat).await?;
    let mut owed = Vec::new();
    if before.is_sponsored_by(user) {
        groups::store(&mut tx, chat, &GroupSettings { sponsor: None, ..before }, user).await?;
        let language = groups::language(&mut tx, chat).await?.unwrap_or_default();
        let name = groups::name_of(&mut tx, user).await?;
        owed = outbox::enqueue(&mut tx, &[message(language, &name)]).await?;
    }
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await?;
    Ok(owed)
}

async fn overview(tx: &mut Tx<'_>, chat: ChatId, settings: GroupSettings) -> Result<GroupOverview, DbError> {
    let Some(Sponsor { user, .. }) = settings.sponsor else {
        return Ok(GroupOverview { settings, sponsor: String::new(), spent: Usd::ZERO });
    };
    let funds = groups::sponsor_funds(tx, chat, user, TurnId(0)).await?;
    Ok(GroupOverview { settings, sponsor: groups::name_of(tx, user).await?, spent: funds.spent })
}

/// Tells a group something once, and marks the update that gives occasion to it as handled. `message` composes it
/// in the language of the person who has talked to the bot there last.
pub(crate) async fn tell_once(
    db: &Db,
    update: UpdateId,
    (chat, notice): (ChatId, &str),
    message: impl Fn(Language) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let mut tx = db.begin().await?;
    let mut owed = Vec::new();
    if groups::tell(&mut tx, chat, notice, None).await? {
        let language = groups::language(&mut tx, chat).await?.unwrap_or_default();
        owed = outbox::enqueue(&mut tx, &[message(language)]).await?;
    }
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await?;
    Ok(owed)
}
