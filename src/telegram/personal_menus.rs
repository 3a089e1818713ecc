//! The menus of single private chats: the commands of the bot's administrators, and descriptions in the language that a
//! person chose. What was set is stored as a digest, so that a menu is set again when it should be another one: after
//! an upgrade, after `/language`, when the rights of a person have changed. The database decides which instance does
//! it. A failure is repaired with the person's next update.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::context::BotContext;
use super::menus::{self, PersonalMenu};
use crate::db::DbError;
use crate::db::personal_menus::{self, MenuOwner, SetMenu};
use crate::domain::ids::UserId;
use crate::lifecycle::kill_point;

/// Time limit of all calls for one menu. The lease is longer.
const LIMIT: Duration = Duration::from_secs(20);
/// The pause after each menu that was set or could not be set.
const PAUSE: Duration = Duration::from_millis(50);
/// How often a menu is set at once if what it should be changes meanwhile.
const MOST_CHANGES: usize = 3;
/// Former administrators that are read at once.
const PAGE: i64 = 100;

/// Sets menus until the service drains: at first those of administrators and of those who are none any more.
pub(crate) async fn run(context: Arc<BotContext>) {
    let drain = context.life.drain.clone();
    let work = async {
        if let Err(error) = of_administrators(&context).await {
            log_failure(&error);
        }
        loop {
            let user = context.menu_checks.next().await;
            if let Err(error) = settle(&context, user).await {
                log_failure(&error);
            }
        }
    };
    // A menu that is being set is set again with the next update.
    drain.run_until_cancelled(work).await;
}

fn log_failure(error: &DbError) {
    if !matches!(error, DbError::Cancelled) {
        tracing::error!(error = error as &dyn std::error::Error, "a menu of commands has to wait");
    }
}

async fn of_administrators(context: &BotContext) -> Result<(), DbError> {
    let BotContext { db, books, life, .. } = context;
    let administrators: Vec<UserId> = books.terms.privileged.iter().copied().collect();
    for &user in &administrators {
        settle(context, user).await?;
    }
    let mut last = UserId(0);
    loop {
        let page = || personal_menus::of_former_administrators(db, &administrators, last, PAGE);
        let former = db.until(&life.drain).persist(page).await?;
        for &user in &former {
            settle(context, user).await?;
        }
        match former.last() {
            Some(&user) => last = user,
            None => return Ok(()),
        }
    }
}

/// What became of a menu.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Look {
    /// It is right.
    Right,
    /// It was set, and is to be looked at again: what it should be may have changed meanwhile.
    Set,
    /// It waits for the person's next update.
    Waits,
}

/// Brings the menu of a person up to date.
async fn settle(context: &BotContext, user: UserId) -> Result<(), DbError> {
    for _ in 0..MOST_CHANGES {
        match look(context, user).await? {
            Look::Right => {
                context.menu_checks.is_right(user);
                break;
            }
            Look::Set => sleep(PAUSE).await,
            Look::Waits => break,
        }
    }
    Ok(())
}

async fn look(context: &BotContext, user: UserId) -> Result<Look, DbError> {
    let BotContext { db, books, life, .. } = context;
    let read = || personal_menus::owner(db, user);
    let Some(MenuOwner { language, is_blocked, set }) = db.until(&life.drain).persist(read).await? else {
        return Ok(Look::Waits);
    };
    let menu = PersonalMenu::of(language, books.is_privileged(user));
    let is_right = match (&menu, set) {
        (None, None) => true,
        (Some(menu), Some(set)) => set.digest == Some(menu.digest()),
        _ => false,
    };
    if is_right {
        return Ok(Look::Right);
    }
    if is_blocked {
        return Ok(Look::Waits);
    }
    let (lease, of_administrator) = (rand::random(), menu.as_ref().is_some_and(|menu| menu.of_administrator));
    let claim = || personal_menus::claim(db, user, lease, set, of_administrator);
    if !db.until(&life.drain).persist(claim).await? {
        tracing::debug!(user.id = user.0, "another worker has the menu of the user {user}");
        return Ok(Look::Waits);
    }
    carry_out(context, user, lease, (menu.as_ref(), set)).await
}

/// Tells Telegram the menu of a person, with this lease, and stores it.
async fn carry_out(
    context: &BotContext,
    user: UserId,
    lease: i64,
    (menu, before): (Option<&PersonalMenu>, Option<SetMenu>),
) -> Result<Look, DbError> {
    let BotContext { db, screen, .. } = context;
    let had_all = before.is_some_and(|set| set.of_administrator);
    let error: Box<dyn std::error::Error + Send + Sync> =
        match timeout(LIMIT, menus::set_personal(&screen.api, user, menu, had_all)).await {
            Ok(Ok(())) => {
                kill_point!("menu: set");
                let set = menu.map(|menu| (menu.digest(), menu.of_administrator));
                db.persist(|| personal_menus::store(db, user, lease, set)).await?;
                return Ok(Look::Set);
            }
            Ok(Err(error)) => error.into(),
            Err(elapsed) => elapsed.into(),
        };
    tracing::info!(
        user.id = user.0,
        error = &*error as &dyn std::error::Error,
        "the menu of the user {user} is not set"
    );
    db.persist(|| personal_menus::release(db, user, lease)).await?;
    sleep(PAUSE).await;
    Ok(Look::Waits)
}
