//! Copies of files at the provider: made again when they are lost, deleted with their conversation.

use std::time::Duration;

use playground::anthropic::{ApiError, Endpoint, FileFault, Gate, Reply, Step, StopReason};
use serde_json::json;
use starling::db::{Db, files};
use starling::domain::ids::ThreadId;
use starling::telemetry::metrics::Metrics;

use super::{COPIED, listed, names, note, shown};
use crate::harness::{ANN, BOB, BOUND, Bot, conversation};

/// The provider forgets a copy at any moment, or it has expired: the next request shows a new one, and nobody
/// notices.
#[tokio::test]
async fn a_copy_that_the_provider_has_forgotten_is_made_again() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, note("a.txt").captioned("read"));
    bot.answer(ANN, 1).await;
    let copy = bot.model.files()[0].id.clone();
    assert!(bot.model.forget_file(&copy));
    bot.ask("and now?").await;
    let asked = bot.model.requests().last().unwrap().clone();
    assert_eq!(shown(&asked), ["a.txt"], "the request after the failed one shows it again");
    let renewed = bot.model.files()[0].id.clone();
    assert_ne!(renewed, copy);
    bot.log("a copy that the provider did not have was made again").await;
    let before = bot.model.requests().len();
    bot.ask("and again?").await;
    assert_eq!(bot.model.requests().len(), before + 1, "the new copy is known");
    assert_eq!(shown(bot.model.requests().last().unwrap()), ["a.txt"]);
    // At once, not when the queue is read the next time, which it is every minute.
    let soon = Duration::from_secs(30);
    bot.database.until_within(soon, "SELECT count(*) FROM copy_deletions", 0).await;
    assert_eq!(bot.model.files()[0].id, renewed, "only the old copy was deleted");
    bot.end().await;
}

/// Between the rounds of a tool loop.
#[tokio::test]
async fn a_copy_that_vanishes_between_two_rounds_is_made_again() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, note("a.txt").captioned("read"));
    bot.answer(ANN, 1).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "list_files".to_owned(), input: json!({}) },
        Step::Gate(gate),
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.ann("list them");
    bot.request(2).await;
    assert!(bot.model.forget_file(&bot.model.files()[0].id));
    keeper.open();
    let answer = bot.answer(ANN, 2).await;
    assert!(!answer.contains("went wrong"), "{answer}");
    assert_eq!(shown(bot.model.requests().last().unwrap()), ["a.txt"]);
    bot.end().await;
}

#[tokio::test]
async fn a_cleared_conversation_forgets_its_files() {
    let bot = Bot::start().await;
    let hold = bot.telegram.hold("download");
    bot.telegram.send(ANN, ANN, note("old.txt").captioned("read"));
    hold.waiting().await;
    bot.ann("/clear");
    bot.telegram.send(ANN, ANN, note("new.txt").captioned("read this"));
    // A message that arrives after the answer has started would stop it.
    bot.database.until("SELECT count(*) FROM inbox", 3).await;
    hold.release();
    bot.answer(ANN, 3).await;
    let asked = bot.request(2).await;
    assert_eq!(
        (shown(&bot.request(1).await), shown(&asked)),
        (vec!["old.txt".into()], vec!["new.txt".into()])
    );
    assert_eq!(conversation(&asked), ["user: read this"]);
    assert_eq!(names(&listed(&bot, ANN, ANN).await), ["new.txt"]);
    bot.end().await;
}

#[tokio::test]
async fn a_copy_that_is_lost_with_the_file_at_telegram_becomes_a_line_for_good() {
    // A cache would not know of the change that is made to the row below.
    let bot = Bot::with([("REDIS_URL", "")]).await;
    bot.telegram.send(ANN, ANN, note("a.txt").captioned("read"));
    bot.answer(ANN, 1).await;
    sqlx::query("UPDATE files SET telegram_id = 'of_yesterday'").execute(bot.books()).await.unwrap();
    let copy = bot.model.files()[0].id.clone();
    assert!(bot.model.forget_file(&copy));
    bot.ask("and now?").await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    assert_eq!(bot.database.count(COPIED).await, 0);
    let before = bot.model.requests().len();
    bot.ask("and again?").await;
    assert_eq!(bot.model.requests().len(), before + 1, "the lost copy is not shown again");
    assert_eq!(shown(bot.model.requests().last().unwrap()), [""; 0]);
    bot.end().await;
}

#[tokio::test]
async fn a_copy_that_is_being_made_again_when_a_newer_message_comes_is_not_lost() {
    let bot = Bot::with([("REDIS_URL", "")]).await;
    bot.telegram.send(ANN, ANN, note("a.txt").captioned("read"));
    bot.answer(ANN, 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    assert!(bot.model.forget_file(&bot.model.files()[0].id));
    let hold = bot.telegram.hold("download");
    bot.ann("and now?");
    hold.waiting().await;
    bot.ann("or rather now?");
    bot.database.until("SELECT count(*) FROM turns WHERE detail = 'superseded'", 1).await;
    hold.release();
    bot.answer(ANN, 2).await;
    assert_eq!(shown(bot.model.requests().last().unwrap()), ["a.txt"]);
    assert_eq!(bot.database.count(COPIED).await, 1);
    bot.end().await;
}

#[tokio::test]
async fn a_copy_that_was_lost_is_forgotten_in_its_own_conversation_only() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, note("a.txt").captioned("read"));
    bot.telegram.send(BOB, BOB, note("b.txt").captioned("read"));
    bot.answer(ANN, 1).await;
    bot.answer(BOB, 1).await;
    let db = Db::open(&bot.database.url().into(), 2, Metrics::new().unwrap()).unwrap();
    let copies: Vec<String> = bot.model.files().into_iter().map(|file| file.id).collect();
    let thread: i64 = sqlx::query_scalar("SELECT id FROM threads WHERE user_id = $1")
        .bind(ANN)
        .fetch_one(bot.books())
        .await
        .unwrap();
    for _again in 0..2 {
        files::lost(&db, ThreadId(thread), &copies).await.unwrap();
    }
    db.close().await;
    assert_eq!(listed(&bot, ANN, ANN).await[0]["has_copy"], json!(false));
    assert_eq!(listed(&bot, BOB, BOB).await[0]["has_copy"], json!(true));
    bot.end().await;
}

/// What nobody can ask about any more is deleted at the provider as well, also if the first attempt fails,
/// and what another message of the conversation still refers to stays.
#[tokio::test]
async fn copies_go_with_the_conversation_that_is_cleared() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, note("old.txt").captioned("read this"));
    bot.answer(ANN, 1).await;
    bot.telegram.send(BOB, BOB, note("bobs.txt").captioned("and this"));
    bot.answer(BOB, 1).await;
    bot.database.until(COPIED, 2).await;
    bot.ask("/clear").await;
    bot.database.until("SELECT count(*) FROM copy_deletions", 0).await;
    bot.database.until(COPIED, 1).await;
    let left = bot.model.files();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0].name, "bobs.txt");
    // So do those of messages that are too old to be kept.
    let age = "UPDATE messages SET created_at = created_at - interval '100 days'";
    sqlx::query(age).execute(bot.books()).await.unwrap();
    let mut bot = bot;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    bot.database.until("SELECT count(*) FROM files", 0).await;
    bot.database.until("SELECT count(*) FROM copy_deletions", 0).await;
    assert!(bot.model.files().is_empty());
    bot.end().await;
}

#[tokio::test]
async fn a_copy_that_the_provider_does_not_delete_stays_queued() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, note("old.txt").captioned("read this"));
    bot.answer(ANN, 1).await;
    bot.database.until(COPIED, 1).await;
    bot.model.fail_files(
        Endpoint::DeleteFile,
        1,
        FileFault::Error(ApiError::new(403, "permission_error", "not now")),
    );
    bot.ask("/clear").await;
    bot.log("the provider did not delete a copy, trying again later").await;
    assert_eq!(bot.database.count("SELECT count(*) FROM copy_deletions WHERE attempts = 1").await, 1);
    assert_eq!(bot.model.files().len(), 1);
    // The next run takes it up when its pause is over.
    let due = "UPDATE copy_deletions SET due_at = now()";
    sqlx::query(due).execute(bot.books()).await.unwrap();
    let mut bot = bot;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    bot.database.until("SELECT count(*) FROM copy_deletions", 0).await;
    assert!(bot.model.files().is_empty());
    bot.end().await;
}

#[tokio::test]
async fn a_copy_whose_deletion_a_crash_has_cut_is_gone_once() {
    let mut bot = Bot::with([("KILL_AT", "copies: deleted at the provider")]).await;
    bot.telegram.send(ANN, ANN, note("old.txt").captioned("read this"));
    bot.answer(ANN, 1).await;
    bot.database.until(COPIED, 1).await;
    bot.ann("/clear");
    tokio::time::timeout(BOUND, bot.died()).await.unwrap();
    assert!(bot.model.files().is_empty());
    sqlx::query("UPDATE copy_deletions SET due_at = now()").execute(bot.books()).await.unwrap();
    bot.set("KILL_AT", "");
    bot.run().await;
    // That the provider does not know it any more is what was wanted.
    bot.database.until("SELECT count(*) FROM copy_deletions", 0).await;
    bot.end().await;
}
