//! Who is talking: users, chats and threads, created by the first message and refreshed by every other.

use crate::db::people::{self, Known};
use crate::db::{Db, DbError, threads};
use crate::domain::ids::{ThreadId, ThreadKey};
use crate::domain::people::{Chat, Person};

/// A person in a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entered {
    /// The conversation's row.
    pub thread: ThreadId,
    /// What is known of the person.
    pub known: Known,
}

/// Finds or creates user, chat and thread. Any number of simultaneous first messages make one of each.
pub async fn enter(db: &Db, key: ThreadKey, person: &Person, chat: &Chat) -> Result<Entered, DbError> {
    let mut tx = db.begin().await?;
    let known = people::meet(&mut tx, person, chat).await?;
    let thread = threads::enter(&mut tx, key).await?;
    Db::commit(tx).await?;
    Ok(Entered { thread, known })
}
