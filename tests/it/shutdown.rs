//! Ending: running answers may finish, then they are cut and kept; the exit code tells.

use playground::anthropic::{Gate, Reply, Step};

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
