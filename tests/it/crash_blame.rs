//! Blame for crashes: a crash that hits many answers costs none of them its answer, and work that crashes the
//! process takes nothing else with it.

use std::time::Duration;

use playground::anthropic::{Gate, Reply, Step};
use playground::telegram::Person;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::harness::{ANN, BOB, BOUND, Bot};

/// The notice to a person whose question was abandoned.
const GIVEN_UP: &str = "⚠️ Something went wrong on my side.";

/// Creates forty people, each with an open private chat; returns their ids.
fn forty(bot: &Bot) -> Vec<i64> {
    let people: Vec<i64> = (1_001..=1_040).collect();
    for &id in &people {
        bot.telegram.add_user(Person::new(id, "Somebody"));
    }
    people
}

#[tokio::test]
async fn three_kills_within_seconds_under_forty_answers_cost_nobody_an_answer() {
    let mut bot = Bot::start().await;
    let people = forty(&bot);
    let (gate, keeper) = Gate::new();
    bot.model.set_author(move |_| {
        Some(Reply::steps(vec![Step::Gate(gate.clone()), Step::Text("The answer.".to_owned())]))
    });
    for &id in &people {
        bot.telegram.say(id, id, "hello");
    }
    // First all forty, then all forty again, then one of them alone.
    for requests in [40, 80, 81] {
        bot.request(requests).await;
        bot.kill().await;
        bot.launch();
    }
    keeper.open();
    for &id in &people {
        assert_eq!(bot.answer(id, 1).await, "The answer.");
    }
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 40).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    for &id in &people {
        assert_eq!(bot.answers(id).len(), 1, "{}", bot.screen(id));
    }
    // Each instance may have had one alone when it was killed.
    let alone =
        bot.database.count("SELECT count(*) FROM turns WHERE crashes = 3 AND crashes_alone = 1").await;
    assert!((1..=i64::try_from(bot.all_instances().len()).unwrap()).contains(&alone), "{alone}");
    let among_others = "SELECT count(*) FROM turns WHERE crashes = 2 AND crashes_alone = 0";
    assert_eq!(bot.database.count(among_others).await, 40 - alone);
    let paid = "SELECT count(*) FROM balance_operations WHERE kind = 'usage'";
    assert_eq!(bot.database.count(paid).await, 40, "everybody pays one attempt");
    bot.end().await;
}

#[tokio::test]
async fn twenty_kills_at_random_under_forty_answers_cost_nobody_an_answer() {
    let mut bot = Bot::start().await;
    let people = forty(&bot);
    bot.model.set_pace(Duration::from_millis(150), Duration::from_millis(5));
    let mut moments = StdRng::seed_from_u64(7);
    // The last ten arrive while it dies.
    let (first, last) = people.split_at(30);
    for &id in first {
        bot.telegram.say(id, id, "hello");
    }
    for kill in 0..20 {
        if let Some(&id) = last.get(kill) {
            bot.telegram.say(id, id, "hello");
        }
        // Also while it starts.
        tokio::time::sleep(Duration::from_millis(moments.random_range(50..900))).await;
        bot.kill().await;
        bot.launch();
    }
    for &id in &people {
        assert_eq!(bot.answer(id, 1).await, "You said: hello");
    }
    bot.database.until_within(BOUND * 2, "SELECT count(*) FROM turns WHERE state = 'answered'", 40).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    for &id in &people {
        assert_eq!(bot.answers(id).len(), 1, "{}", bot.screen(id));
    }
    bot.end().await;
}

/// Starts the bot again and again until a count has a value; returns how often it died.
async fn over_deaths(bot: &mut Bot, query: &'static str, value: i64) -> u32 {
    let mut deaths = 0;
    loop {
        let reached = tokio::select! {
            biased;
            () = bot.died() => false,
            () = bot.database.until(query, value) => true,
        };
        if reached {
            return deaths;
        }
        deaths += 1;
        assert!(deaths < 10, "it dies for ever");
        bot.launch();
    }
}

#[tokio::test]
async fn a_turn_that_crashes_the_process_takes_no_other_with_it() {
    let mut bot = Bot::with([("KILL_AT", "turn: admitted of 1005")]).await;
    let people: Vec<i64> = (1_001..=1_010).collect();
    for &id in &people {
        bot.telegram.add_user(Person::new(id, "Somebody"));
        bot.telegram.say(id, id, "hello");
    }
    let before = over_deaths(&mut bot, "SELECT count(*) FROM turns WHERE state = 'answered'", 9).await;
    // A person who comes later is answered too, before the suspect is known.
    let new = "SELECT count(*) FROM turns WHERE state = 'answered' AND crashes_alone = 0";
    bot.telegram.say(ANN, ANN, "hello");
    let between = over_deaths(&mut bot, new, 10).await;
    let after = over_deaths(&mut bot, "SELECT count(*) FROM turns WHERE state = 'failed'", 1).await;
    // Twice among others and three times alone; fewer if it happens to be the only one in the first crashes.
    assert!((3..=5).contains(&(before + between + after)), "{before}, {between}, {after}");
    for &id in people.iter().chain([&ANN]) {
        let answer = bot.answer(id, 1).await;
        assert!(answer.starts_with(if id == 1_005 { GIVEN_UP } else { "You said: hello" }), "{id}: {answer}");
        assert_eq!(bot.answers(id).len(), 1, "{}", bot.screen(id));
    }
    let suspected = "SELECT count(*) FROM turns WHERE state <> 'failed' AND crashes_alone > 0";
    assert_eq!(bot.database.count(suspected).await, 0);
    // What was said stays in the conversation, which goes on.
    bot.log(" ready").await;
    bot.set("KILL_AT", "");
    bot.kill().await;
    bot.run().await;
    assert_eq!(bot.ask_in(1_005, 1_005, "and now?").await, "You said: hello\nand now?");
    bot.end().await;
}

#[tokio::test]
async fn an_update_that_crashes_the_process_before_its_turn_is_open_takes_nothing_with_it() {
    let mut bot = Bot::with([("KILL_AT", "turn: opening of 42")]).await;
    bot.expect_error("could not be handled and is given up");
    bot.telegram.say(BOB, BOB, "hello");
    bot.ann("hello");
    let before = over_deaths(&mut bot, "SELECT count(*) FROM turns WHERE state = 'answered'", 1).await;
    let after = over_deaths(&mut bot, "SELECT count(*) FROM inbox WHERE given_up", 1).await;
    assert!((3..=5).contains(&(before + after)), "{before} and {after}");
    assert!(bot.answer(ANN, 1).await.starts_with(GIVEN_UP));
    assert_eq!(bot.answer(BOB, 1).await, "You said: hello");
    bot.log(" ready").await;
    assert_eq!(bot.ask_in(BOB, BOB, "and now?").await, "You said: and now?");
    bot.end().await;
}

/// The session of a suspected update may still have to finish an open turn, which is a suspect itself.
#[tokio::test]
async fn a_suspected_update_waits_for_the_open_turn_of_its_chat() {
    let mut bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("Never seen.".to_owned())]));
    bot.ann("one");
    bot.request(1).await;
    bot.kill().await;
    drop(keeper);
    let suspects = r#"UPDATE turns SET crashes = 1;
        INSERT INTO inbox (update_id, kind, chat_id, message_id, crashes, payload) VALUES (5, 'message', 42, 9000, 2,
        '{"update_id": 5, "message": {"message_id": 9000, "date": 1, "text": "two",
          "chat": {"id": 42, "type": "private", "first_name": "Ann"},
          "from": {"id": 42, "is_bot": false, "first_name": "Ann", "language_code": "en"}}}')"#;
    sqlx::raw_sql(suspects).execute(bot.books()).await.unwrap();
    bot.run().await;
    assert_eq!(bot.answer(ANN, 1).await, "You said: one");
    assert_eq!(bot.answer(ANN, 2).await, "You said: two");
    let suspected = "SELECT count(*) FROM turns WHERE crashes = 2 AND attempt = 2";
    assert_eq!(bot.database.count(suspected).await, 1, "the turn was a suspect, too");
    assert_eq!(bot.ask_in(BOB, BOB, "hello").await, "You said: hello");
    bot.end().await;
}

#[tokio::test]
async fn a_payment_that_crashes_the_process_is_never_given_up() {
    let mut bot = Bot::start().await;
    bot.telegram.set_stars(ANN, 500);
    let invoice = bot.invoice(ANN, 100).await;
    bot.set("KILL_AT", "credit: before the commit");
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    bot.telegram.pay(ANN, ANN, invoice.id);
    // As many crashes as would end any other work.
    for death in 0..3 {
        tokio::time::timeout(BOUND, bot.died()).await.expect("it dies");
        bot.set("KILL_AT", if death < 2 { "credit: before the commit" } else { "" });
        bot.launch();
    }
    assert_eq!(bot.ask_in(BOB, BOB, "hello").await, "You said: hello");
    bot.database.until("SELECT count(*) FROM payments WHERE credit > 0", 1).await;
    bot.end().await;
}

#[tokio::test]
async fn an_orderly_stop_is_no_crash() {
    let mut bot = Bot::with([("SHUTDOWN_GRACE_SECONDS", "1")]).await;
    let (gate, keeper) = Gate::new();
    bot.model.set_author(move |_| {
        Some(Reply::steps(vec![Step::Gate(gate.clone()), Step::Text("The answer.".to_owned())]))
    });
    bot.ann("hello");
    for request in 1..=4 {
        bot.request(request).await;
        bot.terminate();
        assert_eq!(bot.exit_code().await, 0);
        bot.launch();
    }
    keeper.open();
    assert_eq!(bot.answer(ANN, 1).await, "The answer.");
    bot.database
        .until("SELECT count(*) FROM turns WHERE state = 'answered' AND crashes = 0 AND attempt = 5", 1)
        .await;
    bot.end().await;
}
