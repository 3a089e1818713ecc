//! Several instances of the bot on one database: one works, the others stand by and take over. Nobody notices
//! but the operator.

#![expect(clippy::print_stdout, reason = "how long it takes is a figure to read")]

mod conditions;
mod given_up;
mod suspended;

use std::time::{Duration, Instant};

use playground::anthropic::{Gate, GateKeeper, Reply, Step};
use playground::telegram::Person;

use crate::harness::process::Process;
use crate::harness::{ANN, BOUND, Bot, scaled};

/// What an instance logs that waits until it can take over.
const STANDS_BY: &str = "this one stands by";
/// People who write while an instance is killed.
const PEOPLE: std::ops::RangeInclusive<i64> = 1_001..=1_030;

/// Starts another instance, and waits until it stands by and the working one knows of it.
async fn standby(bot: &Bot, changes: &[(&str, &str)]) -> Process {
    let second = bot.another(changes);
    second.line(STANDS_BY).await;
    let known = "SELECT count(*) FROM instances WHERE beat_at > (SELECT max(started_at) FROM instances)
                   AND id = (SELECT holder FROM duties)";
    bot.database.until(known, 1).await;
    second
}

/// Waits until the bot has asked Telegram so often for the transactions, as it does at every start.
async fn reconciliations(bot: &Bot, number: usize) {
    let asked = bot.telegram.until("a reconciliation", BOUND, |view| {
        (view.calls_of("getStarTransactions").count() >= number).then_some(())
    });
    asked.await.unwrap();
}

/// Waits until an instance works. Returns the time since `from`.
async fn takes_over(instance: &Process, from: Instant) -> Duration {
    instance.line(" ready").await;
    from.elapsed()
}

/// As if the running instances were on another host, where nobody here sees whether their processes exist.
async fn move_to_another_host(bot: &Bot) {
    sqlx::query("UPDATE instances SET host = 'elsewhere'").execute(bot.books()).await.unwrap();
}

/// Lets the answer to a question stop half-way.
fn half(bot: &Bot, question: &str) -> GateKeeper {
    let (gate, keeper) = Gate::new();
    let steps = vec![Step::Text("Half".to_owned()), Step::Gate(gate), Step::Text(" and whole.".to_owned())];
    bot.model.script_for(question, Reply::steps(steps));
    keeper
}

async fn half_is_visible(bot: &Bot) {
    let seen = bot.telegram.until("half an answer", BOUND, |view| view.live_draft(ANN).map(drop));
    seen.await.unwrap();
}

#[tokio::test]
async fn a_second_instance_stands_by_until_the_first_has_stopped() {
    let mut bot = Bot::start().await;
    bot.log("the books were audited").await;
    reconciliations(&bot, 1).await;
    let second = standby(&bot, &[]).await;
    let ready = reqwest::get(format!("http://{}/ready", second.operators_port())).await.unwrap();
    assert_eq!(ready.status(), 503);
    let reason = ready.text().await.unwrap();
    assert!(reason.starts_with("standing by: the instance 1 on "), "{reason}");
    let (code, lines) = bot.command(&["instances"]).await;
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!((code, lines.len()), (0, 2), "{lines:?}");
    assert!(lines[0].starts_with("1 ") && lines[0].contains("  works (since "), "{lines:?}");
    assert!(lines[1].starts_with("2 ") && lines[1].ends_with("  stands by"), "{lines:?}");
    assert_eq!(bot.ask("hello").await, "You said: hello");
    assert!(second.find_line("the books were audited").is_none(), "only one instance audits");
    assert_eq!(bot.telegram.view(|view| view.calls_of("getStarTransactions").count()), 1);
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    let stopped = Instant::now();
    println!("takeover after an orderly stop: {} ms", takes_over(&second, stopped).await.as_millis());
    bot.follow(second);
    assert_eq!(bot.ask("still there?").await, "You said: still there?");
    bot.log("the books were audited").await;
    reconciliations(&bot, 2).await;
    assert_eq!(bot.metric("bot_work_epoch").await, 2);
    bot.end().await;
}

#[tokio::test]
async fn an_answer_that_runs_when_the_first_stops_is_finished_by_it() {
    let mut bot = Bot::start().await;
    let second = standby(&bot, &[]).await;
    let keeper = half(&bot, "question");
    bot.ann("question");
    half_is_visible(&bot).await;
    bot.terminate();
    bot.log("signal received").await;
    bot.ann("and another one");
    keeper.open();
    assert_eq!(bot.exit_code().await, 0);
    second.line(" ready").await;
    bot.follow(second);
    assert_eq!(bot.answer(ANN, 2).await, "You said: and another one");
    assert_eq!(bot.answers(ANN)[0], "Half and whole.");
    bot.end().await;
}

/// Kills the working instance while people write. Returns how long nobody worked.
async fn kill_one_under_load(bot: &mut Bot, round: i64, unseen: bool) -> Duration {
    let second = standby(bot, &[]).await;
    if unseen {
        move_to_another_host(bot).await;
    }
    for id in PEOPLE.filter(|id| id % 2 == 0) {
        bot.telegram.say(id, id, &format!("question {round} of {id}."));
    }
    tokio::time::sleep(Duration::from_millis(u64::try_from(60 + round * 37).unwrap())).await;
    let killed = Instant::now();
    bot.follow(second).unwrap().kill().await;
    for id in PEOPLE.filter(|id| id % 2 == 1) {
        bot.telegram.say(id, id, &format!("question {round} of {id}."));
    }
    bot.log(" ready").await;
    killed.elapsed()
}

async fn people_write_while_instances_die(rounds: i64, unseen: bool) -> Vec<Duration> {
    let mut bot = Bot::start().await;
    for id in PEOPLE {
        bot.telegram.add_user(Person::new(id, "Somebody"));
    }
    bot.model.set_pace(Duration::from_millis(20), Duration::from_millis(5));
    let mut gaps = Vec::new();
    for round in 0..rounds {
        gaps.push(kill_one_under_load(&mut bot, round, unseen).await);
        let asked = PEOPLE.count() * usize::try_from(round + 1).unwrap();
        let asked = i64::try_from(asked).unwrap();
        bot.database.until("SELECT count(*) FROM turns WHERE state <> 'open'", asked).await;
        bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    }
    for id in PEOPLE {
        let expected: Vec<String> =
            (0..rounds).map(|round| format!("You said: question {round} of {id}.")).collect();
        assert_eq!(bot.answers(id), expected, "everybody is answered once, in order");
    }
    bot.end().await;
    gaps
}

#[tokio::test]
async fn when_the_working_instance_is_killed_its_neighbour_sees_it_at_once() {
    let gaps = people_write_while_instances_die(scaled(3, 30), false).await;
    println!("takeover on the same host: {gaps:?}");
}

#[tokio::test]
async fn when_the_working_instance_is_killed_elsewhere_its_heartbeat_is_missed() {
    let gaps = people_write_while_instances_die(scaled(1, 10), true).await;
    println!("takeover from another host: {gaps:?}");
    // From the last heartbeat on it takes 10 s and half a second; the rest is the start of the work.
    assert!(gaps.iter().all(|gap| *gap < Duration::from_secs(60)), "{gaps:?}");
}

#[tokio::test]
async fn an_instance_that_dies_while_it_takes_over_is_taken_over() {
    for point in ["takeover: declared dead", "takeover: after the commit"] {
        let mut bot = Bot::start().await;
        let keeper = half(&bot, "question");
        let second = standby(&bot, &[("KILL_AT", point)]).await;
        bot.ann("question");
        half_is_visible(&bot).await;
        bot.kill().await;
        second.gone().await;
        drop(keeper);
        bot.run().await;
        assert_eq!(bot.answer(ANN, 1).await, "You said: question", "{point}");
        bot.end().await;
    }
}
