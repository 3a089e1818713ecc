//! Tests of the cache alone: it always returns what PostgreSQL returns for the same version, whatever several
//! writers do and in whatever order. Also measures the cost of a turn's context.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use starling::cache::context::{self, ContextUpdate, HistoryChange};
use starling::cache::messages::{self, Addition};
use starling::cache::thread::Thread;
use starling::cache::{Cache, Origin, Versioned, file_bytes, user};
use starling::db::{Db, migrate};
use starling::domain::clock::Clock;
use starling::domain::history::{History, Window};
use starling::domain::ids::{ChatId, MessageId, OwnerId, ThreadId, ThreadKey, UserId};
use starling::domain::message::{HistoryMessage, MessageContext, Reply, Role};
use starling::domain::people::{Chat, ChatKind, Language, Person};
use starling::domain::preferences::Preferences;
use starling::llm::registry::Registry;
use starling::services::books::{Books, Terms};
use starling::services::turn_context::{self, TurnContext};
use starling::telemetry::metrics::Metrics;

use crate::harness::database::Database;
use crate::harness::redis::Redis;

const WINDOW: Window = Window { limit: 6, step: 3 };

fn cache(redis: &Redis, metrics: &Metrics) -> Cache {
    let origin = Origin { database: "db".to_owned(), timeline: "1".to_owned() };
    Cache::open(&starling::config::Redis::at(redis.url().into()), &origin, metrics.clone()).unwrap()
}

fn key(user: i64) -> ThreadKey {
    ThreadKey { chat: ChatId(user), owner: OwnerId(user), topic: None }
}

/// Creates a user whose row and thread are cached, so that the history can be read.
async fn known(cache: &Cache, key: ThreadKey) {
    let chat = Chat { id: key.chat, kind: ChatKind::Private, title: None, username: None, is_forum: false };
    let thread = Versioned { version: 0, value: Thread { id: ThreadId(7), chat } };
    context::write(cache, key, &ContextUpdate { thread: Some(thread), ..ContextUpdate::default() }).await;
}

/// A message that a careless encoder would change.
fn message(number: usize) -> HistoryMessage {
    let reply = Reply {
        message: Some(MessageId(i32::MAX)),
        chat: None,
        sender: "@b".into(),
        text: "[]".into(),
        content: None,
    };
    HistoryMessage {
        role: if number.is_multiple_of(2) { Role::User } else { Role::Assistant },
        message: number.is_multiple_of(2).then_some(MessageId(i32::MIN)),
        text: format!("{number}: [] {{}} 9007199254740993 \u{1f600} \u{0} \"\\\n"),
        sender: None,
        context: MessageContext { reply: Some(reply), quote: Some(String::new()), forwarded_from: None },
        edits: 0,
        interrupted: false,
        files: Vec::new(),
        sent_files: Vec::new(),
        tool_rounds: Vec::new(),
    }
}

/// The reference: every version of a history, as PostgreSQL would return it.
struct Truth(Vec<History>);

impl Truth {
    fn newest(&self) -> &History {
        self.0.last().unwrap()
    }

    fn say(&mut self, count: usize) {
        let mut next = self.newest().clone();
        let first = usize::try_from(next.skipped).unwrap() + next.messages.len();
        let new: Vec<HistoryMessage> = (first..first + count).map(message).collect();
        next.extend(next.version + 1, &new, WINDOW);
        self.0.push(next);
    }

    /// A change of earlier messages, after which nothing can be appended.
    fn edit(&mut self) {
        let mut next = self.newest().clone();
        next.version += 1;
        if let Some(message) = next.messages.first_mut() {
            message.edits += 1;
        }
        self.0.push(next);
    }

    fn at(&self, version: i64) -> &History {
        &self.0[usize::try_from(version).unwrap()]
    }
}

#[derive(Clone, Debug)]
enum Step {
    Say(usize),
    Edit,
    /// A writer sets a version that it read some time ago.
    Set(prop::sample::Index),
    /// A writer appends the difference between a version and the one before it.
    Append(prop::sample::Index),
    /// A writer invalidates everything older than a version.
    Invalidate(prop::sample::Index),
    /// Redis loses the entry.
    Evict,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..4_usize).prop_map(Step::Say),
        1 => Just(Step::Edit),
        2 => any::<prop::sample::Index>().prop_map(Step::Set),
        4 => any::<prop::sample::Index>().prop_map(Step::Append),
        1 => any::<prop::sample::Index>().prop_map(Step::Invalidate),
        1 => Just(Step::Evict),
    ]
}

/// Returns the messages added between a version and the one before it, or `None` if the change is no
/// addition.
fn addition(truth: &Truth, version: i64) -> Option<Vec<HistoryMessage>> {
    let (before, after) = (truth.at(version - 1), truth.at(version));
    let end = |history: &History| usize::try_from(history.skipped).unwrap() + history.messages.len();
    let new = end(after) - end(before);
    (new > 0).then(|| (end(before)..end(after)).map(message).collect())
}

async fn play(cache: &Cache, redis: &Redis, key: ThreadKey, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut truth = Truth(vec![History::default()]);
    let mut newest = -1;
    known(cache, key).await;
    for step in steps {
        let versions = truth.0.len();
        match step {
            Step::Say(count) => truth.say(count),
            Step::Edit => truth.edit(),
            Step::Set(which) => {
                let history = &truth.0[which.index(versions)];
                let whole = Some(HistoryChange::Whole(ThreadId(7), history));
                context::write(cache, key, &ContextUpdate { history: whole, ..ContextUpdate::default() })
                    .await;
            }
            Step::Append(which) => {
                let version = i64::try_from(which.index(versions)).unwrap();
                let new = if version > 0 { addition(&truth, version) } else { None };
                if let Some(new) = new {
                    let new = Addition { after: version - 1, version, messages: &new };
                    let more = Some(HistoryChange::More(ThreadId(7), new, WINDOW));
                    context::write(cache, key, &ContextUpdate { history: more, ..ContextUpdate::default() })
                        .await;
                }
            }
            Step::Invalidate(which) => {
                messages::invalidate(cache, key, i64::try_from(which.index(versions)).unwrap()).await;
            }
            Step::Evict => {
                for name in redis.keys(&format!("messages:{}:", key.chat)).await {
                    redis.ask::<()>(&["DEL", &name]).await;
                }
                newest = -1;
            }
        }
        if let Some(found) = context::read(cache, key, UserId(key.owner.0)).await.history {
            prop_assert_eq!(&found, truth.at(found.version));
            prop_assert!(found.version >= newest, "version {} came back after {newest}", found.version);
            newest = found.version;
        }
    }
    Ok(())
}

#[test]
fn whatever_writers_do_an_entry_is_what_the_database_gives_for_its_version() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::start());
    let metrics = Metrics::new().unwrap();
    let cache = runtime.block_on(async { cache(&redis, &metrics) });
    let runner = Config { cases: 48, failure_persistence: None, ..Config::default() };
    let counter = AtomicI64::new(1);
    TestRunner::new(runner)
        .run(&prop::collection::vec(step(), 1..40), |steps| {
            let user = counter.fetch_add(1, Ordering::Relaxed);
            runtime.block_on(play(&cache, &redis, key(user), steps))
        })
        .unwrap();
}

#[tokio::test]
async fn many_writers_at_once_leave_only_true_entries() {
    let redis = Redis::start().await;
    let metrics = Metrics::new().unwrap();
    let cache = cache(&redis, &metrics);
    known(&cache, key(1)).await;
    let mut truth = Truth(vec![History::default()]);
    (0..60).for_each(|_| truth.say(1));
    let truth = Arc::new(truth);
    let writers = (0..4_usize).map(|writer| {
        let (cache, truth) = (cache.clone(), truth.clone());
        tokio::spawn(async move {
            for turn in 0..60_usize {
                // Each writer goes through the versions in an order of its own.
                let version = (turn * 7 + writer * 13) % 60 + 1;
                let history = truth.at(i64::try_from(version).unwrap());
                let new = addition(&truth, history.version).unwrap();
                let change = if (turn + writer).is_multiple_of(3) {
                    HistoryChange::Whole(ThreadId(7), history)
                } else {
                    let (after, version) = (history.version - 1, history.version);
                    HistoryChange::More(ThreadId(7), Addition { after, version, messages: &new }, WINDOW)
                };
                context::write(
                    &cache,
                    key(1),
                    &ContextUpdate { history: Some(change), ..ContextUpdate::default() },
                )
                .await;
                if let Some(found) = context::read(&cache, key(1), UserId(1)).await.history {
                    assert_eq!(&found, truth.at(found.version));
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn an_older_value_never_replaces_a_newer_one_not_even_after_an_invalidation() {
    let redis = Redis::start().await;
    let metrics = Metrics::new().unwrap();
    let cache = cache(&redis, &metrics);
    let person = |name: &str| Person {
        id: UserId(1),
        first_name: name.to_owned(),
        last_name: None,
        username: None,
        language_code: None,
        is_bot: false,
        is_premium: false,
    };
    let put = async |version, name: &str| {
        let user = Versioned {
            version,
            value: user::User {
                profile: person(name),
                language: Language::English,
                preferences: Preferences::default(),
            },
        };
        context::write(&cache, key(1), &ContextUpdate { user: Some(user), ..ContextUpdate::default() }).await;
    };
    let name = async || {
        context::read(&cache, key(1), UserId(1)).await.user.map(|user| user.value.profile.first_name)
    };
    put(2, "new").await;
    put(1, "old").await;
    assert_eq!(name().await.as_deref(), Some("new"));
    user::invalidate(&cache, UserId(1), 3).await;
    assert_eq!(name().await, None);
    put(2, "late").await;
    assert_eq!(name().await, None, "a writer who comes late is refused");
    put(3, "newer").await;
    user::invalidate(&cache, UserId(1), 3).await;
    assert_eq!(name().await.as_deref(), Some("newer"), "an invalidation concerns what is older");
}

#[tokio::test]
async fn contents_of_files_have_a_limit() {
    let redis = Redis::start().await;
    let metrics = Metrics::new().unwrap();
    let cache = cache(&redis, &metrics);
    assert!(file_bytes::put(&cache, "a", b"\0\xff bytes").await);
    assert_eq!(file_bytes::get(&cache, "a").await.as_deref(), Some(&b"\0\xff bytes"[..]));
    assert!(!file_bytes::put(&cache, "b", &vec![0; file_bytes::LIMIT + 1]).await);
}

#[tokio::test]
async fn every_entry_has_a_lifetime() {
    let redis = Redis::start().await;
    let metrics = Metrics::new().unwrap();
    let cache = cache(&redis, &metrics);
    known(&cache, key(1)).await;
    let mut truth = Truth(vec![History::default()]);
    truth.say(2);
    let whole = HistoryChange::Whole(ThreadId(7), truth.newest());
    context::write(&cache, key(1), &ContextUpdate { history: Some(whole), ..ContextUpdate::default() }).await;
    messages::invalidate(&cache, key(2), 1).await;
    user::invalidate(&cache, UserId(1), 1).await;
    file_bytes::put(&cache, "a", b"a").await;
    let names = redis.keys("").await;
    assert_eq!(names.len(), 5, "{names:?}");
    for name in names {
        let seconds: i64 = redis.ask(&["TTL", &name]).await;
        assert!((3_500..=3_600).contains(&seconds), "{name} lives {seconds} s");
    }
}

/// Measures the cost of a turn's context: statements of PostgreSQL and round trips of Redis.
async fn cost(books: &Books, cache: &Cache, metrics: &Metrics) -> (u64, u64, TurnContext) {
    let before = (metrics.db_queries.get(), metrics.redis_round_trips.get());
    let (key, ann, chat) = (key(42), ann(), private_chat());
    let found = turn_context::recall(cache, key, &ann, &chat).await;
    let known = turn_context::complete(books, key, &ann, &chat, found).await.unwrap();
    (metrics.db_queries.get() - before.0, metrics.redis_round_trips.get() - before.1, known)
}

fn ann() -> Person {
    Person {
        id: UserId(42),
        first_name: "Ann".to_owned(),
        last_name: None,
        username: None,
        language_code: None,
        is_bot: false,
        is_premium: false,
    }
}

fn private_chat() -> Chat {
    Chat { id: ChatId(42), kind: ChatKind::Private, title: None, username: None, is_forum: false }
}

#[tokio::test]
async fn with_redis_a_context_is_one_round_trip_and_without_it_two_queries_at_most() {
    let redis = Redis::start().await;
    let database = Database::create().await;
    let metrics = Metrics::new().unwrap();
    let url = database.url_through(database.address()).into();
    let db = Db::open(&url, 5, metrics.clone()).unwrap();
    migrate::run(&db).await.unwrap();
    let registry = Registry::load(None).unwrap();
    let books = Books { db: db.clone(), registry, clock: Clock::System, terms: Terms::default() };
    let (cache, none) = (cache(&redis, &metrics), Cache::disabled());
    let (queries, trips, stranger) = cost(&books, &none, &metrics).await;
    assert_eq!((queries, trips), (1, 0), "somebody new");
    let (queries, trips, _) = cost(&books, &none, &metrics).await;
    assert_eq!((queries, trips), (2, 0), "somebody known");
    sqlx::query(
        "WITH turn AS (
           INSERT INTO turns (thread_id, question_id, model_id) VALUES (1, 400, 'm') RETURNING id
         )
         INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sent_at)
         SELECT 1, turn.id, 42, number, 'user', 'message ' || number, now()
         FROM turn, generate_series(1, 400) AS number",
    )
    .execute(database.pool())
    .await
    .unwrap();
    let (queries, trips, known) = cost(&books, &none, &metrics).await;
    assert_eq!((queries, trips), (2, 0), "a long conversation costs no more");
    assert_eq!(known.history.messages.len(), 400);
    // What was read is cached, and read from there.
    turn_context::keep_rows(&cache, key(42), &known).await;
    let whole = HistoryChange::Whole(known.thread.value.id, &known.history);
    context::write(&cache, key(42), &ContextUpdate { history: Some(whole), ..ContextUpdate::default() })
        .await;
    let (queries, trips, cached) = cost(&books, &cache, &metrics).await;
    assert_eq!((queries, trips), (0, 1), "one round trip and no query");
    assert_eq!((cached.history, cached.user), (known.history, known.user));
    assert_eq!(stranger.thread.value.id, cached.thread.value.id);
    // A new name leads to the database, but the history is still read from the cache.
    let renamed = Person { first_name: "Anne".to_owned(), ..ann() };
    let found = turn_context::recall(&cache, key(42), &renamed, &private_chat()).await;
    let before = metrics.db_queries.get();
    turn_context::complete(&books, key(42), &renamed, &private_chat(), found).await.unwrap();
    assert_eq!(metrics.db_queries.get() - before, 1, "profile and thread, no history");
    db.close().await;
    database.drop().await;
}
