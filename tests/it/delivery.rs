//! A finished answer always arrives: what Telegram refuses is sent in a plainer form, and what it refuses in
//! every form is given back.

use playground::anthropic::{Gate, Reply, Step};
use playground::telegram::{Fault, Feature, Message};
use rust_decimal::Decimal;

use crate::harness::{ANN, BOUND, Bot, GROUP, conversation};

const UNKNOWN: &str = "something that nobody knows yet";
const RETURNS: &str = "SELECT count(*) FROM balance_operations WHERE kind = 'return'";
const REFUSED: &str = "SELECT count(*) FROM outbox WHERE state = 'refused'";

/// The account of the bot in the emulator.
const BOT: i64 = 123_456;

fn says(text: &str) -> Reply {
    Reply::steps(vec![Step::Text(text.to_owned())])
}

/// Returns the newest message of the bot in a chat.
fn newest(bot: &Bot, chat: i64) -> Message {
    bot.telegram.messages(chat).into_iter().rfind(|message| message.from_bot).unwrap()
}

fn calls(bot: &Bot, method: &str) -> usize {
    bot.telegram.view(|view| view.calls_of(method).count())
}

async fn until_shown(bot: &Bot, chat: i64, text: &str) {
    let shown = bot
        .telegram
        .until(text, BOUND, |view| view.answers(chat).find(|message| message.text == text).map(drop));
    shown.await.unwrap();
}

#[tokio::test]
async fn formatting_that_is_refused_costs_only_the_formatting() {
    for (sentence, sends) in
        [("can't parse entities: entity begins in a middle of a UTF-16 symbol", 2), (UNKNOWN, 2)]
    {
        let bot = Bot::start().await;
        bot.telegram.refuse(Feature::Entities, sentence);
        bot.model.script(says("A **bold** answer"));
        assert_eq!(bot.ask("hello").await, "A bold answer");
        assert_eq!(newest(&bot, ANN).entities, Vec::<serde_json::Value>::new());
        assert_eq!(calls(&bot, "sendMessage"), sends, "{sentence}");
        bot.end().await;
    }
}

#[tokio::test]
async fn buttons_that_are_refused_cost_only_the_buttons() {
    let bot = Bot::start().await;
    bot.telegram.refuse(Feature::Keyboard, "BUTTON_DATA_INVALID");
    let packages = bot.tell("/pay").await;
    assert!(packages.starts_with("Top up"), "{packages}");
    assert_eq!(newest(&bot, ANN).reply_markup, None);
    assert_eq!(calls(&bot, "sendMessage"), 2);
    bot.end().await;
}

#[tokio::test]
async fn a_reply_that_is_refused_becomes_a_message_of_its_own() {
    let bot = Bot::start().await;
    bot.telegram.refuse(Feature::Reply, "message to be replied not found");
    bot.model.script(says("A **bold** answer"));
    assert_eq!(bot.ask_in(GROUP, ANN, "@starling_bot hello").await, "A bold answer");
    let answer = newest(&bot, GROUP);
    assert!(answer.raw.get("reply_to_message").is_none());
    assert_eq!(answer.entities.len(), 1, "the formatting was not to blame");
    bot.end().await;
}

#[tokio::test]
async fn an_edit_that_is_refused_becomes_a_message_also_after_a_crash() {
    for kill in [false, true] {
        let mut bot = Bot::with([("KILL_AT", if kill { "deliver: after the call" } else { "" })]).await;
        let (gate, keeper) = Gate::new();
        bot.model.script(Reply::steps(vec![
            Step::Text("The beginning".to_owned()),
            Step::Gate(gate),
            Step::Text(" and the end.".to_owned()),
        ]));
        bot.telegram.say(GROUP, ANN, "@starling_bot tell me");
        bot.answer(GROUP, 1).await;
        bot.telegram.refuse(Feature::Edit, UNKNOWN);
        keeper.open();
        until_shown(&bot, GROUP, "The beginning and the end.").await;
        if kill {
            bot.died().await;
            bot.telegram.refuse_no_more();
            bot.set("KILL_AT", "");
            bot.run().await;
        }
        bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 1).await;
        let whole = bot.answers(GROUP).into_iter().filter(|text| text == "The beginning and the end.");
        assert_eq!(whole.count(), 1, "{}", bot.screen(GROUP));
        bot.end().await;
    }
}

#[tokio::test]
async fn an_answer_to_a_topic_that_was_closed_meanwhile_comes_outside() {
    let bot = Bot::start().await;
    bot.telegram.promote_without_topics(GROUP, BOT);
    let topic = bot.telegram.create_topic(GROUP, "Soon closed");
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("A **bold** answer".to_owned())]));
    bot.telegram.say_in_topic(GROUP, ANN, topic, "@starling_bot tell me");
    bot.request(1).await;
    bot.telegram.close_topic(GROUP, topic);
    keeper.open();
    assert_eq!(bot.answer(GROUP, 1).await, "A bold answer");
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 1).await;
    let answer = newest(&bot, GROUP);
    assert_eq!((answer.topic, answer.entities.len()), (None, 1));
    bot.end().await;
}

#[tokio::test]
async fn a_failing_server_does_not_make_the_bot_search_for_what_was_not_sent() {
    let bot = Bot::start().await;
    bot.ask("before").await;
    bot.telegram.fail_next("sendMessage", 2, Fault::Status(502));
    assert_eq!(bot.ask("hello").await, "You said: hello");
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 2).await;
    assert_eq!(bot.answers(ANN).len(), 2);
    assert_eq!(calls(&bot, "sendMessage"), 1 + 3);
    let edits = calls(&bot, "editMessageReplyMarkup") + calls(&bot, "editMessageText");
    assert!(edits <= 2, "{edits} edits; at most one look for each failure");
    bot.end().await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_may_have_been_one() {
    let bot = Bot::start().await;
    bot.telegram.fail_next("sendMessage", 1, Fault::Status(200));
    assert_eq!(bot.ask("hello").await, "You said: hello");
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 1).await;
    assert_eq!(bot.answers(ANN).len(), 1);
    bot.end().await;
}

#[tokio::test]
async fn what_is_said_to_be_too_long_arrives_in_pieces() {
    let words = (0..400).map(|number| format!("word{number}")).collect::<Vec<_>>().join(" ");
    let bot = Bot::start().await;
    let too_long = Fault::Error { code: 400, description: "Bad Request: message is too long".to_owned() };
    bot.telegram.fail_next("sendMessage", 1, too_long);
    bot.model.script(says(&words));
    bot.ask("write a lot").await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 1).await;
    assert_eq!(bot.answers(ANN).len(), 2);
    assert_eq!(bot.answers(ANN).join(" "), words);
    bot.ask("and now?").await;
    let said = conversation(bot.model.requests().last().unwrap());
    assert_eq!(said[1], format!("assistant: {words}"));
    bot.end().await;
}

/// If Telegram refuses every message, the person pays nothing, and the books show that once.
async fn is_given_back(bot: &Bot) {
    bot.database.until(RETURNS, 1).await;
    assert_eq!(bot.balance(ANN).await, Decimal::from(1_000));
    let operations = bot.operations(ANN).await;
    let kinds: Vec<&str> = operations.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(kinds, ["starter", "usage", "return"]);
    assert_eq!(operations[1].replace("usage -", ""), operations[2].replace("return ", ""));
    let key: String = sqlx::query_scalar("SELECT key FROM balance_operations WHERE kind = 'return'")
        .fetch_one(bot.books())
        .await
        .unwrap();
    assert_eq!(key, "return:turn:1");
    assert_eq!(bot.database.count("SELECT count(*) FROM model_calls WHERE payer = 'user'").await, 0);
}

#[tokio::test]
async fn an_answer_that_was_never_shown_is_given_back_once() {
    for point in ["", "return: before the commit"] {
        let mut bot = Bot::with([("KILL_AT", point)]).await;
        bot.telegram.refuse(Feature::Text, UNKNOWN);
        bot.model.script(says("A **bold** answer"));
        bot.ann("hello");
        if !point.is_empty() {
            bot.died().await;
            bot.set("KILL_AT", "");
            bot.run().await;
        }
        bot.database.until(REFUSED, 1).await;
        is_given_back(&bot).await;
        if point.is_empty() {
            bot.database.until("SELECT count(*) FROM user_statistics WHERE cost = 0", 1).await;
        }
        // A second start does not give it back again, and the person can read what happened.
        bot.kill().await;
        bot.telegram.refuse_no_more();
        bot.run().await;
        let balance = bot.tell("/balance").await;
        assert!(balance.contains("refunded: the answer never arrived"), "{balance}");
        assert_eq!(bot.ask("and now?").await, "You said: and now?");
        assert_eq!(bot.database.count(RETURNS).await, 1);
        bot.end().await;
    }
}

#[tokio::test]
async fn of_a_long_answer_one_part_that_arrives_is_an_answer() {
    let words = |number: i32| format!("word{number}{}", if number % 50 == 0 { "\n\n" } else { " " });
    let words: String = (1..=900).map(words).collect();
    for (refused, returns) in [(1, 0), (2, 1)] {
        let bot = Bot::start().await;
        let (gate, keeper) = Gate::new();
        bot.model.script(Reply::steps(vec![Step::Text(words.clone()), Step::Gate(gate)]));
        bot.telegram.refuse(Feature::Text, UNKNOWN);
        bot.ann("write a lot");
        // The first part is refused while the answer is still growing, before there is a charge.
        bot.database.until(REFUSED, 1).await;
        if refused == 1 {
            bot.telegram.refuse_no_more();
        }
        keeper.open();
        bot.database.until("SELECT count(*) FROM outbox WHERE state <> 'pending'", 2).await;
        assert_eq!(bot.database.count(REFUSED).await, refused);
        if returns == 1 {
            is_given_back(&bot).await;
        }
        assert_eq!(bot.database.count(RETURNS).await, returns);
        bot.end().await;
    }
}

#[tokio::test]
async fn what_a_crash_has_kept_from_being_given_back_is_given_back_at_the_next_start() {
    let mut bot = Bot::start().await;
    bot.ask("hello").await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 1).await;
    bot.kill().await;
    bot.sql("UPDATE outbox SET state = 'refused', refusal = 'x', message_id = NULL").await;
    bot.run().await;
    is_given_back(&bot).await;
    bot.end().await;
}

#[tokio::test]
async fn who_throws_the_bot_out_pays_for_what_was_asked() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("Nobody will read".to_owned()), Step::Gate(gate)]));
    bot.telegram.say(GROUP, ANN, "@starling_bot hello");
    bot.answer(GROUP, 1).await;
    bot.telegram.kick_bot(GROUP);
    keeper.open();
    bot.database.until(REFUSED, 1).await;
    assert_eq!(bot.database.count(RETURNS).await, 0);
    assert_eq!(bot.database.count("SELECT count(*) FROM balance_operations WHERE kind = 'usage'").await, 1);
    bot.end().await;
}

#[tokio::test]
async fn an_answer_without_anything_to_read_is_none_and_costs_nothing() {
    let bot = Bot::start().await;
    for (number, blank) in
        ["\u{200b}\u{200d}\u{feff}", "\u{2800}", "\u{200e}\u{202e} \n\u{a0}", "\u{3164}\u{ad}\u{fe0f}"]
            .into_iter()
            .enumerate()
    {
        bot.model.script(says(blank));
        let told = bot.ask(&format!("say nothing, {number}")).await;
        assert!(told.starts_with("⚠️ The model gave no answer."), "{told}");
        bot.model.script(says(blank));
        let told = bot.ask_in(GROUP, ANN, &format!("@starling_bot say nothing, {number}")).await;
        assert!(told.starts_with("⚠️ The model gave no answer."), "{told}");
    }
    bot.database.until("SELECT count(*) FROM turns WHERE detail = 'empty'", 8).await;
    assert_eq!(bot.balance(ANN).await, Decimal::from(1_000));
    assert_eq!(bot.database.count("SELECT count(*) FROM messages WHERE role = 'assistant'").await, 0);
    assert!(bot.telegram.drafts(ANN).is_empty(), "nothing was there to be shown");
    bot.ask("and now?").await;
    let said = conversation(bot.model.requests().last().unwrap());
    assert!(said.iter().all(|message| message.starts_with("user: ")), "{said:?}");
    bot.end().await;
}
