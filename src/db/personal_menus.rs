//! Repository of the menus that Telegram has for private chats. A menu is set by the worker that holds the lease of its
//! row; until that has stored the result, nobody knows what Telegram has.

use super::{Db, DbError};
use crate::domain::digest::ContentDigest;
use crate::domain::ids::UserId;
use crate::domain::people::Language;

/// How long a worker may be at work on a menu, in seconds.
const LEASE_S: f64 = 30.0;

/// A person, as far as the menu of the private chat depends on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MenuOwner {
    /// The language that the person chose.
    pub language: Option<Language>,
    /// Whether the person has blocked the bot.
    pub is_blocked: bool,
    /// The menu that was set for this chat alone; `None` if none was.
    pub set: Option<SetMenu>,
}

/// A menu that was set for one private chat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SetMenu {
    /// The digest of its commands; `None` if nobody knows what Telegram has.
    pub digest: Option<ContentDigest>,
    /// Whether it may have the commands of administrators.
    pub of_administrator: bool,
}

/// Returns what the menu of a person depends on; `None` if the bot has not met the person.
pub(crate) async fn owner(db: &Db, user: UserId) -> Result<Option<MenuOwner>, DbError> {
    let row = sqlx::query!(
        r#"SELECT language, blocked_at IS NOT NULL AS "is_blocked!", digest, of_administrator AS "of_administrator?"
           FROM users LEFT JOIN personal_menus ON user_id = id WHERE id = $1"#,
        user.0,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("personal_menus::owner"))?;
    let digest = |stored: Option<Vec<u8>>| stored.as_deref().and_then(ContentDigest::read);
    Ok(row.map(|row| MenuOwner {
        language: row.language.and_then(|code| Language::of_code(&code)),
        is_blocked: row.is_blocked,
        set: row
            .of_administrator
            .map(|of_administrator| SetMenu { digest: digest(row.digest), of_administrator }),
    }))
}

/// Gives the menu of a person to the worker with this lease, unless another one has it or has set it since it was
/// read. Returns whether it is given. From then on nobody knows what Telegram has.
pub(crate) async fn claim(
    db: &Db,
    user: UserId,
    lease: i64,
    read: Option<SetMenu>,
    of_administrator: bool,
) -> Result<bool, DbError> {
    let digest = read.as_ref().and_then(|menu| menu.digest.as_ref()).map(ContentDigest::bytes);
    sqlx::query_scalar!(
        r#"WITH taken AS (
             UPDATE personal_menus SET digest = NULL, of_administrator = of_administrator OR $3, lease = $2,
               leased_until = now() + make_interval(secs => $4)
             WHERE user_id = $1 AND (lease = $2 OR leased_until <= now() AND digest IS NOT DISTINCT FROM $5)
             RETURNING 1
           ), added AS (
             INSERT INTO personal_menus (user_id, of_administrator, lease, leased_until)
             SELECT $1, $3, $2, now() + make_interval(secs => $4) WHERE $6
             ON CONFLICT (user_id) DO NOTHING RETURNING 1
           )
           SELECT EXISTS (SELECT 1 FROM taken) OR EXISTS (SELECT 1 FROM added) AS "given!""#,
        user.0,
        lease,
        of_administrator,
        LEASE_S,
        digest,
        read.is_none(),
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("personal_menus::claim"))
}

/// Stores the menu that the worker with this lease has set; `None`: it has removed it.
pub(crate) async fn store(
    db: &Db,
    user: UserId,
    lease: i64,
    set: Option<(ContentDigest, bool)>,
) -> Result<(), DbError> {
    let stored = if let Some((digest, of_administrator)) = set {
        sqlx::query!(
            "UPDATE personal_menus SET digest = $3, of_administrator = $4, leased_until = now()
             WHERE user_id = $1 AND lease = $2",
            user.0,
            lease,
            digest.bytes(),
            of_administrator,
        )
        .execute(db.pool())
        .await
    } else {
        sqlx::query!("DELETE FROM personal_menus WHERE user_id = $1 AND lease = $2", user.0, lease)
            .execute(db.pool())
            .await
    };
    stored.map_err(DbError::at("personal_menus::store"))?;
    Ok(())
}

/// Lets the next worker begin at once: the one with this lease has failed.
pub(crate) async fn release(db: &Db, user: UserId, lease: i64) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE personal_menus SET leased_until = now() WHERE user_id = $1 AND lease = $2",
        user.0,
        lease
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("personal_menus::release"))?;
    Ok(())
}

/// Returns up to `limit` people behind `after` who may have the menu of administrators and are not among these.
pub(crate) async fn of_former_administrators(
    db: &Db,
    administrators: &[UserId],
    after: UserId,
    limit: i64,
) -> Result<Vec<UserId>, DbError> {
    let administrators: Vec<i64> = administrators.iter().map(|user| user.0).collect();
    let users = sqlx::query_scalar!(
        "SELECT user_id FROM personal_menus
         WHERE of_administrator AND user_id > $2 AND user_id <> ALL($1) ORDER BY user_id LIMIT $3",
        &administrators,
        after.0,
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("personal_menus::of_former_administrators"))?;
    Ok(users.into_iter().map(UserId).collect())
}
