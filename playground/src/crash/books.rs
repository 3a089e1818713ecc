//! Reads the bot's database by SQL of its own, so that the product's code does not judge itself.

mod instances;

use std::collections::HashSet;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

/// Time limit for PostgreSQL to accept connections again.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Interval between two checks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Counts of rows that must all be zero when the bot is idle.
const OPEN: [(&str, &str); 7] = [
    ("updates that nobody handled", "SELECT count(*) FROM inbox WHERE handled_at IS NULL"),
    ("open turns", "SELECT count(*) FROM turns WHERE state = 'open'"),
    ("messages that are still owed", "SELECT count(*) FROM outbox WHERE state = 'pending'"),
    ("people with open holds", "SELECT count(*) FROM users WHERE held <> 0"),
    ("refunds under way", "SELECT count(*) FROM payments WHERE state = 'refunding'"),
    ("recordings being transcribed", "SELECT count(*) FROM transcriptions WHERE state = 'pending'"),
    // A deletion that a crash has cut is due again after ten minutes.
    ("copies to delete", "SELECT count(*) FROM copy_deletions WHERE due_at <= now()"),
];

/// Differences between the daily statistics and the sums over turns, messages and calls.
const WRONG_STATISTICS: &str = "
    WITH closed AS (
        SELECT turns.id, threads.user_id,
               (SELECT count(*) FROM messages WHERE turn_id = turns.id AND role = 'user') AS messages
        FROM turns JOIN threads ON threads.id = thread_id WHERE closed_at IS NOT NULL
    ), used AS (
        SELECT turn_id, sum(input) AS input, sum(cache_write_5m + cache_write_1h) AS cache_write,
               sum(cache_read) AS cache_read, sum(output) AS output,
               sum(cost) FILTER (WHERE payer = 'user') AS cost
        FROM model_calls GROUP BY turn_id
    ), truth AS (
        SELECT user_id, count(*) AS turns, sum(messages) AS messages, coalesce(sum(input), 0) AS input,
               coalesce(sum(cache_write), 0) AS cache_write, coalesce(sum(cache_read), 0) AS cache_read,
               coalesce(sum(output), 0) AS output, coalesce(sum(cost), 0) AS cost
        FROM closed LEFT JOIN used ON turn_id = id GROUP BY user_id
    ), told AS (
        SELECT user_id, sum(turns) AS turns, sum(messages) AS messages, sum(input) AS input,
               sum(cache_write) AS cache_write, sum(cache_read) AS cache_read, sum(output) AS output,
               sum(cost) AS cost
        FROM user_statistics GROUP BY user_id
    )
    SELECT user_id FROM truth FULL JOIN told USING (user_id)
    WHERE (truth.turns, truth.messages, truth.input, truth.cache_write, truth.cache_read, truth.output, truth.cost)
      IS DISTINCT FROM (told.turns, told.messages, told.input, told.cache_write, told.cache_read, told.output, told.cost)
    ORDER BY user_id";

/// A connection pool to the bot's database.
pub(super) struct Books(PgPool);

/// A message of a person and the turn that answers it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Question {
    /// The chat of the message.
    pub chat_id: i64,
    /// The message id in the chat.
    pub message_id: i32,
    /// The thread of the conversation.
    pub thread_id: i64,
    /// The id of the turn.
    pub turn_id: i64,
    /// How the turn ended.
    pub state: String,
    /// The text of the message, without what is said in it.
    pub text: String,
}

/// An answer as stored in the history.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct StoredAnswer {
    /// The id of the turn.
    pub turn_id: i64,
    /// The text of the answer.
    pub text: String,
    /// Whether the answer is marked as interrupted.
    pub interrupted: bool,
}

/// A row of the outbox.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct OutboxRow {
    /// The key of the row, unique per purpose.
    pub key: String,
    /// The chat of the message.
    pub chat_id: i64,
    /// The turn whose answer it is; `None` for other messages.
    pub turn_id: Option<i64>,
    /// The text to send.
    pub text: String,
    /// The state of the row.
    pub state: String,
    /// The message id in the chat; `None` before it is sent.
    pub message_id: Option<i32>,
    /// Telegram's ids of the files that the message consists of; empty for a text.
    pub files: Vec<String>,
}

impl OutboxRow {
    /// Returns the message ids that it became: those of an album are in a row.
    pub(super) fn numbers(&self) -> impl Iterator<Item = i64> + use<> {
        let first = self.message_id.map(i64::from);
        let count = i64::try_from(self.files.len().max(1)).unwrap_or(1);
        first.into_iter().flat_map(move |first| first..first + count)
    }
}

/// The transcription of a voice message, and what was taken for it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Transcription {
    /// The chat of the message.
    pub chat_id: i64,
    /// The message id in the chat.
    pub message_id: i32,
    /// `done` or `failed`.
    pub state: String,
    /// How often the service was to be asked.
    pub attempts: i32,
    /// How many operations of the balance belong to it.
    pub charges: i64,
    /// Their sum, in 1/1,000,000,000 US dollars, zero or less.
    pub charged_nano: i64,
}

/// Copies at the model's provider.
#[derive(Clone, Default, Debug)]
pub(super) struct KnownCopies {
    /// Those that files refer to.
    pub used: HashSet<String>,
    /// Those that are queued for deletion.
    pub queued: HashSet<String>,
    /// Those of files that no prompt shows any more because of `/clear`.
    pub cleared: Vec<String>,
}

/// A payment in Stars.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Payment {
    /// Telegram's charge id.
    pub charge_id: String,
    /// The user who paid.
    pub user_id: i64,
    /// The amount in Stars.
    pub stars: i32,
    /// Whether the payment was refunded.
    pub refunded: bool,
}

impl Books {
    /// Opens the pool. The database need not accept connections yet.
    pub(super) fn open(url: &str) -> anyhow::Result<Self> {
        let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(10));
        Ok(Self(pool.connect_lazy(url).context("DATABASE_URL cannot be used")?))
    }

    /// Waits until the database answers.
    pub(super) async fn ready(&self) -> anyhow::Result<()> {
        let ready = async {
            while sqlx::query("SELECT 1").execute(&self.0).await.is_err() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(READY_WITHIN, ready).await.context("PostgreSQL does not come back")
    }

    /// Returns the non-zero counts of unfinished work; empty when the bot is idle.
    pub(super) async fn open_ends(&self) -> anyhow::Result<Vec<(&'static str, i64)>> {
        let mut open = Vec::new();
        for (what, query) in OPEN {
            let count: i64 = sqlx::query_scalar(query).fetch_one(&self.0).await?;
            if count > 0 {
                open.push((what, count));
            }
        }
        Ok(open)
    }

    /// Returns all messages of people with their turns.
    pub(super) async fn questions(&self) -> anyhow::Result<Vec<Question>> {
        let query =
            "SELECT messages.chat_id, messages.message_id, messages.thread_id, turn_id, state, messages.text
                     FROM messages JOIN turns ON turns.id = turn_id WHERE role = 'user' ORDER BY messages.id";
        Ok(sqlx::query_as(query).fetch_all(&self.0).await?)
    }

    /// Returns all stored answers.
    pub(super) async fn answers(&self) -> anyhow::Result<Vec<StoredAnswer>> {
        let query = "SELECT turn_id, text, interrupted FROM messages WHERE role = 'assistant' ORDER BY id";
        Ok(sqlx::query_as(query).fetch_all(&self.0).await?)
    }

    /// Returns all rows of the outbox, oldest first.
    pub(super) async fn owed(&self) -> anyhow::Result<Vec<OutboxRow>> {
        let query =
            "SELECT key, chat_id, turn_id, text, state, message_id,
                    ARRAY(SELECT coalesce(file ->> 'telegram_id', '') FROM jsonb_array_elements(media) AS file) AS files
             FROM outbox ORDER BY id";
        Ok(sqlx::query_as(query).fetch_all(&self.0).await?)
    }

    /// Returns all transcriptions with their charges.
    pub(super) async fn transcriptions(&self) -> anyhow::Result<Vec<Transcription>> {
        let query = "
            SELECT chat_id, message_id, state, attempts,
                   (SELECT count(*) FROM balance_operations WHERE key = charge) AS charges,
                   (SELECT coalesce(sum(amount) * 1000000000, 0)::bigint FROM balance_operations WHERE key = charge)
                     AS charged_nano
            FROM transcriptions
            CROSS JOIN LATERAL (SELECT 'transcription:' || chat_id || ':' || message_id AS charge) AS named
            ORDER BY chat_id, message_id";
        Ok(sqlx::query_as(query).fetch_all(&self.0).await?)
    }

    /// Returns the number of charges for transcriptions.
    pub(super) async fn transcription_charges(&self) -> anyhow::Result<i64> {
        let query = "SELECT count(*) FROM balance_operations WHERE kind = 'transcription'";
        Ok(sqlx::query_scalar(query).fetch_one(&self.0).await?)
    }

    /// Returns the copies at the provider that the bot knows.
    pub(super) async fn copies(&self) -> anyhow::Result<KnownCopies> {
        let used = "SELECT provider_id FROM files WHERE provider_id IS NOT NULL";
        let queued = "SELECT provider_id FROM copy_deletions";
        let cleared = "
            SELECT provider_id || ' of message ' || messages.message_id FROM files
            JOIN messages ON (messages.chat_id, messages.message_id) = (files.chat_id, files.message_id)
            JOIN turns ON turns.id = messages.turn_id
            JOIN threads ON threads.id = messages.thread_id AND question_id <= cleared_up_to
            WHERE provider_id IS NOT NULL";
        let used: Vec<String> = sqlx::query_scalar(used).fetch_all(&self.0).await?;
        let queued: Vec<String> = sqlx::query_scalar(queued).fetch_all(&self.0).await?;
        let cleared = sqlx::query_scalar(cleared).fetch_all(&self.0).await?;
        let (used, queued) = (used.into_iter().collect(), queued.into_iter().collect());
        Ok(KnownCopies { used, queued, cleared })
    }

    /// Returns the number of closed turns that no statistics include yet.
    pub(super) async fn uncounted(&self) -> anyhow::Result<i64> {
        let query = "SELECT count(*) FROM turns WHERE closed_at IS NOT NULL AND NOT counted";
        Ok(sqlx::query_scalar(query).fetch_one(&self.0).await?)
    }

    /// Returns the users whose statistics differ from the sums over their turns.
    pub(super) async fn wrong_statistics(&self) -> anyhow::Result<Vec<i64>> {
        Ok(sqlx::query_scalar(WRONG_STATISTICS).fetch_all(&self.0).await?)
    }

    /// Returns what was written, said and sent in the questions of turns whose last attempt was not settled
    /// by the process that made it, or settled before it asked the model.
    pub(super) async fn unsettled_questions(&self) -> anyhow::Result<Vec<String>> {
        let query = "SELECT concat_ws(' ', messages.text,
                       (SELECT string_agg(text, ' ') FROM transcriptions AS heard
                        WHERE (heard.chat_id, heard.message_id) = (messages.chat_id, messages.message_id)),
                       (SELECT string_agg(preview, ' ') FROM files
                        WHERE (files.chat_id, files.message_id) = (messages.chat_id, messages.message_id)))
                     FROM messages JOIN turns ON turns.id = turn_id
                     WHERE role = 'user'
                       AND (turns.detail IN ('internal', 'crashed')
                            OR turns.state <> 'answered' AND (attempt > 1 OR crashes > 0))";
        Ok(sqlx::query_scalar(query).fetch_all(&self.0).await?)
    }

    /// Returns the model's ids of all recorded tool calls.
    pub(super) async fn tool_calls(&self) -> anyhow::Result<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT call_id FROM tool_calls").fetch_all(&self.0).await?)
    }

    /// Returns the dead letters of the write-behind with their reasons.
    pub(super) async fn dead_letters(&self) -> anyhow::Result<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT item_id || ': ' || error FROM dead_letters").fetch_all(&self.0).await?)
    }

    /// Returns all payments.
    pub(super) async fn payments(&self) -> anyhow::Result<Vec<Payment>> {
        let query =
            "SELECT charge_id, user_id, stars, state = 'refunded' AS refunded FROM payments ORDER BY id";
        Ok(sqlx::query_as(query).fetch_all(&self.0).await?)
    }
}
