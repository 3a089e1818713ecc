//! Telegram's limits, enforced by the emulator: nothing is refused for form or length, nothing is called
//! during a penalty, and nothing is lost to one.

use std::time::Duration;

use playground::anthropic::{Gate, Outcome, Reply, Scenario, Step};
use playground::telegram::{Fault, Person};

use crate::harness::{ANN, BOUND, Bot, GROUP};

/// Returns the visible characters of a text, without markup and whitespace.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The penalty imposed by Telegram; long enough that a call during it is noticed.
const PENALTY_S: u64 = 30;

#[tokio::test]
async fn two_hundred_people_with_long_answers_see_every_character() {
    let bot = Bot::under_limits().await;
    bot.model.set_default(Scenario::Long);
    let people = 1_001..=1_200_i64;
    for id in people.clone() {
        bot.telegram.add_user(Person::new(id, "Somebody"));
        bot.telegram.say(id, id, "hello");
    }
    // 200 answers of several messages each at 30 messages a second take a while, on any machine.
    let bound = BOUND * 4;
    bot.database.until_within(bound, "SELECT count(*) FROM turns WHERE state = 'answered'", 200).await;
    bot.database
        .until_within(bound, "SELECT count(*) FROM outbox WHERE state <> 'pending'", bot.outbox().await)
        .await;
    let said: String = sqlx::query_scalar("SELECT text FROM messages WHERE role = 'assistant' LIMIT 1")
        .fetch_one(bot.books())
        .await
        .unwrap();
    assert!(said.chars().count() > 10_000);
    let first: Vec<_> = bot.telegram.messages(1_001).into_iter().filter(|message| message.from_bot).collect();
    assert!(first.len() >= 3, "{} messages", first.len());
    let fences =
        first.iter().flat_map(|message| &message.entities).filter(|entity| entity["type"] == "pre").count();
    assert!(fences > 0, "code stays code");
    let shown: String = first.iter().map(|message| letters(&message.text)).collect();
    for line in said.lines().filter(|line| !line.starts_with("```")) {
        let words = letters(line);
        assert!(shown.contains(&words), "'{line}' is not shown");
    }
    for id in people {
        let also: String = bot.answers(id).iter().map(|text| letters(text)).collect();
        assert_eq!(also, shown, "chat {id}");
    }
    bot.end().await;
}

#[tokio::test]
async fn a_penalty_on_a_draft_an_edit_or_the_final_message_loses_nothing() {
    let flood = || Fault::Flood { retry_after_s: PENALTY_S };
    for (chat, method) in [(ANN, "sendMessageDraft"), (GROUP, "editMessageText"), (ANN, "sendMessage")] {
        let bot = Bot::under_limits().await;
        let (gate, keeper) = Gate::new();
        bot.model.script(Reply::steps(vec![
            Step::Text("The beginning".to_owned()),
            Step::Gate(gate),
            Step::Text(" and the end.".to_owned()),
        ]));
        bot.telegram.fail_next(method, 1, flood());
        let text = if chat == GROUP { "@starling_bot tell me" } else { "tell me" };
        bot.telegram.say(chat, ANN, text);
        if method == "sendMessage" {
            bot.telegram.until("a draft", BOUND, |view| view.live_draft(ANN).map(drop)).await.unwrap();
        } else if method == "sendMessageDraft" {
            let refused = bot
                .telegram
                .until("the refused draft", BOUND, |view| view.calls_of("sendMessageDraft").next().map(drop));
            refused.await.unwrap();
        } else {
            bot.answer(GROUP, 1).await;
        }
        keeper.open();
        assert_eq!(
            bot.request_end(1).await,
            Outcome::Finished,
            "the model is read to its end during the penalty"
        );
        let last = bot.telegram.until("the whole answer", BOUND, |view| {
            view.answers(chat).find(|message| message.text == "The beginning and the end.").map(drop)
        });
        last.await.unwrap();
        let calls: Vec<_> = bot.telegram.calls().into_iter().filter(|call| call.chat == Some(chat)).collect();
        let refused = calls.iter().position(|call| call.method == method).unwrap();
        let next = calls[refused + 1..].iter().find(|call| !call.method.starts_with("get")).unwrap();
        let waited = next.at.duration_since(calls[refused].at);
        assert!(waited >= Duration::from_secs(PENALTY_S), "{} after {waited:?}", next.method);
        // `end` fails on every call during a penalty.
        bot.end().await;
    }
}

#[tokio::test]
async fn a_group_sees_at_most_twenty_calls_a_minute_and_the_text_grows() {
    let bot = Bot::under_limits().await;
    // One word every 300 ms for more than a minute.
    bot.model.script(Reply::steps(
        (0..220)
            .flat_map(|n| [Step::Text(format!("word{n} ")), Step::Wait(Duration::from_millis(300))])
            .collect(),
    ));
    bot.telegram.say(GROUP, ANN, "@starling_bot count");
    let whole: String = (0..220).map(|n| format!("word{n}")).collect();
    let complete = bot.telegram.until("the whole answer", BOUND * 3, |view| {
        view.answers(GROUP).find(|message| letters(&message.text) == whole).map(drop)
    });
    complete.await.unwrap();
    let visible: Vec<_> = bot
        .telegram
        .calls()
        .into_iter()
        .filter(|call| {
            call.chat == Some(GROUP) && ["sendMessage", "editMessageText"].contains(&call.method.as_str())
        })
        .collect();
    assert!(visible.len() >= 10, "the text grows: {} calls", visible.len());
    for window in visible.windows(21) {
        let span = window[20].at.duration_since(window[0].at);
        assert!(span >= Duration::from_secs(60), "21 calls within {span:?}");
    }
    bot.end().await;
}

#[tokio::test]
async fn an_answer_survives_a_penalty_and_a_crash_together() {
    let mut bot = Bot::start().await;
    bot.telegram.fail_next("sendMessage", 1, Fault::Flood { retry_after_s: 600 });
    bot.ann("hello");
    let refused =
        bot.telegram.until("the refused answer", BOUND, |view| view.calls_of("sendMessage").next().map(drop));
    refused.await.unwrap();
    bot.kill().await;
    bot.run().await;
    assert_eq!(bot.answer(ANN, 1).await, "You said: hello");
    assert_eq!(bot.model.requests().len(), 1, "what was said is not asked again");
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 1).await;
    assert_eq!(bot.answers(ANN).len(), 1);
    // The killed bot's penalty is unknown to the new one, so the call is no fault of the new one.
    bot.kill().await;
    bot.database.drop().await;
}

#[tokio::test]
async fn the_first_words_of_an_answer_are_shown_at_once_also_after_a_dozen_quick_questions() {
    /// Far above what a draft takes on any machine, far below the half minute of the budget.
    const LATE: Duration = Duration::from_secs(5);
    let bot = Bot::under_limits().await;
    // Words that arrive for more than a second, so that each answer needs several drafts.
    let words = |number: usize| {
        let word = |at| [Step::Text(format!("word{at} ")), Step::Wait(Duration::from_millis(300))];
        [Step::Text(format!("Answer{number} "))].into_iter().chain((0..4).flat_map(word)).collect()
    };
    for number in 1..=18 {
        bot.model.script(Reply::steps(words(number)));
        bot.ask(&format!("question {number}")).await;
        let shown_from = bot.request(number).await.first_delta_at.unwrap();
        let first = bot.telegram.view(|view| {
            let draft =
                view.drafts(ANN).iter().find(|draft| draft.text.starts_with(&format!("Answer{number}")));
            draft.map(|draft| draft.at)
        });
        let waited =
            first.unwrap_or_else(|| panic!("answer {number} had no draft")).duration_since(shown_from);
        assert!(waited < LATE, "the first draft of answer {number} came after {waited:?}");
    }
    bot.end().await;
}
