//! What a stopped answer costs: the provider reports its length only at the end, so what came of it is
//! counted by the provider's free count, or estimated, and marked.

use playground::anthropic::{ApiError, Gate, GateKeeper, Reply, Step};

use crate::harness::{ANN, BOUND, Bot};

/// About a thousand tokens, as people get them.
fn long_answer() -> String {
    "Ответ, который пишут людям: с примерами, `code` and a few words of English. ".repeat(40)
}

/// Lets the model write all of its answer and wait before its end.
fn all_but_the_end(bot: &Bot) -> GateKeeper {
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text(long_answer()), Step::Gate(gate)]));
    keeper
}

async fn is_visible(bot: &Bot) {
    let seen = bot.telegram.until("the answer as a draft", BOUND, |view| {
        view.live_draft(ANN).filter(|draft| draft.text.contains("few words")).map(drop)
    });
    seen.await.unwrap();
}

/// Returns output tokens, whether they are estimated, and the cost in billionths of a dollar of the newest
/// call.
async fn newest_call(bot: &Bot) -> (i64, bool, i64) {
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    sqlx::query_as(
        "SELECT output, estimated, (cost * 1000000000)::bigint FROM model_calls ORDER BY turn_id DESC, call DESC LIMIT 1",
    )
    .fetch_one(bot.books())
    .await
    .unwrap()
}

async fn stop_at_the_last_word(bot: &Bot) -> GateKeeper {
    let keeper = all_but_the_end(bot);
    let before = bot.answers(ANN).len();
    bot.ann("write");
    is_visible(bot).await;
    bot.ann("/stop");
    bot.answer(ANN, before + 1).await;
    keeper
}

#[tokio::test]
async fn stopped_at_the_last_word_it_costs_as_much_as_a_whole_one() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "1")]).await;
    bot.model.script(Reply::steps(vec![Step::Text(long_answer())]));
    bot.ask("write").await;
    let (whole, reported, _) = newest_call(&bot).await;
    assert!(whole > 900 && !reported, "{whole}");
    let _keeper = stop_at_the_last_word(&bot).await;
    let (stopped, estimated, cost) = newest_call(&bot).await;
    assert!(estimated && (whole * 9..=whole * 11).contains(&(stopped * 10)), "{stopped} of {whole}");
    assert!(cost > 0);
    let statement = bot.tell("/balance").await;
    let lines: Vec<&str> = statement.lines().filter(|line| line.contains("Claude")).collect();
    assert!(lines[0].contains("≈-$0.0") && lines[0].contains(", estimated"), "{statement}");
    assert!(!lines[1].contains('≈') && !lines[1].contains("estimated"), "{statement}");
    bot.end().await;
}

#[tokio::test]
async fn stopped_before_the_first_word_it_costs_its_prompt() {
    let bot = Bot::start().await;
    let (gate, _keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("late".to_owned())]));
    bot.ann("write");
    bot.request(1).await;
    bot.database.until("SELECT count(*) FROM model_calls", 1).await;
    bot.ann("/stop");
    let (output, estimated, cost) = newest_call(&bot).await;
    assert!(output <= 1 && !estimated && cost > 0, "{output} {estimated} {cost}");
    bot.end().await;
}

/// A provider that does not count, or not in time, delays nothing for long: the ratio of text to tokens
/// applies.
#[tokio::test]
async fn what_the_provider_does_not_count_is_estimated_from_the_models_own_answers() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "1")]).await;
    for _ in 0..3 {
        bot.model.script(Reply::steps(vec![Step::Text(long_answer())]));
        bot.ask("write").await;
    }
    let (whole, _, _) = newest_call(&bot).await;
    bot.model.fail_counts(1, &ApiError::new(529, "overloaded_error", "Overloaded"));
    let _keeper = stop_at_the_last_word(&bot).await;
    let (stopped, estimated, _) = newest_call(&bot).await;
    assert!(estimated && (whole * 9..=whole * 11).contains(&(stopped * 10)), "{stopped} of {whole}");
    bot.end().await;
}
