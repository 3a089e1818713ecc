//! Several instances of the bot on one database: each answers its share of the chats, and takes over those of one that
//! stops or dies. Nobody notices but the operator.

#![expect(clippy::print_stdout, reason = "how long it takes is a figure to read")]

mod conditions;
mod duties;
mod given_up;
mod pair;
mod sharing;
mod suspended;
mod upgrading;

use std::time::{Duration, Instant};

use playground::anthropic::{Gate, GateKeeper, Reply, Step};
use playground::telegram::Person;

use crate::harness::process::Process;
use crate::harness::{ANN, BOB, BOUND, Bot, scaled};
use crate::readiness::until_ready_at;

/// People who write while an instance is killed.
const PEOPLE: std::ops::RangeInclusive<i64> = 1_001..=1_030;
/// The instances that hold all chats together, in equal shares.
const HALVES: &str = "SELECT count(*) FROM (
  SELECT holder FROM leases WHERE holder IS NOT NULL GROUP BY holder HAVING count(*) = 512) AS half";
/// The instances that hold about a third of the chats.
const THIRDS: &str = "SELECT count(*) FROM (
  SELECT holder FROM leases WHERE holder IS NOT NULL GROUP BY holder HAVING count(*) BETWEEN 330 AND 350) AS third";
/// Whether one instance holds all chats, and is alive.
const ONE_HOLDER: &str = "SELECT count(*) FROM instances WHERE dead_at IS NULL
                          AND 1024 = (SELECT count(*) FROM leases WHERE holder = instances.id)";
/// How many buckets nobody alive holds.
const FREE: &str = "SELECT count(*) FROM leases LEFT JOIN instances ON instances.id = holder
                    WHERE holder IS NULL OR dead_at IS NOT NULL";

/// Starts another instance, and waits until both have their share of the chats.
async fn second(bot: &Bot, changes: &[(&str, &str)]) -> Process {
    let second = bot.another(changes);
    second.line(" ready").await;
    bot.database.until(HALVES, 2).await;
    second
}

/// Waits until the only living instance holds all chats. Returns the time since `from`.
async fn takes_over(bot: &Bot, from: Instant) -> Duration {
    bot.database.until(ONE_HOLDER, 1).await;
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
async fn a_second_instance_takes_half_of_the_chats_and_the_rest_when_the_first_stops() {
    let mut bot = Bot::start().await;
    assert_eq!(bot.metric("bot_buckets_held").await, 1_024);
    let second = second(&bot, &[]).await;
    until_ready_at(&second.operators_port(), 200, "ready").await;
    let (code, lines) = bot.command(&["instances"]).await;
    let lines: Vec<&str> = lines.lines().collect();
    // Below them, who has which of the five duties.
    assert_eq!((code, lines.len()), (0, 7), "{lines:?}");
    for (line, number) in lines.iter().zip(["1 ", "2 "]) {
        assert!(
            line.starts_with(number) && line.contains("  works (512 of 1024 buckets, since "),
            "{lines:?}"
        );
    }
    for id in PEOPLE {
        bot.telegram.add_user(Person::new(id, "Somebody"));
        bot.telegram.say(id, id, "hello");
    }
    for id in PEOPLE {
        assert_eq!(bot.answer(id, 1).await, "You said: hello");
    }
    assert!(second.find_line("turn.outcome").is_some(), "it has answered some of them");
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    let stopped = Instant::now();
    println!("takeover after an orderly stop: {} ms", takes_over(&bot, stopped).await.as_millis());
    bot.follow(second);
    for id in PEOPLE {
        bot.telegram.say(id, id, "still there?");
    }
    for id in PEOPLE {
        assert_eq!(bot.answer(id, 2).await, "You said: still there?");
    }
    assert_eq!(bot.metric("bot_buckets_held").await, 1_024);
    bot.end().await;
}

#[tokio::test]
async fn an_answer_that_runs_when_its_instance_stops_is_finished_and_others_do_not_wait_for_it() {
    let mut bot = Bot::start().await;
    let keeper = half(&bot, "question");
    bot.ann("question");
    half_is_visible(&bot).await;
    let second = second(&bot, &[]).await;
    bot.terminate();
    bot.log("signal received").await;
    for id in PEOPLE {
        bot.telegram.add_user(Person::new(id, "Somebody"));
        bot.telegram.say(id, id, "hello");
    }
    let asked = Instant::now();
    for id in PEOPLE {
        assert_eq!(bot.answer(id, 1).await, "You said: hello");
    }
    println!("others were answered {:?} after the signal", asked.elapsed());
    assert_eq!(bot.answers(ANN), [""; 0], "the answer still runs");
    keeper.open();
    assert_eq!(bot.exit_code().await, 0);
    bot.follow(second);
    assert_eq!(bot.answers(ANN), ["Half and whole."]);
    bot.ann("and another one");
    assert_eq!(bot.answer(ANN, 2).await, "You said: and another one");
    bot.end().await;
}

#[tokio::test]
async fn a_stop_reaches_an_answer_whose_instance_is_stopping() {
    let mut bot = Bot::start().await;
    let keeper = half(&bot, "question");
    bot.ann("question");
    half_is_visible(&bot).await;
    let second = second(&bot, &[]).await;
    bot.terminate();
    bot.log("signal received").await;
    bot.ann("/stop");
    assert!(bot.answer(ANN, 1).await.starts_with("Half"));
    assert_eq!(bot.exit_code().await, 0);
    keeper.open();
    bot.follow(second);
    assert_eq!(bot.ask("and now?").await, "You said: and now?");
    bot.end().await;
}

/// Kills an instance while people write. Returns how long it took until another one had its chats.
async fn kill_one_under_load(bot: &mut Bot, round: i64, unseen: bool) -> Duration {
    let second = second(bot, &[]).await;
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
    takes_over(bot, killed).await
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
async fn when_an_instance_is_killed_its_neighbour_sees_it_at_once() {
    let gaps = people_write_while_instances_die(scaled(3, 30), false).await;
    println!("takeover on the same host: {gaps:?}");
}

#[tokio::test]
async fn when_an_instance_is_killed_elsewhere_its_heartbeat_is_missed() {
    let gaps = people_write_while_instances_die(scaled(1, 10), true).await;
    println!("takeover from another host: {gaps:?}");
    // From the last heartbeat on it takes 10 s and half a second; the rest is the start of the work.
    assert!(gaps.iter().all(|gap| *gap < Duration::from_secs(60)), "{gaps:?}");
}

#[tokio::test]
async fn an_instance_that_dies_while_it_takes_over_is_taken_over() {
    let points = [
        "takeover: before the commit",
        "takeover: declared dead",
        "takeover: after the commit",
        "takeover: before the replay",
    ];
    for point in points {
        let mut bot = Bot::start().await;
        let keeper = half(&bot, "question");
        bot.ann("question");
        half_is_visible(&bot).await;
        bot.kill().await;
        let heir = bot.another(&[("KILL_AT", point)]);
        heir.gone().await;
        drop(keeper);
        bot.run().await;
        assert_eq!(bot.answer(ANN, 1).await, "You said: question", "{point}");
        bot.end().await;
    }
}

#[tokio::test]
async fn an_instance_that_dies_while_it_gives_chats_back_is_taken_over() {
    for point in ["handover: closed", "handover: given back"] {
        let mut bot = Bot::with([("KILL_AT", point)]).await;
        let keeper = half(&bot, "question");
        bot.ann("question");
        half_is_visible(&bot).await;
        bot.set("KILL_AT", "");
        let other = bot.another(&[("KILL_AT", "")]);
        let first = bot.follow(other).unwrap();
        first.gone().await;
        drop(keeper);
        println!("takeover: {:?}", takes_over(&bot, Instant::now()).await);
        assert_eq!(bot.answer(ANN, 1).await, "You said: question", "{point}");
        bot.telegram.say(BOB, BOB, "hello");
        assert_eq!(bot.answer(BOB, 1).await, "You said: hello", "{point}");
        bot.end().await;
    }
}
