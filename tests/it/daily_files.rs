//! The limit of bytes that are fetched for a person in a day: counted once per file, told once, and never
//! exceeded.

use chrono::NaiveDate;
use playground::anthropic::{Recorded, Reply, Step, StopReason};
use playground::openai;
use playground::telegram::{Fault, NewFile};
use secrecy::SecretString;
use serde_json::json;
use starling::db::Db;
use starling::db::file_bytes::{self, Claim, Expected, FetchKey};
use starling::domain::file_id::PublicFileId;
use starling::domain::ids::{ChatId, MessageId, UserId};
use starling::telemetry::metrics::Metrics;

use crate::harness::database::Database;
use crate::harness::{ANN, BOB, BOUND, Bot, conversation};

const LIMIT: (&str, &str) = ("FILE_BYTES_PER_DAY", "100000");
const COUNTED: &str = "SELECT coalesce(sum(bytes), 0)::bigint FROM file_days";
const FETCHES: &str = "SELECT coalesce(sum(bytes), 0)::bigint FROM file_fetches";
const SENTENCE: &str = "your limit of 0.1 MB of files per day";

/// Returns a text of this many bytes.
fn text(name: &str, bytes: usize) -> NewFile {
    NewFile::text(name, &"x".repeat(bytes))
}

fn shown(request: &Recorded) -> usize {
    request.files().len()
}

#[tokio::test]
async fn an_album_over_the_limit_is_answered_without_the_rest_which_is_told_once() {
    let bot = Bot::with([LIMIT]).await;
    let parts = (1..=5).map(|number| text(&format!("{number}.txt"), 30_000));
    bot.telegram.send_album(ANN, ANN, None, parts.collect());
    let answer = bot.answer(ANN, 1).await;
    assert_eq!(answer.matches(SENTENCE).count(), 1, "{answer}");
    assert!(answer.contains("00:00 UTC") && answer.contains("send them again"), "{answer}");
    let request = bot.request(1).await;
    assert_eq!(shown(&request), 3);
    let asked = conversation(&request).join("\n");
    assert_eq!(asked.matches("not fetched, the person has reached the limit of bytes per day").count(), 2);
    assert_eq!((bot.database.count(COUNTED).await, bot.database.count(FETCHES).await), (90_000, 90_000));
    // The next prompt shows the same, and its answer does not repeat the sentence.
    assert!(!bot.ask("and?").await.contains(SENTENCE));
    let again = bot.request(2).await;
    assert_eq!((shown(&again), conversation(&again)[0].as_str()), (3, conversation(&request)[0].as_str()));
    assert_eq!(bot.answers(ANN).len(), 2);
    bot.end().await;
}

#[tokio::test]
async fn at_the_limit_an_album_and_a_lone_file_get_one_sentence_each_until_midnight() {
    let mut bot = Bot::with([LIMIT]).await;
    bot.telegram.send(ANN, ANN, text("all.txt", 100_000));
    assert!(bot.answer(ANN, 1).await.contains("You sent a text"));
    let album = || (1..=3).map(|number| text(&format!("{number}.txt"), 10)).collect();
    bot.telegram.send_album(ANN, ANN, None, album());
    let told = bot.answer(ANN, 2).await;
    assert!(told.contains("I did not open this") && told.contains(SENTENCE), "{told}");
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    // A restart changes nothing.
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    bot.telegram.send(ANN, ANN, text("one.txt", 10));
    assert!(bot.answer(ANN, 3).await.contains(SENTENCE));
    // Other people have limits of their own.
    bot.telegram.send(BOB, BOB, text("bob.txt", 10));
    assert!(bot.answer(BOB, 1).await.contains("You sent a text"));
    assert_eq!(bot.model.requests().len(), 2);
    // A day later.
    for statement in [
        "INSERT INTO file_days SELECT user_id, day - 1, bytes FROM file_days",
        "UPDATE file_fetches SET day = day - 1",
        "DELETE FROM file_days WHERE day = (SELECT max(day) FROM file_days)",
    ] {
        bot.sql(statement).await;
    }
    bot.telegram.send_album(ANN, ANN, None, album());
    let answer = bot.answer(ANN, 4).await;
    assert!(answer.contains("You sent") && !answer.contains(SENTENCE), "{answer}");
    assert_eq!(shown(&bot.request(3).await), 4);
    bot.end().await;
}

#[tokio::test]
async fn words_beside_a_file_over_the_limit_are_answered() {
    let bot = Bot::with([LIMIT]).await;
    bot.telegram.send(ANN, ANN, text("large.txt", 100_001).captioned("What does it say?"));
    let answer = bot.answer(ANN, 1).await;
    assert!(answer.contains("What does it say?") && answer.contains(SENTENCE), "{answer}");
    let asked = conversation(&bot.request(1).await);
    assert!(asked[0].contains("[document \"large.txt\" (text/plain, 100 kB): not fetched"), "{asked:?}");
    assert_eq!(bot.database.count(COUNTED).await, 0);
    // The model cannot have it loaded by the tool either.
    let id: String =
        sqlx::query_scalar("SELECT public_id::text FROM files").fetch_one(bot.books()).await.unwrap();
    let id = PublicFileId::from_column(&id).unwrap().to_string();
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "preview_file".to_owned(), input: json!({ "file_id": id }) },
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.ask("Look into it.").await;
    let result = bot.request(3).await.body["messages"].to_string();
    assert!(result.contains("daily_limit"), "{result}");
    assert!(bot.telegram.downloads().is_empty());
    bot.end().await;
}

#[tokio::test]
async fn a_file_counts_with_its_real_size_and_not_at_all_if_it_does_not_come() {
    let bot = Bot::with([LIMIT]).await;
    bot.telegram.send(ANN, ANN, text("more.txt", 30_000).with(json!({"file_size": 10})));
    bot.answer(ANN, 1).await;
    assert_eq!((bot.database.count(COUNTED).await, bot.database.count(FETCHES).await), (30_000, 30_000));
    bot.telegram.send(ANN, ANN, text("unknown.txt", 20_000).with(json!({"file_size": null})));
    bot.answer(ANN, 2).await;
    assert_eq!(bot.database.count(COUNTED).await, 50_000);
    bot.telegram.fail_next("getFile", 4, Fault::Status(503));
    bot.telegram.send(ANN, ANN, text("lost.txt", 40_000));
    assert!(bot.answer(ANN, 3).await.contains("could not fetch"));
    assert_eq!((bot.database.count(COUNTED).await, bot.database.count(FETCHES).await), (50_000, 50_000));
    bot.telegram.send(ANN, ANN, text("again.txt", 40_000));
    assert!(bot.answer(ANN, 4).await.contains("You sent a text"));
    assert_eq!(bot.database.count(COUNTED).await, 90_000);
    bot.end().await;
}

#[tokio::test]
async fn after_a_crash_and_for_an_update_that_comes_twice_a_file_counts_once() {
    let mut bot = Bot::prepare([LIMIT, ("KILL_AT", "file: counted")]).await;
    bot.launch();
    let said = bot.telegram.send(ANN, ANN, text("a.txt", 60_000));
    tokio::time::timeout(BOUND, bot.died()).await.expect("the bot dies in time");
    assert_eq!(bot.database.count(COUNTED).await, 60_000);
    bot.set("KILL_AT", "");
    bot.run().await;
    assert!(bot.answer(ANN, 1).await.contains("You sent a text"));
    assert!(bot.telegram.redeliver(said.update_id));
    bot.telegram.send(ANN, ANN, text("b.txt", 40_000));
    assert!(bot.answer(ANN, 2).await.contains("You sent a text"));
    assert_eq!((bot.database.count(COUNTED).await, bot.database.count(FETCHES).await), (100_000, 100_000));
    assert_eq!(bot.answers(ANN).len(), 2);
    bot.end().await;
}

#[tokio::test]
async fn the_limit_is_also_told_by_an_answer_that_a_crash_has_delayed() {
    let mut bot = Bot::prepare([LIMIT, ("KILL_AT", "turn: opened")]).await;
    bot.launch();
    bot.telegram.send(ANN, ANN, text("large.txt", 100_001).captioned("What does it say?"));
    tokio::time::timeout(BOUND, bot.died()).await.expect("the bot dies in time");
    bot.set("KILL_AT", "");
    bot.run().await;
    let answer = bot.answer(ANN, 1).await;
    assert!(answer.contains("What does it say?") && answer.contains(SENTENCE), "{answer}");
    bot.end().await;
}

#[tokio::test]
async fn a_recording_over_the_limit_is_not_heard_and_costs_nothing() {
    let openai = openai::OpenAi::start(openai::Settings::default()).await.unwrap();
    let bot = Bot::with([
        ("FILE_BYTES_PER_DAY", "1000"),
        ("OPENAI_API_KEY", "sk-test"),
        ("OPENAI_BASE_URL", &openai.url()),
    ])
    .await;
    bot.telegram.send(ANN, ANN, NewFile::voice(3).with(json!({"file_size": 2_000})));
    let told = bot.answer(ANN, 1).await;
    assert!(told.contains("your limit of 0.001 MB of files per day"), "{told}");
    bot.database.until("SELECT count(*) FROM transcriptions WHERE failure = 'refused' AND held = 0", 1).await;
    assert!(openai.requests().is_empty() && bot.model.requests().is_empty());
    bot.end().await;
}

#[tokio::test]
async fn administrators_and_an_installation_without_the_limit_count_nothing() {
    for settings in
        [[LIMIT, ("PRIVILEGED_USERS", "42")], [("FILE_BYTES_PER_DAY", "0"), ("PRIVILEGED_USERS", "1")]]
    {
        let bot = Bot::with(settings).await;
        bot.telegram.send(ANN, ANN, text("a.txt", 200_000));
        assert!(bot.answer(ANN, 1).await.contains("You sent a text"));
        assert_eq!(bot.database.count("SELECT count(*) FROM file_days").await, 0);
        bot.end().await;
    }
}

#[tokio::test]
async fn the_janitor_forgets_former_days() {
    let mut bot = Bot::prepare([]).await;
    let url = SecretString::from(bot.database.url());
    let db = Db::open(&url, 3, Metrics::new().unwrap()).unwrap();
    starling::db::migrate::run(&db).await.unwrap();
    for days in [0, 7, 8, 30] {
        bot.sql(&format!(
            "INSERT INTO file_days VALUES (42, (now() AT TIME ZONE 'UTC')::date - {days}, 5);
             INSERT INTO file_fetches VALUES (42, {days} + 1, FALSE, 'x', 42, (now() AT TIME ZONE 'UTC')::date - {days}, 5)"
        ))
        .await;
    }
    bot.run().await;
    bot.database.until("SELECT count(*) FROM file_days", 2).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM file_fetches").await, 2);
    bot.end().await;
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

/// Two instances on one database.
async fn instances(database: &Database) -> [Db; 2] {
    let url = SecretString::from(database.url());
    let instance = || Db::open(&url, 4, Metrics::new().unwrap()).unwrap();
    let instances = [instance(), instance()];
    starling::db::migrate::run(&instances[0]).await.unwrap();
    instances
}

fn fetch(message: i32) -> FetchKey<'static> {
    FetchKey { chat: ChatId(42), message: MessageId(message), replied: false, unique_id: "x" }
}

#[tokio::test]
async fn of_many_files_at_once_only_those_within_the_limit_pass() {
    let database = Database::create().await;
    let instances = instances(&database).await;
    let claims = (0..40).map(|number| {
        // Every file is claimed by both instances, as after a redelivery.
        let db = if number % 2 == 0 { &instances[0] } else { &instances[1] };
        file_bytes::claim(db, fetch(number / 2), UserId(42), day(28), Expected::Size(10), 105)
    });
    let granted = futures::future::try_join_all(claims).await.unwrap();
    let count = |claim| granted.iter().filter(|granted| **granted == claim).count();
    let counts = (count(Claim::New), count(Claim::Repeated), count(Claim::OverLimit));
    assert_eq!(counts, (10, 10, 20), "ten files, each for both");
    assert_eq!((database.count(COUNTED).await, database.count(FETCHES).await), (100, 100));
    // A size that is not known takes what is left, and gives the rest back.
    let db = &instances[0];
    let unknown = || file_bytes::claim(db, fetch(90), UserId(42), day(28), Expected::AtMost(20), 105);
    let fits = |fetch, expected| file_bytes::is_within_limit(db, fetch, UserId(42), day(28), expected, 105);
    assert!(fits(fetch(90), Expected::AtMost(20)).await.unwrap());
    assert_eq!(unknown().await.unwrap(), Claim::New);
    assert_eq!(database.count(COUNTED).await, 105);
    let over = file_bytes::claim(db, fetch(91), UserId(42), day(28), Expected::AtMost(20), 105);
    assert_eq!(over.await.unwrap(), Claim::OverLimit);
    assert!(!fits(fetch(91), Expected::AtMost(20)).await.unwrap());
    assert!(fits(fetch(90), Expected::Size(20)).await.unwrap(), "it is counted");
    for _ in 0..2 {
        file_bytes::correct(db, fetch(90), 2).await.unwrap();
        assert_eq!((database.count(COUNTED).await, database.count(FETCHES).await), (102, 102));
    }
    assert_eq!(unknown().await.unwrap(), Claim::Repeated);
    assert_eq!(database.count(COUNTED).await, 102);
    // Another content of the same message, such as after an edit, is another file.
    let edited = FetchKey { unique_id: "y", ..fetch(90) };
    let claim = |size| file_bytes::claim(db, edited, UserId(42), day(28), Expected::Size(size), 105);
    assert_eq!((claim(4).await.unwrap(), claim(3).await.unwrap()), (Claim::OverLimit, Claim::New));
    drop(instances);
    database.drop().await;
}

#[tokio::test]
async fn at_midnight_the_limit_starts_anew_and_a_file_of_the_former_day_stays_there() {
    let database = Database::create().await;
    let instances = instances(&database).await;
    let claim = |number, date, bytes| {
        file_bytes::claim(&instances[0], fetch(number), UserId(42), date, Expected::Size(bytes), 100)
    };
    assert_eq!(claim(1, day(28), 100).await.unwrap(), Claim::New);
    assert_eq!(claim(2, day(28), 1).await.unwrap(), Claim::OverLimit);
    assert_eq!(claim(2, day(29), 60).await.unwrap(), Claim::New);
    // The update of the first file comes again after midnight, and its real size is known only then.
    assert_eq!(claim(1, day(29), 100).await.unwrap(), Claim::Repeated);
    file_bytes::correct(&instances[1], fetch(1), 90).await.unwrap();
    let days = "SELECT count(*) FROM file_days WHERE (day = '2026-11-28' AND bytes = 90) OR (day = '2026-11-29' AND bytes = 60)";
    assert_eq!(database.count(days).await, 2);
    // Both instances at the turn of the day.
    let twice = futures::future::try_join(
        file_bytes::claim(&instances[0], fetch(3), UserId(42), day(28), Expected::Size(5), 100),
        file_bytes::claim(&instances[1], fetch(3), UserId(42), day(29), Expected::Size(5), 100),
    );
    twice.await.unwrap();
    assert_eq!((database.count(COUNTED).await, database.count(FETCHES).await), (155, 155));
    drop(instances);
    database.drop().await;
}
