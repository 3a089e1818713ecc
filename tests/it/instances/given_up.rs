//! Instances that the others give up although they live: suspended, or cut off from the database.

#![expect(clippy::print_stdout, reason = "how long it takes is a figure to read")]

use std::time::Instant;

use rust_decimal::Decimal;

use super::{FREE, HALVES, half, half_is_visible, second, takes_over};
use crate::harness::{ANN, Bot};

/// What an instance logs that finds itself declared dead.
const DECLARED_DEAD: &str = "was declared dead";

/// The attempts of the only turn: who pays for the calls of each, and what they cost.
async fn attempts(bot: &Bot) -> Vec<(i32, Option<String>, Decimal)> {
    sqlx::query_as("SELECT attempt, payer, sum(cost) FROM model_calls GROUP BY 1, 2 ORDER BY 1")
        .fetch_all(bot.books())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_suspended_instance_closes_nothing_when_it_wakes() {
    let mut bot = Bot::start().await;
    let keeper = half(&bot, "question");
    bot.ann("question");
    half_is_visible(&bot).await;
    let second = second(&bot, &[]).await;
    let suspended = Instant::now();
    let first = bot.follow(second).unwrap();
    first.suspend();
    println!("takeover from a suspended instance: {:?}", takes_over(&bot, suspended).await);
    assert_eq!(bot.answer(ANN, 1).await, "You said: question");
    let before = attempts(&bot).await;
    // What it was waiting for has arrived when it wakes.
    keeper.open();
    bot.request_end(1).await;
    first.wake();
    let (code, log) = first.end().await;
    assert_eq!(code, 1, "its supervisor starts it again");
    assert!(log.iter().any(|line| line.contains(DECLARED_DEAD)), "{log:#?}");
    assert_eq!(bot.answers(ANN), ["You said: question"], "nothing was said twice");
    let after = attempts(&bot).await;
    println!("the calls before it woke: {before:?}, and after: {after:?}");
    let payers: Vec<_> = after.iter().map(|(attempt, payer, _)| (*attempt, payer.as_deref())).collect();
    assert_eq!(payers, [(1, Some("owner")), (2, Some("user"))]);
    let of_first = |calls: &[(i32, Option<String>, Decimal)]| {
        calls.iter().find(|(attempt, ..)| *attempt == 1).map_or(Decimal::ZERO, |(.., cost)| *cost)
    };
    assert!(of_first(&after) > of_first(&before), "what the late answer cost is in the books");
    assert_eq!(after.last(), before.last());
    bot.end().await;
}

#[tokio::test]
async fn an_instance_that_was_cut_off_ends_once_another_has_taken_over() {
    let mut bot = Bot::start().await;
    let direct = bot.database.url();
    let keeper = half(&bot, "question");
    bot.ann("question");
    half_is_visible(&bot).await;
    let second = second(&bot, &[("DATABASE_URL", direct.as_str())]).await;
    let cut = Instant::now();
    bot.proxy.cut();
    println!("takeover from an instance that is cut off: {:?}", takes_over(&bot, cut).await);
    let first = bot.follow(second).unwrap();
    assert_eq!(bot.answer(ANN, 1).await, "You said: question");
    keeper.open();
    bot.request_end(1).await;
    assert_eq!(bot.ask("and now?").await, "You said: and now?");
    bot.proxy.mend();
    let (code, log) = first.end().await;
    assert_eq!(code, 1);
    assert!(log.iter().any(|line| line.contains(DECLARED_DEAD)), "{log:#?}");
    assert_eq!(bot.answers(ANN), ["You said: question", "You said: and now?"]);
    // It comes back as another instance.
    let again = self::second(&bot, &[]).await;
    again.terminate();
    assert_eq!(again.end().await.0, 0);
    bot.set("DATABASE_URL", &direct);
    bot.end().await;
}

#[tokio::test]
async fn two_instances_survive_an_outage_of_the_database_without_taking_over() {
    let bot = Bot::start().await;
    let keeper = half(&bot, "question");
    bot.ann("question");
    half_is_visible(&bot).await;
    let second = second(&bot, &[]).await;
    let epoch = "SELECT epoch FROM duties WHERE name = 'work'";
    let before = bot.database.count(epoch).await;
    bot.proxy.cut();
    keeper.open();
    // Longer than after a single silent instance would be given up.
    tokio::time::sleep(std::time::Duration::from_secs(13)).await;
    bot.proxy.mend();
    assert_eq!(bot.answer(ANN, 1).await, "Half and whole.");
    assert_eq!(bot.ask("and now?").await, "You said: and now?");
    assert_eq!(bot.database.count(epoch).await, before, "nobody has taken over");
    assert_eq!((bot.database.count(HALVES).await, bot.database.count(FREE).await), (2, 0));
    second.terminate();
    assert_eq!(second.end().await.0, 0);
    bot.end().await;
}
