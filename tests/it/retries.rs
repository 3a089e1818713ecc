//! The last question is asked again: by `/retry`, by the button below a failed answer, and by the offer after an
//! edit. Each is asked again once, stands in the prompt once, and what was answered before does not.

use playground::anthropic::{Gate, Reply, Scenario, Step};
use playground::telegram::{Message, NewFile, View};

use crate::harness::money::OLGA;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, conversation};

const FAILED: &str = "⚠️ The model gave no answer. Try again, or put your question differently.";
const OFFER: &str = "✏️ You have changed your question. Shall I answer it again?";
const OLD: &str =
    "This button belongs to an earlier question or to somebody else. /retry repeats your last question.";
const USED: &str = "This question was asked again already.";
const RUNNING: &str = "I am still answering. /stop ends that; then /retry asks again.";
const SETTLED: &str = "SELECT count(*) FROM turns WHERE state <> 'open'";

/// Waits until so many answers are closed and delivered. While one is being delivered, `/retry` is refused.
async fn settled(bot: &Bot, answers: i64) {
    bot.database.until(SETTLED, answers).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
}

/// Returns the label and the data of the only button below a message.
fn button(message: &Message) -> (String, String) {
    let button = &message.reply_markup.as_ref().expect("it has a button")["inline_keyboard"][0][0];
    let field = |name: &str| button[name].as_str().unwrap().to_owned();
    (field("text"), field("callback_data"))
}

/// Returns the bot's newest message in a chat.
fn newest(bot: &Bot, chat: i64) -> Message {
    bot.telegram.messages(chat).into_iter().rfind(|message| message.from_bot).unwrap()
}

/// Returns the number of offers to answer again.
fn offers(bot: &Bot) -> usize {
    bot.telegram.messages(ANN).iter().filter(|message| message.text == OFFER).count()
}

/// Asks a question to which the model gives no answer; returns the notice.
async fn fails(bot: &Bot, text: &str) -> Message {
    bot.model.script_for(text, Reply::scenario(Scenario::Empty));
    let told = bot.ask(text).await;
    assert_eq!(told, FAILED);
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    newest(bot, ANN)
}

#[tokio::test]
async fn the_button_below_a_failed_answer_asks_again_once() {
    let bot = Bot::start().await;
    bot.ask("first").await;
    let notice = fails(&bot, "second").await;
    let (label, data) = button(&notice);
    assert_eq!(label, "🔄 Try again");
    // Somebody else's press, a forged one and one for the wrong turn do nothing.
    assert_eq!(bot.tap(ANN, BOB, notice.id, &data).await.as_deref(), Some(OLD));
    assert_eq!(bot.tap(ANN, ANN, notice.id, "retry:1").await.as_deref(), Some(OLD));
    assert_eq!(bot.tap(ANN, ANN, notice.id, "retry:99").await.as_deref(), Some(OLD));
    assert_eq!(bot.tap(ANN, ANN, notice.id, "retry:x").await, None);
    assert_eq!(bot.tap(ANN, ANN, notice.id, &data).await, None);
    assert_eq!(bot.answer(ANN, 3).await, "You said: second");
    settled(&bot, 3).await;
    let asked = conversation(bot.model.requests().last().unwrap());
    assert_eq!(asked, ["user: first", "assistant: You said: first", "user: second"]);
    // The second press comes too late.
    assert_eq!(bot.tap(ANN, ANN, notice.id, &data).await.as_deref(), Some(USED));
    // What was answered the second time is remembered.
    bot.ask("third").await;
    let asked = conversation(bot.model.requests().last().unwrap());
    assert_eq!(asked[2..], ["user: second", "assistant: You said: second", "user: third"]);
    let gone = bot.telegram.messages(ANN).into_iter().find(|message| message.id == notice.id).unwrap();
    assert_eq!(gone.reply_markup, None, "the button is gone");
    bot.end().await;
}

#[tokio::test]
async fn two_presses_at_once_ask_once() {
    let bot = Bot::start().await;
    let notice = fails(&bot, "once").await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("Once.".to_owned())]));
    let (_, data) = button(&notice);
    bot.telegram.press(ANN, ANN, notice.id, &data);
    assert_eq!(bot.tap(ANN, ANN, notice.id, &data).await.as_deref(), Some(RUNNING));
    bot.request(2).await;
    let said = bot.telegram.say(ANN, ANN, "/retry");
    assert_eq!(bot.reply_to(said.update_id).await.text, RUNNING);
    keeper.open();
    bot.hears(ANN, "Once.").await;
    settled(&bot, 2).await;
    assert_eq!(bot.model.requests().len(), 2);
    bot.end().await;
}

#[tokio::test]
async fn the_command_repeats_the_last_question_and_says_so_if_there_is_none() {
    let bot = Bot::start().await;
    assert_eq!(
        bot.tell("/retry").await,
        "There is no question here that I could answer again. Please write one."
    );
    bot.ask("first").await;
    settled(&bot, 1).await;
    let before = bot.answers(ANN).len();
    bot.ann("/Retry@starling_bot");
    assert_eq!(bot.answer(ANN, before + 1).await, "You said: first");
    settled(&bot, 2).await;
    assert_eq!(conversation(bot.model.requests().last().unwrap()), ["user: first"], "in the prompt once");
    // A question can be repeated more than once, and each answer is paid.
    bot.ann("/retry");
    settled(&bot, 3).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM balance_operations WHERE kind = 'usage'").await, 3);
    bot.tell("/clear").await;
    assert!(bot.tell("/retry").await.starts_with("There is no question here"));
    bot.end().await;
}

#[tokio::test]
async fn a_reply_to_an_answer_that_was_replaced_brings_its_text() {
    let bot = Bot::start().await;
    bot.model.script(Reply::text("The first answer."));
    bot.ask("question").await;
    settled(&bot, 1).await;
    let replaced = newest(&bot, ANN);
    bot.model.script(Reply::text("The second answer."));
    bot.ann("/retry");
    assert_eq!(bot.answer(ANN, 2).await, "The second answer.");
    settled(&bot, 2).await;
    bot.telegram.reply(ANN, ANN, replaced.id, "Why did you say that?");
    bot.answer(ANN, 3).await;
    let asked = conversation(bot.model.requests().last().unwrap());
    assert_eq!(asked[..2], ["user: question", "assistant: The second answer."]);
    assert!(
        asked[2].contains("The first answer.") && asked[2].ends_with("Why did you say that?"),
        "{}",
        asked[2]
    );
    bot.end().await;
}

#[tokio::test]
async fn a_question_whose_file_is_still_fetched_is_not_asked_twice() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let hold = bot.telegram.hold("download");
    bot.telegram.send(ANN, ANN, NewFile::photo(90, 60).captioned("What is this?"));
    hold.waiting().await;
    bot.ann("/retry");
    let refused = |view: &View<'_>| view.messages(ANN).any(|message| message.text == RUNNING).then_some(());
    bot.telegram.until("the refusal", BOUND, refused).await.unwrap();
    hold.release();
    settled(&bot, 2).await;
    // Its answer must not be taken for that of the next question.
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    bot.ask("thanks").await;
    assert_eq!(bot.model.requests().len(), 3);
    bot.end().await;
}

#[tokio::test]
async fn in_a_group_everybody_repeats_only_ones_own_question() {
    let bot = Bot::start().await;
    bot.ask_in(GROUP, ANN, "@starling_bot of Ann").await;
    bot.ask_in(GROUP, BOB, "@starling_bot of Bob").await;
    settled(&bot, 2).await;
    let before = bot.answers(GROUP).len();
    bot.telegram.say(GROUP, ANN, "/retry@starling_bot");
    bot.answer(GROUP, before + 1).await;
    settled(&bot, 3).await;
    let asked = conversation(bot.model.requests().last().unwrap());
    assert!(asked.len() == 1 && asked[0].contains("of Ann"), "{asked:?}");
    bot.end().await;
}

#[tokio::test]
async fn an_edit_of_the_last_question_offers_to_answer_again_once() {
    let bot = Bot::start().await;
    let first = bot.ann("How far is the mon?");
    bot.answer(ANN, 1).await;
    settled(&bot, 1).await;
    bot.telegram.edit(ANN, first.message_id, "How far is the moon?").unwrap();
    bot.hears(ANN, OFFER).await;
    bot.telegram.edit(ANN, first.message_id, "How far away is the moon?").unwrap();
    bot.database.until("SELECT count(*) FROM messages WHERE text = 'How far away is the moon?'", 1).await;
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    assert_eq!(offers(&bot), 1, "{}", bot.screen(ANN));
    let offer = newest(&bot, ANN);
    let (label, data) = button(&offer);
    assert_eq!(label, "🔄 Answer again");
    assert_eq!(bot.tap(ANN, ANN, offer.id, &data).await, None);
    let taken = "✏️ You have changed your question. I answer it again.";
    let closed = bot.telegram.until("the offer that was taken", BOUND, |view| {
        view.answers(ANN).any(|message| message.id == offer.id && message.text == taken).then_some(())
    });
    closed.await.unwrap();
    bot.hears(ANN, "(edited 2 times):\n\nHow far away is the moon?").await;
    settled(&bot, 2).await;
    let asked = conversation(bot.model.requests().last().unwrap());
    assert!(asked.len() == 1 && asked[0].contains("How far away is the moon?"), "{asked:?}");
    // An edit of an older question, or long after the answer, offers nothing.
    bot.ask("second").await;
    settled(&bot, 3).await;
    bot.telegram.edit(ANN, first.message_id, "How far is Mars?").unwrap();
    let late = "UPDATE turns SET closed_at = closed_at - interval '2 minutes'";
    sqlx::query(late).execute(bot.books()).await.unwrap();
    let second = bot.telegram.messages(ANN).into_iter().find(|message| message.text == "second").unwrap();
    bot.telegram.edit(ANN, second.id, "late").unwrap();
    bot.database.until("SELECT count(*) FROM messages WHERE text IN ('late', 'How far is Mars?')", 2).await;
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    assert_eq!(offers(&bot), 0);
    bot.end().await;
}

#[tokio::test]
async fn whoever_has_paid_asks_again_with_the_button() {
    let bot = Bot::of_olga([("STARTER_BALANCE_USD", "0")]).await;
    bot.ann("hello");
    assert!(bot.answer(ANN, 1).await.starts_with("💳 You have nothing left to spend."));
    settled(&bot, 1).await;
    let notice = newest(&bot, ANN);
    bot.command_of(OLGA, "/topup 42 1").await;
    assert_eq!(bot.tap(ANN, ANN, notice.id, &button(&notice).1).await, None);
    bot.hears(ANN, "You said: hello").await;
    bot.end().await;
}

#[tokio::test]
async fn a_question_that_dies_while_it_is_asked_again_is_answered_once() {
    let deaths = ["retry: before the commit", "retry: after the commit"].map(|point| async move {
        let mut bot = Bot::with([("KILL_AT", point)]).await;
        let notice = fails(&bot, "mortal").await;
        let (_, data) = button(&notice);
        bot.telegram.press(ANN, ANN, notice.id, &data);
        tokio::time::timeout(BOUND, bot.died()).await.expect("the bot dies in time");
        bot.set("KILL_AT", "");
        bot.run().await;
        bot.hears(ANN, "You said: mortal").await;
        settled(&bot, 2).await;
        assert_eq!(bot.answers(ANN).iter().filter(|text| text.contains("You said")).count(), 1, "{point}");
        bot.end().await;
    });
    futures::future::join_all(deaths).await;
}
