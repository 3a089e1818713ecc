//! A newer message or a stop ends an answer; the text so far stays in the chat and in the history.

use playground::anthropic::{Gate, Outcome, Reply, Step};
use serde_json::json;

use crate::harness::partial_answer::{first_half_is_visible, half_an_answer};
use crate::harness::{ANN, BOUND, Bot, conversation, exact, prompt};

#[tokio::test]
async fn a_newer_message_supersedes_the_answer_and_the_rest_is_kept() {
    let bot = Bot::start().await;
    let keeper = half_an_answer(&bot);
    bot.ann("tell me everything");
    first_half_is_visible(&bot).await;
    bot.ann("never mind");
    insta::assert_snapshot!(exact(bot.answer(ANN, 1).await), @r"
    The first half.

    ⏹ Interrupted by your next message.
    ");
    assert_eq!(bot.answer(ANN, 2).await, "You said: never mind");
    assert_eq!(bot.request_end(1).await, Outcome::ClosedByClient);
    // The second request has the provider count what came.
    insta::assert_snapshot!(prompt(&bot.request(3).await), @r"
    user: tell me everything
    assistant: The first half.

    [this answer was cut off here]
    user: never mind
    ");
    assert_eq!(bot.database.count("SELECT count(*) FROM turns WHERE detail = 'superseded'").await, 1);
    assert_eq!(
        bot.database.count("SELECT count(*) FROM model_calls WHERE ended = 'cut' AND output > 0").await,
        1
    );
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn stop_ends_the_answer_and_closes_the_connection_to_the_model() {
    let bot = Bot::start().await;
    let keeper = half_an_answer(&bot);
    bot.ann("tell me everything");
    first_half_is_visible(&bot).await;
    bot.ann("/stop");
    insta::assert_snapshot!(exact(bot.answer(ANN, 1).await), @r"
    The first half.

    ⏹ Stopped.
    ");
    assert_eq!(bot.request_end(1).await, Outcome::ClosedByClient);
    drop(keeper);
    assert_eq!(bot.ask("/stop").await, "Nothing is running that could be stopped.");
    bot.end().await;
}

/// The promise is 200 ms; a busy machine may delay one of several tries, so the quickest counts.
#[tokio::test]
async fn a_stop_closes_the_connection_to_the_model_at_once() {
    let bot = Bot::start().await;
    let mut quickest = std::time::Duration::MAX;
    for number in 1..=4 {
        let keeper = half_an_answer(&bot);
        bot.ann("tell me everything");
        bot.telegram.until("a draft", BOUND, |view| view.live_draft(ANN).map(drop)).await.unwrap();
        let stopped = std::time::Instant::now();
        bot.ann("/stop");
        // Behind each request comes another one, which counts what came.
        assert_eq!(bot.request_end(2 * number - 1).await, Outcome::ClosedByClient);
        quickest = quickest.min(stopped.elapsed());
        bot.answer(ANN, number).await;
        drop(keeper);
    }
    assert!(quickest.as_millis() < 200, "the quickest stop took {quickest:?}");
    bot.end().await;
}

#[tokio::test]
async fn the_button_below_the_draft_stops_and_a_late_tap_does_nothing() {
    let bot = Bot::start().await;
    let keeper = half_an_answer(&bot);
    bot.ann("tell me everything");
    first_half_is_visible(&bot).await;
    let draft = bot.telegram.live_draft(ANN).unwrap().draft_id;
    bot.telegram.press_stop(ANN, draft).expect("the draft has a button");
    insta::assert_snapshot!(exact(bot.answer(ANN, 1).await), @r"
    The first half.

    ⏹ Stopped.
    ");
    drop(keeper);
    // The same button press again, while another answer runs.
    let keeper = half_an_answer(&bot);
    bot.ann("again");
    first_half_is_visible(&bot).await;
    let chat = serde_json::json!({"id": ANN, "type": "private", "first_name": "Ann"});
    let late =
        serde_json::json!({"stopped_message_generation": {"chat": chat, "draft_id": draft.to_string()}});
    bot.telegram.push_update(late);
    keeper.open();
    assert_eq!(bot.answer(ANN, 2).await, "The first half. The second half.");
    bot.end().await;
}

#[tokio::test]
async fn a_stop_right_after_the_message_is_heard() {
    let bot = Bot::with([("BATCH_WINDOW_MS", "900")]).await;
    bot.ann("never mind");
    bot.ann("/stop");
    assert_eq!(bot.answer(ANN, 1).await, "⏹ Stopped.");
    assert!(bot.model.requests().is_empty(), "the model was not asked");
    bot.end().await;
}

#[tokio::test]
async fn an_answer_that_had_not_begun_is_superseded_in_silence() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("too late".to_owned())]));
    bot.ann("first");
    bot.request(1).await;
    bot.ann("second");
    insta::assert_snapshot!(exact(bot.answer(ANN, 1).await), @r"
    You said: first
    second
    ");
    assert_eq!(conversation(&bot.request(2).await), ["user: first | second"]);
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn answers_beyond_the_limit_of_one_person_wait_in_order() {
    let bot = Bot::with([("MAX_TURNS_PER_USER", "2")]).await;
    let mut keepers = Vec::new();
    for _ in 0..2 {
        keepers.push(half_an_answer(&bot));
    }
    let topics: Vec<i64> =
        ["a", "b", "c"].map(|name| bot.telegram.create_topic(crate::harness::GROUP, name)).to_vec();
    for (number, &topic) in topics.iter().enumerate() {
        bot.telegram.say_in_topic(
            crate::harness::GROUP,
            ANN,
            topic,
            &format!("@starling_bot question {number}"),
        );
        if number < 2 {
            bot.request(number + 1).await;
        }
    }
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 3).await;
    // The third message is stored and waits; it is asked only after the first turn has ended.
    let opened = std::time::Instant::now();
    keepers.remove(0).open();
    assert!(bot.request(3).await.at >= opened, "the third answer waits");
    keepers.remove(0).open();
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 3).await;
    bot.end().await;
}

#[tokio::test]
async fn an_older_message_that_was_delayed_waits_for_the_answer_to_a_newer_one() {
    let bot = Bot::with([("STRANDED_AFTER_SECONDS", "1")]).await;
    bot.ask("before").await;
    let (gate, keeper) = Gate::new();
    let halves =
        [Step::Text("First half, ".to_owned()), Step::Gate(gate), Step::Text("second half.".to_owned())];
    bot.model.script(Reply::steps(halves.into()));
    let newer = bot.ann("newer");
    keeper.reached().await;
    // As if crashes had kept it from being handled.
    let older = json!({"update_id": newer.update_id - 1_000, "message": {
        "message_id": newer.message_id - 1, "date": 1, "text": "older",
        "chat": {"id": ANN, "type": "private", "first_name": "Ann"},
        "from": {"id": ANN, "is_bot": false, "first_name": "Ann"},
    }});
    sqlx::query("INSERT INTO inbox (update_id, kind, payload) VALUES ($1, 'message', $2::json)")
        .bind(newer.update_id - 1_000)
        .bind(older.to_string())
        .execute(bot.books())
        .await
        .unwrap();
    bot.database.until("SELECT count(*) FROM inbox WHERE tries > 0", 1).await;
    keeper.open();
    assert_eq!(bot.answer(ANN, 2).await, "First half, second half.");
    assert_eq!(bot.answer(ANN, 3).await, "You said: older");
    bot.end().await;
}
