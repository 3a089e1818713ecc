//! What Telegram reports about topics: that one was created, or that a person has changed its name or icon.

use super::topic_naming::release;
use crate::db::{Db, DbError, inbox, topic_names};
use crate::domain::ids::UpdateId;
use crate::domain::topic::Topic;

/// What a service message tells about a topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TopicChange {
    /// It was created with a name that Telegram has made up.
    Created {
        /// Whether the person has chosen an icon.
        icon: bool,
    },
    /// A person has changed its name.
    Renamed,
    /// A person has changed its icon only.
    IconChanged,
}

/// Stores what a service message tells about a topic, and marks its update as handled.
pub(crate) async fn learn(
    db: &Db,
    update: UpdateId,
    topic: Topic,
    change: TopicChange,
) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    match change {
        TopicChange::Created { icon } => topic_names::created(&mut tx, topic, icon).await?,
        TopicChange::IconChanged => topic_names::icon_given(&mut tx, topic).await?,
        TopicChange::Renamed => {
            if let Some(stored) = topic_names::lock(&mut tx, topic).await? {
                release(&mut tx, &stored).await?;
            }
            topic_names::given(&mut tx, topic).await?;
        }
    }
    inbox::handled(&mut tx, update).await?;
    Db::commit(tx).await
}
