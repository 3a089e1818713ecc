//! Repository of everything that is stored about a person, table by table, for the file that the person gets. A
//! table that can tell something of a person has its section here; a test finds those that are missing.

mod table;

pub(crate) use self::table::PersonalTable;
use super::{Db, DbError};
use crate::domain::ids::UserId;

/// A row that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PersonalRow {
    /// What the rows are ordered by. Several may have the same.
    pub key: i64,
    /// The row as JSON; `None` if it is not about the person.
    pub row: Option<String>,
}

/// Reads a page of rows. `$rows` selects keys and rows of the user `$1`.
macro_rules! page {
    ($request:ident, $rows:tt) => {
        sqlx::query_as!(
            PersonalRow,
            "SELECT key AS \"key!\", row AS \"row?\" FROM ("
                + $rows
                + ") AS rows (key, row) WHERE key > $2 ORDER BY key FETCH FIRST ($3) ROWS WITH TIES",
            $request.user.0,
            $request.after,
            $request.limit,
        )
        .fetch_all($request.db.pool())
        .await
    };
}

/// Where a page begins, and how many rows it has; more if the last have the same key.
struct PageRequest<'a> {
    db: &'a Db,
    user: UserId,
    after: i64,
    limit: i64,
}

/// Looks at up to `limit` rows of a table behind the key `after`; more if the last ones have the same key. No rows
/// means that there are no more.
pub(crate) async fn page(
    db: &Db,
    table: PersonalTable,
    user: UserId,
    after: i64,
    limit: i64,
) -> Result<Vec<PersonalRow>, DbError> {
    let request = PageRequest { db, user, after, limit };
    let rows = match table {
        PersonalTable::Users
        | PersonalTable::Chats
        | PersonalTable::GroupSettings
        | PersonalTable::Threads
        | PersonalTable::Bans
        | PersonalTable::Settings
        | PersonalTable::Dialogs
        | PersonalTable::PersonalMenus
        | PersonalTable::DataRequests
        | PersonalTable::AnnouncementRecipients
        | PersonalTable::Announcements => of_person(request, table).await,
        PersonalTable::BalanceOperations
        | PersonalTable::Payments
        | PersonalTable::Invoices
        | PersonalTable::UserStatistics => of_books(request, table).await,
        PersonalTable::TopicNames
        | PersonalTable::TopicDeletions
        | PersonalTable::Sandboxes
        | PersonalTable::FileDays
        | PersonalTable::FileFetches
        | PersonalTable::Transcriptions
        | PersonalTable::Files
        | PersonalTable::MadeFiles => of_files(request, table).await,
        PersonalTable::Messages
        | PersonalTable::Turns
        | PersonalTable::ModelCalls
        | PersonalTable::ToolCalls
        | PersonalTable::Checkpoints
        | PersonalTable::DeadLetters
        | PersonalTable::Outbox
        | PersonalTable::Inbox => of_conversations(request, table).await,
    };
    rows.map_err(DbError::at("personal_data::page"))
}

async fn of_person(request: PageRequest<'_>, table: PersonalTable) -> sqlx::Result<Vec<PersonalRow>> {
    match table {
        PersonalTable::Users => page!(request, "SELECT id, to_jsonb(users)::text FROM users WHERE id = $1"),
        PersonalTable::Chats => page!(
            request,
            "SELECT id, to_jsonb(chats)::text FROM chats
             WHERE id = ANY(ARRAY(
               SELECT chat_id FROM threads WHERE user_id = $1
               UNION SELECT chat_id FROM turns JOIN threads ON threads.id = thread_id WHERE asker_id = $1
               UNION SELECT $1))"
        ),
        PersonalTable::GroupSettings => page!(
            request,
            "SELECT chat_id, to_jsonb(group_settings)::text FROM group_settings
             WHERE sponsor_id = $1 OR changed_by = $1"
        ),
        PersonalTable::Threads => {
            page!(request, "SELECT id, to_jsonb(threads)::text FROM threads WHERE user_id = $1")
        }
        PersonalTable::Bans => page!(request, "SELECT id, to_jsonb(bans)::text FROM bans WHERE user_id = $1"),
        // Only administrators have rows here.
        PersonalTable::Settings => {
            page!(request, "SELECT id, to_jsonb(settings)::text FROM settings WHERE changed_by = $1")
        }
        PersonalTable::Dialogs => {
            page!(request, "SELECT chat_id, to_jsonb(dialogs)::text FROM dialogs WHERE user_id = $1")
        }
        PersonalTable::PersonalMenus => {
            page!(
                request,
                "SELECT user_id, to_jsonb(personal_menus)::text FROM personal_menus WHERE user_id = $1"
            )
        }
        PersonalTable::DataRequests => {
            page!(request, "SELECT id, to_jsonb(data_requests)::text FROM data_requests WHERE user_id = $1")
        }
        PersonalTable::AnnouncementRecipients => page!(
            request,
            "SELECT announcement_id, to_jsonb(announcement_recipients)::text FROM announcement_recipients
             WHERE user_id = $1"
        ),
        // Only administrators have rows here. Whom an announcement was for is not about them.
        _announcements => page!(
            request,
            "SELECT id, (to_jsonb(announcements) - 'targets')::text FROM announcements WHERE admin_id = $1"
        ),
    }
}

async fn of_books(request: PageRequest<'_>, table: PersonalTable) -> sqlx::Result<Vec<PersonalRow>> {
    match table {
        PersonalTable::BalanceOperations => page!(
            request,
            "SELECT seq, to_jsonb(balance_operations)::text FROM balance_operations WHERE user_id = $1"
        ),
        PersonalTable::Payments => {
            page!(request, "SELECT id, to_jsonb(payments)::text FROM payments WHERE user_id = $1")
        }
        PersonalTable::Invoices => {
            page!(request, "SELECT id, to_jsonb(invoices)::text FROM invoices WHERE user_id = $1")
        }
        _user_statistics => page!(
            request,
            "SELECT (day - date '2000-01-01')::bigint, to_jsonb(user_statistics)::text FROM user_statistics
             WHERE user_id = $1"
        ),
    }
}

async fn of_files(request: PageRequest<'_>, table: PersonalTable) -> sqlx::Result<Vec<PersonalRow>> {
    match table {
        // A private chat has the id of its person.
        PersonalTable::TopicNames => page!(
            request,
            "SELECT topic_id::bigint, to_jsonb(topic_names)::text FROM topic_names
             WHERE user_id = $1 OR chat_id = $1"
        ),
        PersonalTable::TopicDeletions => {
            page!(
                request,
                "SELECT id, to_jsonb(topic_deletions)::text FROM topic_deletions WHERE user_id = $1"
            )
        }
        PersonalTable::Sandboxes => page!(
            request,
            "SELECT thread_id, to_jsonb(sandboxes)::text FROM threads JOIN sandboxes ON thread_id = threads.id
             WHERE user_id = $1"
        ),
        PersonalTable::FileDays => page!(
            request,
            "SELECT (day - date '2000-01-01')::bigint, to_jsonb(file_days)::text FROM file_days WHERE user_id = $1"
        ),
        PersonalTable::FileFetches => page!(
            request,
            "SELECT message_id::bigint, to_jsonb(file_fetches)::text FROM file_fetches WHERE user_id = $1"
        ),
        PersonalTable::Transcriptions => page!(
            request,
            "SELECT (extract(epoch FROM created_at) * 1000000)::bigint, to_jsonb(transcriptions)::text
             FROM transcriptions WHERE user_id = $1"
        ),
        PersonalTable::Files => page!(
            request,
            "SELECT id, to_jsonb(files)::text FROM files
             WHERE id = ANY(ARRAY(
               SELECT files.id FROM threads JOIN files ON thread_id = threads.id WHERE user_id = $1
               UNION SELECT files.id FROM turns JOIN messages ON messages.turn_id = turns.id
                 JOIN files ON files.chat_id = messages.chat_id AND files.message_id = messages.message_id
               WHERE asker_id = $1))"
        ),
        _made_files => page!(
            request,
            "SELECT (extract(epoch FROM made_files.created_at) * 1000000)::bigint, to_jsonb(made_files)::text
             FROM made_files
             WHERE id = ANY(ARRAY(
               SELECT file_id FROM made_files_of_people WHERE person_id = $1
               UNION SELECT file_id FROM data_requests WHERE user_id = $1))"
        ),
    }
}

async fn of_conversations(request: PageRequest<'_>, table: PersonalTable) -> sqlx::Result<Vec<PersonalRow>> {
    match table {
        PersonalTable::Messages => page!(
            request,
            "SELECT messages.id, to_jsonb(messages)::text
             FROM messages_of_people JOIN messages ON messages.id = message_row WHERE person_id = $1"
        ),
        PersonalTable::Turns => page!(
            request,
            "SELECT turns.id, to_jsonb(turns)::text FROM turns_of_people JOIN turns ON turns.id = turn_id
             WHERE person_id = $1"
        ),
        PersonalTable::ModelCalls => page!(
            request,
            "SELECT turn_id, to_jsonb(model_calls)::text FROM turns_of_people JOIN model_calls USING (turn_id)
             WHERE person_id = $1"
        ),
        PersonalTable::ToolCalls => page!(
            request,
            "SELECT turn_id, to_jsonb(tool_calls)::text FROM turns_of_people JOIN tool_calls USING (turn_id)
             WHERE person_id = $1"
        ),
        PersonalTable::Checkpoints => page!(
            request,
            "SELECT turn_id, to_jsonb(checkpoints)::text FROM turns_of_people JOIN checkpoints USING (turn_id)
             WHERE person_id = $1"
        ),
        // The remaining ones have no index by person: every row is looked at.
        PersonalTable::DeadLetters => page!(
            request,
            "SELECT id, CASE WHEN EXISTS (
               SELECT 1 FROM turns_of_people
               WHERE turn_id = substring(payload from '\"turn\": *([0-9]{1,18})')::bigint AND person_id = $1
             ) THEN to_jsonb(dead_letters)::text END FROM dead_letters"
        ),
        PersonalTable::Outbox => page!(
            request,
            "SELECT id, CASE WHEN chat_id = $1 OR owner_id = $1 OR EXISTS (
               SELECT 1 FROM turns_of_people
               WHERE turns_of_people.turn_id = outbox.turn_id AND person_id = $1
             ) THEN to_jsonb(outbox)::text END FROM outbox"
        ),
        // JSON, not JSONB: payloads are stored as they came.
        _inbox => page!(
            request,
            "SELECT update_id, CASE WHEN EXISTS (
               SELECT 1 FROM json_each(payload) AS part
               WHERE json_typeof(part.value) = 'object' AND part.value -> 'from' ->> 'id' = $1::bigint::text
             ) THEN row_to_json(inbox)::text END FROM inbox"
        ),
    }
}
