//! Shutdown: running answers may finish, then they are cut and kept; the exit code shows which happened.

use std::ops::RangeInclusive;

use playground::anthropic::{Gate, Reply, Step, StopReason};
use playground::samples;
use playground::telegram::Person;
use serde_json::json;

use crate::files_out::{course, made};
use crate::harness::{ANN, BOB, BOUND, Bot};

fn half(bot: &Bot, text: &str) -> playground::anthropic::GateKeeper {
    let (gate, keeper) = Gate::new();
    let steps = vec![Step::Text("Half".to_owned()), Step::Gate(gate), Step::Text(" and whole.".to_owned())];
    bot.model.script_for(text, Reply::steps(steps));
    keeper
}

async fn half_is_visible(bot: &Bot) {
    let seen = bot.telegram.until("half an answer", BOUND, |view| view.live_draft(ANN).map(drop));
    seen.await.unwrap();
}

#[tokio::test]
async fn running_answers_finish_and_new_messages_wait_for_the_next_start() {
    let mut bot = Bot::start().await;
    let keeper = half(&bot, "question");
    bot.ann("question");
    half_is_visible(&bot).await;
    bot.terminate();
    bot.log("signal received").await;
    bot.telegram.say(BOB, BOB, "too late?");
    keeper.open();
    assert_eq!(bot.exit_code().await, 0);
    assert_eq!(bot.answers(ANN), ["Half and whole."]);
    bot.run().await;
    assert_eq!(bot.answer(BOB, 1).await, "You said: too late?");
    bot.end().await;
}

#[tokio::test]
async fn a_second_signal_cuts_what_runs_and_keeps_it() {
    let mut bot = Bot::start().await;
    let keeper = half(&bot, "question");
    bot.ann("question");
    half_is_visible(&bot).await;
    bot.terminate();
    bot.log("signal received").await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    assert_eq!(bot.answers(ANN), ["Half\n\n⏹ Cut off: I am being restarted. Write “go on” in a moment."]);
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn an_answer_that_had_not_begun_is_given_after_the_restart() {
    let mut bot = Bot::with([("SHUTDOWN_GRACE_SECONDS", "0")]).await;
    let (gate, keeper) = Gate::new();
    bot.model.script_for("question", Reply::steps(vec![Step::Gate(gate)]));
    bot.ann("question");
    bot.request(1).await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    assert_eq!(bot.answers(ANN), Vec::<String>::new());
    drop(keeper);
    bot.run().await;
    assert_eq!(bot.answer(ANN, 1).await, "You said: question");
    bot.end().await;
}

#[tokio::test]
async fn an_answer_of_which_only_a_file_was_shown_is_closed_and_not_given_again() {
    let mut bot = Bot::with([("SHUTDOWN_GRACE_SECONDS", "0")]).await;
    bot.ask("hello").await;
    let id = made(&bot, "chart.png", "image/png", &samples::png(64, 48)).await;
    let input = json!({"file_id": id, "sequential": true});
    let call = Step::ToolUse { name: "deliver_file".to_owned(), input };
    bot.model.script(Reply::steps(vec![call, Step::Stop(StopReason::ToolUse)]));
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate)]));
    bot.ann("Send me the chart.");
    bot.request(3).await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    assert_eq!(course(&bot, ANN), ["<Photo>", CUT]);
    drop(keeper);
    bot.run().await;
    assert!(bot.ask("thanks").await.ends_with("the person has got it]\nthanks"));
    assert_eq!(bot.model.requests().len(), 4, "the question is not asked again");
    bot.end().await;
}

/// The note below an answer that the shutdown has cut.
const CUT: &str = "⏹ Cut off: I am being restarted. Write “go on” in a moment.";

/// Lets people ask, and waits until each has seen the first words of the answer, which then waits at the
/// gate. Without first words, waits until each request waits there.
async fn crowd(bot: &Bot, gate: &Gate, people: RangeInclusive<i64>, first: Option<&str>) {
    let requests = bot.model.requests().len() + people.clone().count();
    for id in people.clone() {
        bot.telegram.add_user(Person::new(id, "Somebody"));
        let first = first.map(|words| Step::Text(words.to_owned()));
        let rest = [Step::Gate(gate.clone()), Step::Text(" and whole.".to_owned())];
        bot.model.script_for(&question(id), Reply::steps(first.into_iter().chain(rest).collect()));
        bot.telegram.say(id, id, &question(id));
    }
    bot.request(requests).await;
    let seen = bot.telegram.until("the first words", BOUND, |view| {
        let sees = |id| first.is_none_or(|words| view.drafts(id).iter().any(|draft| draft.text == words));
        people.clone().all(sees).then_some(())
    });
    seen.await.unwrap();
}

fn question(id: i64) -> String {
    format!("question of {id}.")
}

/// Asserts how many turns ended whole, cut, and left to the next start because nothing of them was shown.
async fn assert_closed(bot: &Bot, whole: i64, cut: i64, left: i64) {
    for (what, query, number) in [
        ("whole", "SELECT count(*) FROM turns WHERE state = 'answered'", whole),
        ("cut", "SELECT count(*) FROM turns WHERE state = 'interrupted' AND detail = 'shutdown'", cut),
        (
            "kept",
            "SELECT count(*) FROM messages WHERE role = 'assistant' AND interrupted AND text = 'Half'",
            cut,
        ),
        ("charged", "SELECT count(*) FROM balance_operations WHERE kind = 'usage'", whole + cut),
        ("held", "SELECT count(*) FROM turns WHERE held > 0", whole + cut + left),
        ("delivered", "SELECT count(*) FROM outbox WHERE state = 'sent'", whole + cut),
        ("left", "SELECT count(*) FROM turns WHERE state = 'open' AND NOT in_flight", left),
        ("open", "SELECT count(*) FROM turns WHERE state = 'open'", left),
    ] {
        assert_eq!(bot.database.count(query).await, number, "{what}");
    }
    bot.database.assert_audited().await;
}

#[tokio::test]
async fn of_a_hundred_running_answers_some_finish_and_a_second_signal_cuts_keeps_and_settles_the_others() {
    // Longer than any test takes, so that only the signal can cut.
    let mut bot = Bot::with([("SHUTDOWN_GRACE_SECONDS", "3600")]).await;
    let (soon, finishing) = Gate::new();
    let (never, keeper) = Gate::new();
    let (whole, cut, silent) = (1_001..=1_060, 1_061..=1_090, 1_091..=1_100);
    crowd(&bot, &soon, whole.clone(), Some("Half")).await;
    crowd(&bot, &never, cut.clone(), Some("Half")).await;
    crowd(&bot, &never, silent.clone(), None).await;
    bot.terminate();
    bot.log("signal received").await;
    finishing.open();
    let finished = bot.telegram.until("the whole answers", BOUND, |view| {
        whole
            .clone()
            .all(|id| view.answers(id).any(|message| message.text == "Half and whole."))
            .then_some(())
    });
    finished.await.unwrap();
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    assert_closed(&bot, 60, 30, 10).await;
    for id in cut {
        assert_eq!(bot.answers(id), [format!("Half\n\n{CUT}")]);
    }
    drop(keeper);
    bot.run().await;
    for id in silent {
        assert_eq!(bot.answer(id, 1).await, format!("You said: {}", question(id)));
    }
    bot.end().await;
}

#[tokio::test]
async fn a_hundred_answers_that_outlast_the_grace_time_are_cut_kept_and_settled() {
    let mut bot = Bot::with([("SHUTDOWN_GRACE_SECONDS", "1")]).await;
    let (never, keeper) = Gate::new();
    let people = 1_001..=1_100;
    crowd(&bot, &never, people.clone(), Some("Half")).await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    assert_closed(&bot, 0, 100, 0).await;
    for id in people {
        assert_eq!(bot.answers(id), [format!("Half\n\n{CUT}")]);
    }
    drop(keeper);
    bot.run().await;
    bot.end().await;
}

#[tokio::test]
async fn a_load_balancer_is_told_before_updates_are_refused() {
    let mut bot = Bot::with([("SHUTDOWN_NOTICE_SECONDS", "300")]).await;
    bot.terminate();
    bot.log("updates are still taken for 300 s").await;
    let ready = reqwest::get(format!("http://{}/ready", bot.operators_port())).await.unwrap();
    assert_eq!((ready.status().as_u16(), ready.text().await.unwrap()), (503, "draining\n".to_owned()));
    assert_eq!(bot.ask("still there?").await, "You said: still there?");
    let keeper = half(&bot, "question");
    bot.ann("question");
    half_is_visible(&bot).await;
    // A second signal ends the notice, and cuts nothing yet.
    bot.terminate();
    bot.log("signal received, finishing what runs").await;
    keeper.open();
    assert_eq!(bot.exit_code().await, 0);
    assert_eq!(bot.answers(ANN)[1], "Half and whole.");
    bot.end().await;
}
