//! `kill -9` at the worst moments, then a new start: answered, once, and nothing forgotten.

use playground::anthropic::{Gate, Outcome, Reply, Step};
use playground::telegram::Fault;

use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, conversation, prompt};

/// Two messages' worth of numbered words in paragraphs.
fn nine_hundred_words() -> String {
    (1..=900).map(|n| format!("word{n}{}", if n % 50 == 0 { "\n\n" } else { " " })).collect()
}

/// The chat shows one answer, and the next prompt contains it.
async fn answered_once_and_remembered(bot: &Bot, chat: i64, question: &str, answer: &str) {
    assert_eq!(bot.answer(chat, 1).await, answer);
    bot.database.until("SELECT count(*) FROM turns WHERE state <> 'open'", 1).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    let before = bot.model.requests().len();
    let next = if chat == GROUP { "@starling_bot next" } else { "next" };
    bot.ask_in(chat, ANN, next).await;
    assert_eq!(bot.answers(chat).len(), 2, "{}", bot.screen(chat));
    let said = conversation(&bot.request(before + 1).await);
    assert!(said[0].ends_with(question), "{said:?}");
    assert_eq!(said[1], format!("assistant: {answer}"));
    assert_eq!(said.len(), 3, "{said:?}");
}

#[tokio::test]
async fn killed_before_the_window_closes() {
    let mut bot = Bot::with([("BATCH_WINDOW_MS", "1000")]).await;
    bot.ann("hello");
    bot.database.until("SELECT count(*) FROM inbox", 1).await;
    bot.kill().await;
    assert_eq!(
        bot.database.count("SELECT count(*) FROM turns").await,
        0,
        "killed before the turn was opened"
    );
    bot.set("BATCH_WINDOW_MS", "20");
    bot.run().await;
    answered_once_and_remembered(&bot, ANN, "hello", "You said: hello").await;
    bot.end().await;
}

#[tokio::test]
async fn killed_while_the_turn_waits_for_the_model() {
    let mut bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate)]));
    bot.ann("hello");
    bot.request(1).await;
    bot.kill().await;
    bot.run().await;
    answered_once_and_remembered(&bot, ANN, "hello", "You said: hello").await;
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn killed_while_the_answer_streams() {
    let mut bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("Half an".to_owned()), Step::Gate(gate)]));
    bot.ann("hello");
    let draft = bot.telegram.until("a draft", BOUND, |view| view.live_draft(ANN).map(drop));
    draft.await.unwrap();
    bot.kill().await;
    bot.run().await;
    answered_once_and_remembered(&bot, ANN, "hello", "You said: hello").await;
    assert_eq!(bot.request_end(1).await, Outcome::ClosedByClient);
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn killed_while_the_answer_streams_in_a_group() {
    let mut bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("Half an".to_owned()), Step::Gate(gate)]));
    bot.telegram.say(GROUP, ANN, "@starling_bot hello");
    bot.answer(GROUP, 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE live_message_id IS NOT NULL", 1).await;
    bot.kill().await;
    bot.model.script(Reply::text("A whole answer."));
    bot.run().await;
    let edited = bot.telegram.until("the whole answer in the same message", BOUND, |view| {
        view.answers(GROUP).next().filter(|message| message.text == "A whole answer.").cloned()
    });
    assert!(edited.await.unwrap().edits > 0);
    answered_once_and_remembered(&bot, GROUP, "@starling_bot hello", "A whole answer.").await;
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn killed_right_before_the_final_message() {
    let mut bot = Bot::start().await;
    let hold = bot.telegram.hold("sendMessage");
    bot.ann("hello");
    tokio::time::timeout(BOUND, hold.waiting()).await.expect("the answer is being sent");
    bot.kill().await;
    hold.release();
    bot.run().await;
    answered_once_and_remembered(&bot, ANN, "hello", "You said: hello").await;
    assert_eq!(bot.model.requests().len(), 2, "the model was not asked again for what it had said");
    bot.end().await;
}

#[tokio::test]
async fn killed_between_the_parts_of_a_long_answer() {
    let mut bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text(nine_hundred_words()), Step::Gate(gate)]));
    bot.ann("write a lot");
    bot.answer(ANN, 1).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 1).await;
    bot.kill().await;
    bot.run().await;
    // What was delivered is kept; it is neither repeated nor presented as the whole answer.
    assert!(bot.answer(ANN, 2).await.starts_with("⚠️ I was restarted in the middle of this answer."));
    bot.ask("go on").await;
    let said = conversation(&bot.request(2).await);
    assert!(
        said[1].starts_with("assistant: word1 word2") && said[1].ends_with("[this answer was cut off here]")
    );
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn killed_between_the_parts_of_a_long_answer_in_a_group() {
    let mut bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    let paragraph = |n| (0..50).map(|m| format!("word{n}x{m}")).collect::<Vec<_>>().join(" ");
    let long = (1..=12).map(paragraph).collect::<Vec<_>>().join("\n\n");
    bot.model.script(Reply::steps(vec![Step::Text(long), Step::Gate(gate)]));
    bot.telegram.say(GROUP, ANN, "@starling_bot write a lot");
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 1).await;
    bot.kill().await;
    bot.run().await;
    let sorry = bot.telegram.until("the remark", BOUND, |view| {
        view.answers(GROUP).find(|message| message.text.contains("I was restarted")).map(drop)
    });
    sorry.await.unwrap();
    assert!(bot.answers(GROUP)[0].starts_with("word1x0 word1x1"), "the delivered part still stands");
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn a_turn_that_kills_the_bot_again_and_again_is_given_up() {
    let mut bot = Bot::start().await;
    let mut keepers = Vec::new();
    bot.ann("hello");
    for attempt in 1..=3 {
        let (gate, keeper) = Gate::new();
        keepers.push(keeper);
        bot.model.script_for("hello", Reply::steps(vec![Step::Gate(gate)]));
        if attempt == 1 {
            bot.request(1).await;
        }
        bot.kill().await;
        bot.launch();
        if attempt < 3 {
            bot.request(attempt + 1).await;
        }
    }
    assert!(bot.answer(ANN, 1).await.starts_with("⚠️ Something went wrong on my side."));
    bot.log(" ready").await;
    assert_eq!(bot.model.requests().len(), 3);
    bot.end().await;
}

#[tokio::test]
async fn an_answer_whose_acceptance_got_lost_is_not_sent_again() {
    let bot = Bot::start().await;
    bot.telegram.fail_next("sendMessage", 1, Fault::DropAfter);
    bot.ann("hello");
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 1).await;
    bot.ask("and now?").await;
    assert_eq!(bot.answers(ANN), ["You said: hello", "You said: and now?"]);
    bot.end().await;
}

/// Others have taken the numbers in between, and the person has written more.
#[tokio::test]
async fn a_message_that_was_sent_without_our_knowing_is_found_among_others() {
    let mut bot = Bot::with([("KILL_AT", "deliver: after the call")]).await;
    bot.telegram.say(BOB, BOB, "before");
    bot.died().await;
    bot.set("KILL_AT", "");
    for text in ["/help", "/stop"] {
        bot.telegram.say(ANN, ANN, text);
        bot.telegram.say(BOB, BOB, text);
    }
    bot.run().await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 5).await;
    let answers = bot.answers(BOB);
    assert_eq!(answers.iter().filter(|text| *text == "You said: before").count(), 1, "{}", bot.screen(BOB));
    assert_eq!(answers.len(), 3, "{}", bot.screen(BOB));
    bot.end().await;
}

#[tokio::test]
async fn killed_after_the_growing_answer_was_written_down() {
    let mut bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("Half of **an** answer".to_owned()), Step::Gate(gate)]));
    bot.ann("hello");
    bot.database.until("SELECT count(*) FROM checkpoints", 1).await;
    bot.kill().await;
    bot.run().await;
    // What the person has seen is kept, and charged by the usage reported for it.
    assert!(
        bot.answer(ANN, 1)
            .await
            .starts_with("Half of an answer\n\n⚠️ I was restarted in the middle of this answer.")
    );
    assert_eq!(bot.model.requests().len(), 1, "the model is not asked again");
    bot.ask("go on").await;
    insta::assert_snapshot!(prompt(&bot.request(2).await), @r"
    user: hello
    assistant: Half of **an** answer

    [this answer was cut off here]
    user: go on
    ");
    assert_eq!(bot.database.count("SELECT count(*) FROM model_calls WHERE payer = 'owner'").await, 0);
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn killed_after_a_long_answer_was_written_down_beyond_its_delivered_part() {
    let mut bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text(nine_hundred_words()), Step::Gate(gate)]));
    bot.ann("write a lot");
    bot.database.until("SELECT count(*) FROM checkpoints", 1).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 1).await;
    bot.kill().await;
    bot.run().await;
    assert!(bot.answer(ANN, 2).await.contains("I was restarted in the middle of this answer."));
    let shown = bot.answers(ANN).join(" ");
    for number in 1..=900 {
        let word = format!("word{number}");
        assert_eq!(shown.split_whitespace().filter(|shown| *shown == word).count(), 1, "{word}");
    }
    drop(keeper);
    bot.end().await;
}
