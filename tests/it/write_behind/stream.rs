//! The stream and its writer alone: poison, unreadable items, a Redis that dies or is full, records that come late.

use starling::cache::{Cache, Origin, write_behind as stream};
use starling::db::{Db, migrate};
use starling::domain::ids::TurnId;
use starling::domain::record::{Checkpoint, Record};
use starling::lifecycle::Lifecycle;
use starling::services::write_behind;
use starling::telemetry::metrics::Metrics;

use super::{CALLS, call};
use crate::harness::BOUND;
use crate::harness::database::Database;
use crate::harness::redis::Redis;

/// The write-behind of one process, with a database in which turn 1 is open.
struct StreamFixture {
    database: Database,
    db: Db,
    cache: Cache,
    metrics: Metrics,
}

impl StreamFixture {
    async fn new(redis: Option<&Redis>) -> Self {
        let database = Database::create().await;
        let metrics = Metrics::new().unwrap();
        let url = database.url_through(database.address()).into();
        let db = Db::open(&url, 5, metrics.clone()).unwrap();
        migrate::run(&db).await.unwrap();
        for statement in [
            "INSERT INTO users (id, first_name) VALUES (42, 'Ann')",
            "INSERT INTO chats (id, kind) VALUES (42, 'private')",
            "INSERT INTO threads (chat_id, user_id) VALUES (42, 42)",
            "INSERT INTO turns (thread_id, question_id, model_id) VALUES (1, 1, 'm')",
        ] {
            sqlx::query(statement).execute(database.pool()).await.unwrap();
        }
        let cache = redis.map_or_else(Cache::disabled, |redis| open(redis, &metrics));
        Self { database, db, cache, metrics }
    }

    /// Queues records and lets the writer finish.
    async fn write(&self, records: Vec<Record>) {
        let (handle, writer) = write_behind::open(self.db.clone(), self.cache.clone(), self.metrics.clone());
        let life = Lifecycle::default();
        let running = tokio::spawn(writer.run(life));
        for record in records {
            handle.put(record).await;
        }
        drop(handle);
        tokio::time::timeout(BOUND, running).await.expect("the writer ends").unwrap();
    }

    async fn count(&self, query: &'static str) -> i64 {
        self.database.count(query).await
    }

    async fn end(self) {
        self.db.close().await;
        self.database.drop().await;
    }
}

fn open(redis: &Redis, metrics: &Metrics) -> Cache {
    let origin = Origin { database: "db".to_owned(), timeline: "1".to_owned() };
    Cache::open(&starling::config::Redis::at(redis.url().into()), &origin, metrics.clone()).unwrap()
}

const LETTERS: &str = "SELECT count(*) FROM dead_letters";

/// 1,000 items, the 500th of a turn that does not exist.
fn one_poison_among_many() -> Vec<Record> {
    (0..1_000).map(|number| call(if number == 500 { 77 } else { 1 }, number)).collect()
}

#[tokio::test]
async fn one_poison_item_among_a_thousand_goes_alone() {
    let redis = Redis::start().await;
    for redis in [Some(&redis), None] {
        let world = StreamFixture::new(redis).await;
        world.write(one_poison_among_many()).await;
        assert_eq!((world.count(CALLS).await, world.count(LETTERS).await), (999, 1));
        let letter: (String, String, i32) =
            sqlx::query_as("SELECT item_id, error, attempts FROM dead_letters")
                .fetch_one(world.database.pool())
                .await
                .unwrap();
        assert_eq!((&*letter.0, letter.2), ("tool_call:77:1:toolu_500", 1));
        assert!(letter.1.contains("foreign key"), "{}", letter.1);
        assert_eq!(world.metrics.write_dead_letters.get(), 1);
        world.end().await;
    }
    assert_eq!(redis.ask::<i64>(&["XLEN", &redis.keys("write-behind").await[0]]).await, 0);
}

#[tokio::test]
async fn items_survive_a_redis_that_is_killed_and_a_writer_that_dies_with_them_in_hand() {
    let mut redis = Redis::start().await;
    let world = StreamFixture::new(Some(&redis)).await;
    let payloads: Vec<String> =
        (0..300).map(|number| serde_json::to_string(&call(1, number)).unwrap()).collect();
    stream::put(&world.cache, &payloads).await.unwrap();
    // A writer takes some items and disappears; half of them are committed.
    let taken = stream::take(&world.cache, "the dead", 100).await.unwrap();
    assert_eq!(taken.entries.len(), 100);
    world.write_taken(&taken.entries[..50]).await;
    redis.kill().await;
    redis.run().await;
    let cache = open(&redis, &world.metrics);
    let again = stream::take(&cache, "the dead", 300).await.unwrap();
    assert_eq!(again.length, 300, "nothing is lost");
    assert_eq!(again.entries.len(), 300, "what was in hand is given again, and the rest");
    world.write_taken(&again.entries).await;
    assert_eq!(world.count(CALLS).await, 300);
    world.end().await;
}

impl StreamFixture {
    async fn write_taken(&self, entries: &[stream::StreamEntry]) {
        let plain = Self {
            database: Database::create().await,
            db: self.db.clone(),
            cache: Cache::disabled(),
            metrics: self.metrics.clone(),
        };
        plain
            .write(entries.iter().map(|entry| serde_json::from_str(&entry.payload).unwrap()).collect())
            .await;
        plain.database.drop().await;
    }
}

#[tokio::test]
async fn the_stream_survives_a_redis_at_its_memory_limit() {
    let redis = Redis::start().await;
    let world = StreamFixture::new(Some(&redis)).await;
    let payloads: Vec<String> =
        (0..200).map(|number| serde_json::to_string(&call(1, number)).unwrap()).collect();
    stream::put(&world.cache, &payloads).await.unwrap();
    redis.ask::<()>(&["CONFIG", "SET", "maxmemory", "8mb"]).await;
    // Files of half a megabyte evict everything that may be evicted.
    for number in 0..60 {
        starling::cache::file_bytes::put(&world.cache, &number.to_string(), &vec![7; 500_000]).await;
    }
    let files = redis.keys(":file:").await.len();
    assert!(files < 20, "{files} files are still there, so nothing was evicted");
    world.write((200..400).map(|number| call(1, number)).collect()).await;
    assert_eq!(world.count(CALLS).await, 400);
    // Without any memory in Redis, records go straight to PostgreSQL.
    redis.ask::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await;
    world.write((400..500).map(|number| call(1, number)).collect()).await;
    assert_eq!(world.count(CALLS).await, 500);
    world.end().await;
}

#[tokio::test]
async fn the_newest_checkpoint_of_an_open_turn_stands() {
    let redis = Redis::start().await;
    let world = StreamFixture::new(Some(&redis)).await;
    let mark = |attempt, sequence, text: &str| {
        let (turn, text) = (TurnId(1), text.to_owned());
        Record::Checkpoint(Checkpoint { turn, attempt, sequence, text })
    };
    world.write(vec![mark(1, 2, "so far"), mark(1, 1, "so")]).await;
    world.write(vec![mark(1, 1, "so")]).await;
    let found = starling::db::records::checkpoint(&world.db, TurnId(1)).await.unwrap().unwrap();
    assert_eq!((found.sequence, &*found.text), (2, "so far"));
    sqlx::query("UPDATE turns SET state = 'answered', closed_at = now()")
        .execute(world.database.pool())
        .await
        .unwrap();
    world.write(vec![mark(2, 1, "too late")]).await;
    let found = starling::db::records::checkpoint(&world.db, TurnId(1)).await.unwrap().unwrap();
    assert_eq!(&*found.text, "so far", "a closed turn needs none");
    world.end().await;
}

#[tokio::test]
async fn a_charge_that_is_given_back_meanwhile_is_not_counted() {
    let world = StreamFixture::new(None).await;
    for statement in [
        "UPDATE turns SET state = 'answered', closed_at = now()",
        "INSERT INTO model_calls (turn_id, attempt, call, model_id, ended, input, cache_write_5m, cache_write_1h,
                                  cache_read, output, thinking, web_searches, duration_ms, cost, payer)
         VALUES (1, 1, 0, 'm', 'end_turn', 0, 0, 0, 0, 0, 0, 0, 1, 1, 'user')",
    ] {
        sqlx::query(statement).execute(world.database.pool()).await.unwrap();
    }
    let mut giving_back = world.database.pool().begin().await.unwrap();
    for statement in ["SELECT FROM turns FOR NO KEY UPDATE", "UPDATE model_calls SET payer = 'owner'"] {
        sqlx::query(statement).execute(&mut *giving_back).await.unwrap();
    }
    let given_back = async {
        let waits = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'";
        world.database.until(waits, 1).await;
        giving_back.commit().await.unwrap();
    };
    tokio::join!(world.write(vec![Record::UserStats { turn: TurnId(1) }]), given_back);
    assert_eq!(world.count("SELECT count(*) FROM user_statistics WHERE turns = 1 AND cost = 0").await, 1);
    world.end().await;
}

#[tokio::test]
async fn an_unreadable_item_is_put_aside_as_it_was_found() {
    let redis = Redis::start().await;
    let world = StreamFixture::new(Some(&redis)).await;
    let good = serde_json::to_string(&call(1, 1)).unwrap();
    stream::put(&world.cache, &["{\"type\":\"of the future\"}".to_owned(), good]).await.unwrap();
    world.write(Vec::new()).await;
    assert_eq!((world.count(CALLS).await, world.count(LETTERS).await), (1, 1));
    let payload: String = sqlx::query_scalar("SELECT payload FROM dead_letters")
        .fetch_one(world.database.pool())
        .await
        .unwrap();
    assert_eq!(payload, "{\"type\":\"of the future\"}");
    world.end().await;
}
