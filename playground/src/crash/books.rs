//! What the bot's database says, read by statements of our own: the product is not asked about itself.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

/// How long PostgreSQL may take to come back.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What may be open for a moment, but not when everything is quiet.
const OPEN: [(&str, &str); 5] = [
    ("updates that nobody handled", "SELECT count(*) FROM inbox WHERE handled_at IS NULL"),
    ("open turns", "SELECT count(*) FROM turns WHERE state = 'open'"),
    ("messages that are still owed", "SELECT count(*) FROM outbox WHERE state = 'pending'"),
    ("people with open holds", "SELECT count(*) FROM users WHERE held <> 0"),
    ("refunds under way", "SELECT count(*) FROM payments WHERE state = 'refunding'"),
];

/// Sums over all days, compared with turns, messages and calls.
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

/// The way to the database.
pub struct Books(PgPool);

/// A message of a person and the turn that answers it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Question {
    /// Where it stands.
    pub chat_id: i64,
    /// Its number there.
    pub message_id: i32,
    /// The conversation.
    pub thread_id: i64,
    /// The turn.
    pub turn_id: i64,
    /// How the turn ended.
    pub state: String,
}

/// An answer as the history keeps it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StoredAnswer {
    /// The turn.
    pub turn_id: i64,
    /// What was said.
    pub text: String,
    /// Whether it is marked as cut.
    pub interrupted: bool,
}

/// A message that was owed to a chat.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OutboxRow {
    /// What it is for.
    pub key: String,
    /// Where it went.
    pub chat_id: i64,
    /// The turn that it answers.
    pub turn_id: Option<i64>,
    /// Its text.
    pub text: String,
    /// What became of it.
    pub state: String,
    /// Its number in the chat.
    pub message_id: Option<i32>,
}

/// Stars that came in.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Payment {
    /// Telegram's id of it.
    pub charge_id: String,
    /// Who paid.
    pub user_id: i64,
    /// How many.
    pub stars: i32,
    /// Whether they were given back.
    pub refunded: bool,
}

impl Books {
    /// Opens a database that is there, or will be.
    pub fn open(url: &str) -> anyhow::Result<Self> {
        let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(10));
        Ok(Self(pool.connect_lazy(url).context("DATABASE_URL cannot be used")?))
    }

    /// Waits until the database answers.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let ready = async {
            while sqlx::query("SELECT 1").execute(&self.0).await.is_err() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(READY_WITHIN, ready).await.context("PostgreSQL does not come back")
    }

    /// What is open at this moment, with how much of it; empty when everything is quiet.
    pub async fn open_ends(&self) -> anyhow::Result<Vec<(&'static str, i64)>> {
        let mut open = Vec::new();
        for (what, query) in OPEN {
            let count: i64 = sqlx::query_scalar(query).fetch_one(&self.0).await?;
            if count > 0 {
                open.push((what, count));
            }
        }
        Ok(open)
    }

    /// All messages of people.
    pub async fn questions(&self) -> anyhow::Result<Vec<Question>> {
        let query = "SELECT messages.chat_id, messages.message_id, messages.thread_id, turn_id, state
                     FROM messages JOIN turns ON turns.id = turn_id WHERE role = 'user' ORDER BY messages.id";
        Ok(sqlx::query_as(query).fetch_all(&self.0).await?)
    }

    /// All answers.
    pub async fn answers(&self) -> anyhow::Result<Vec<StoredAnswer>> {
        let query = "SELECT turn_id, text, interrupted FROM messages WHERE role = 'assistant' ORDER BY id";
        Ok(sqlx::query_as(query).fetch_all(&self.0).await?)
    }

    /// All messages that were owed, in order.
    pub async fn owed(&self) -> anyhow::Result<Vec<OutboxRow>> {
        let query = "SELECT key, chat_id, turn_id, text, state, message_id FROM outbox ORDER BY id";
        Ok(sqlx::query_as(query).fetch_all(&self.0).await?)
    }

    /// Closed turns that are in nobody's statistics yet.
    pub async fn uncounted(&self) -> anyhow::Result<i64> {
        let query = "SELECT count(*) FROM turns WHERE closed_at IS NOT NULL AND NOT counted";
        Ok(sqlx::query_scalar(query).fetch_one(&self.0).await?)
    }

    /// People whose statistics differ from the sums of the books.
    pub async fn wrong_statistics(&self) -> anyhow::Result<Vec<i64>> {
        Ok(sqlx::query_scalar(WRONG_STATISTICS).fetch_all(&self.0).await?)
    }

    /// What was asked in turns that were given up after crashes.
    pub async fn given_up_questions(&self) -> anyhow::Result<Vec<String>> {
        let query = "SELECT text FROM messages JOIN turns ON turns.id = turn_id
                     WHERE role = 'user' AND turns.detail IN ('internal', 'crashed')";
        Ok(sqlx::query_scalar(query).fetch_all(&self.0).await?)
    }

    /// The model's names of all tool calls that were written down.
    pub async fn tool_calls(&self) -> anyhow::Result<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT call_id FROM tool_calls").fetch_all(&self.0).await?)
    }

    /// What could not be written, with the reason.
    pub async fn dead_letters(&self) -> anyhow::Result<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT item_id || ': ' || error FROM dead_letters").fetch_all(&self.0).await?)
    }

    /// All payments.
    pub async fn payments(&self) -> anyhow::Result<Vec<Payment>> {
        let query =
            "SELECT charge_id, user_id, stars, state = 'refunded' AS refunded FROM payments ORDER BY id";
        Ok(sqlx::query_as(query).fetch_all(&self.0).await?)
    }
}
