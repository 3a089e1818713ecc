//! Messages that may have been sent although no answer of Telegram is known: the ids that they may have.

use std::collections::VecDeque;

use crate::db::{Db, DbError};
use crate::domain::ids::{ChatId, MessageId, OutboxId};

/// The messages that people may have sent to private chats, and of which nothing has arrived yet.
const ON_THEIR_WAY: i64 = 4;

/// In private chats, the most ids for each id that a search may try elsewhere.
const MORE_IN_PRIVATE: i64 = 5;

/// The ids that are read at once. Those behind them may have become known until it is their turn, as other searches
/// find their messages.
const READ_AT_ONCE: i64 = 6;

/// A search for a message that may have been sent although no answer of Telegram is known. Yields the ids under
/// which it may be, each once, the likeliest first: unknown ids after the last message known to precede it.
///
/// Private chats share one counter, so beyond the last known id there can be only as many as are being sent, and a
/// few of people, and none beyond the id of anything that was begun later; and what was sent got its ids about in
/// the order of the rows. The recipients of an announcement are not counted, and in groups not all messages of
/// people are seen, so there `limit` ids are possible, in their order; the ids of a supergroup begin at 1.
#[derive(Debug)]
pub struct LostSearch {
    row: Option<OutboxId>,
    chat: ChatId,
    after: Option<MessageId>,
    limit: i64,
    /// Whether the ids are tried in the order of their distance from where the message is expected.
    nearest_first: bool,
    /// How many more ids may be tried.
    left: i64,
    /// The ids that were read, in the order in which they are tried.
    read: Vec<i32>,
    next: VecDeque<MessageId>,
    /// The newest row when the search began. What is sent of later ones gets a higher id than the lost message.
    newest_row: Option<i64>,
}

impl LostSearch {
    /// Begins a search in `chat` for the message of an outbox row, if it has one, `after` a message of the chat.
    /// At most `limit` ids are tried, in private chats up to five times as many while so many messages are
    /// being sent, unless the limit is 1.
    #[must_use]
    pub fn new(row: Option<OutboxId>, chat: ChatId, after: Option<MessageId>, limit: i64) -> Self {
        let left = if chat.0 > 0 && limit > 1 { MORE_IN_PRIVATE * limit } else { limit };
        let nearest_first = chat.0 > 0 && row.is_some();
        Self {
            row,
            chat,
            after,
            limit,
            nearest_first,
            left,
            read: Vec::new(),
            next: VecDeque::new(),
            newest_row: None,
        }
    }

    /// Tries the ids in ascending order: of an album, whose messages have ids in a row, the first must be found.
    #[must_use]
    pub fn ascending(self) -> Self {
        Self { nearest_first: false, ..self }
    }

    /// Returns the id to try next, or `None` if there is no other.
    ///
    /// # Errors
    /// Returns the errors of [`Db::persist`].
    pub async fn next(&mut self, db: &Db) -> Result<Option<MessageId>, DbError> {
        if self.next.is_empty() && self.left > 0 {
            let newest_row = match self.newest_row {
                Some(row) => row,
                None => *self.newest_row.insert(db.persist(|| newest_row(db)).await?),
            };
            let ids = db.persist(|| candidates(db, self, newest_row)).await?;
            self.left -= i64::try_from(ids.len()).unwrap_or(i64::MAX);
            self.read.extend(&ids);
            self.next.extend(ids.into_iter().map(MessageId));
        }
        Ok(self.next.pop_front())
    }
}

/// Returns the id of the newest row, or 0 if there is none.
async fn newest_row(db: &Db) -> Result<i64, DbError> {
    sqlx::query_scalar!(r#"SELECT coalesce(max(id), 0) AS "id!" FROM outbox"#)
        .fetch_one(db.pool())
        .await
        .map_err(DbError::at("outbox::newest_row"))
}

/// Returns the likeliest ids that the search has not tried.
async fn candidates(db: &Db, search: &LostSearch, newest_row: i64) -> Result<Vec<i32>, DbError> {
    sqlx::query_scalar!(
        r#"WITH before AS (
             SELECT greatest($3, (SELECT 0 FROM chats WHERE migrated_to = $2 LIMIT 1), (SELECT max(message_id)
                    FROM outbox WHERE chat_id = $2 AND state = 'sent' AND id < $1 AND id > $1 - 100000)) AS id
           ), known AS (
             -- The messages of an album have numbers in a row.
             SELECT generate_series(message_id, message_id + coalesce(jsonb_array_length(media), 1) - 1) AS message_id FROM outbox
             WHERE state = 'sent' AND id > coalesce($1, (SELECT max(id) FROM outbox)) - 10000
               AND (chat_id = $2 OR (chat_id > 0 AND $2 > 0))
             UNION ALL
             SELECT message_id FROM inbox
             WHERE update_id > (SELECT max(update_id) - 10000 FROM inbox) AND message_id IS NOT NULL
               AND (chat_id = $2 OR (chat_id > 0 AND $2 > 0))
             UNION ALL
             SELECT replaces FROM outbox WHERE state = 'pending' AND chat_id = $2 AND replaces IS NOT NULL
             UNION ALL
             SELECT live_message_id FROM turns JOIN threads ON threads.id = thread_id
             WHERE state = 'open' AND chat_id = $2 AND live_message_id IS NOT NULL
           ), unknown AS (
             SELECT CASE
               WHEN $2 < 0 OR EXISTS (SELECT FROM announcements WHERE state IN ('sending', 'stopping')) THEN $4::bigint
               ELSE least($6 * $4::bigint, $5
                 + (SELECT coalesce(sum(coalesce(jsonb_array_length(media), 1)), 0) FROM outbox
                    WHERE state = 'pending' AND begun AND chat_id > 0)
                 + (SELECT count(*) FROM turns WHERE state = 'open' AND live_begun AND live_message_id IS NULL))
             END::integer AS most
           ), candidate AS (
             SELECT number, row_number() OVER (ORDER BY number) AS place
             FROM before, unknown, generate_series(before.id + 1,
                    greatest(before.id, (SELECT max(message_id) FROM known))::integer + unknown.most) AS number
             WHERE number NOT IN (SELECT message_id FROM known)
               AND ($2 < 0 OR number < coalesce((SELECT min(message_id) FROM outbox WHERE id > $10 AND state = 'sent'
                                                 AND chat_id > 0 AND replaces IS NULL), 2147483647))
           ), expected AS (
             -- Rows up to one that was sent before are likely to have lower ids, too.
             SELECT count(*) + 1 AS place FROM outbox
             WHERE state = 'pending' AND begun AND chat_id > 0 AND id < $1
               AND id > coalesce((SELECT max(sent.id) FROM outbox AS sent, before WHERE sent.state = 'sent'
                 AND sent.chat_id > 0 AND sent.id > $1 - 10000 AND sent.id < $1 AND sent.message_id <= before.id), 0)
           )
           SELECT number AS "number!" FROM candidate, expected, unknown
           WHERE candidate.place <= CASE WHEN $2 > 0 AND $4::bigint > 1 THEN greatest($4, unknown.most) ELSE $4 END
             AND number <> ALL($7)
           ORDER BY CASE WHEN $9 THEN abs(candidate.place - expected.place) END, number LIMIT $8"#,
        search.row.map(|id| id.0),
        search.chat.0,
        search.after.map(|message| message.0),
        search.limit,
        ON_THEIR_WAY,
        MORE_IN_PRIVATE,
        &search.read,
        search.left.min(READ_AT_ONCE),
        search.nearest_first,
        newest_row,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("outbox::candidates"))
}
