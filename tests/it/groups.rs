//! Groups: a live message instead of drafts, one conversation per person and topic.

use std::time::{Duration, Instant};

use playground::anthropic::{Gate, Reply, Step};
use playground::telegram::Fault;

use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, conversation, prompt};

#[tokio::test]
async fn an_answer_in_a_group_grows_in_one_message() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::Text("The beginning".to_owned()),
        Step::Gate(gate),
        Step::Text(" and the end.".to_owned()),
    ]));
    let asked = bot.telegram.say(GROUP, ANN, "@starling_bot tell me");
    assert_eq!(bot.answer(GROUP, 1).await, "The beginning");
    keeper.open();
    let finished = bot.telegram.until("the whole answer", BOUND, |view| {
        view.answers(GROUP).find(|message| message.text == "The beginning and the end.").cloned()
    });
    let answer = finished.await.unwrap();
    assert_eq!(answer.raw["reply_to_message"]["message_id"], asked.message_id);
    assert!(answer.edits >= 1);
    assert_eq!(bot.answers(GROUP).len(), 1, "one message, edited");
    assert!(bot.telegram.drafts(GROUP).is_empty(), "drafts exist in private chats only");
    bot.end().await;
}

#[tokio::test]
async fn the_bot_answers_only_when_spoken_to() {
    let bot = Bot::start().await;
    bot.telegram.say(GROUP, ANN, "hello everybody");
    bot.ask_in(GROUP, ANN, "@starling_bot hello").await;
    assert_eq!(bot.model.requests().len(), 1);
    insta::assert_snapshot!(prompt(&bot.request(1).await), @r"
    user: **Ann**:

    @starling_bot hello
    ");
    bot.end().await;
}

#[tokio::test]
async fn people_and_topics_are_conversations_of_their_own() {
    let bot = Bot::start().await;
    let topic = bot.telegram.create_topic(GROUP, "Holidays");
    bot.ask_in(GROUP, ANN, "@starling_bot I am Ann").await;
    bot.ask_in(GROUP, BOB, "@starling_bot I am Bob").await;
    bot.telegram.say_in_topic(GROUP, ANN, topic, "@starling_bot where to?");
    bot.answer(GROUP, 3).await;
    let answer = bot.telegram.messages(GROUP).into_iter().rfind(|message| message.from_bot).unwrap();
    assert_eq!(answer.topic, Some(topic));
    for (request, text) in [(1, "I am Ann"), (2, "I am Bob"), (3, "where to?")] {
        let said = conversation(&bot.request(request).await);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].ends_with(text), "{said:?}");
    }
    assert_eq!(bot.database.count("SELECT count(*) FROM threads").await, 3);
    bot.end().await;
}

#[tokio::test]
async fn the_button_below_an_answer_in_a_group_stops_it_for_its_owner_only() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("The beginning".to_owned()), Step::Gate(gate)]));
    bot.telegram.say(GROUP, ANN, "@starling_bot tell me");
    bot.answer(GROUP, 1).await;
    let message = bot.telegram.messages(GROUP).into_iter().rfind(|message| message.from_bot).unwrap();
    let button = message.reply_markup.as_ref().unwrap()["inline_keyboard"][0][0].clone();
    assert_eq!(button["text"], "⏹ Stop");
    let data = button["callback_data"].as_str().unwrap();
    let answered = async |callback: &str| {
        let answer =
            bot.telegram.until("an answer to the tap", BOUND, |view| view.press_answer(callback).cloned());
        answer.await.unwrap()["text"].as_str().map(str::to_owned)
    };
    // First Bob, then Ann with forged data: nothing happens, but the button press is answered.
    let sorry = Some("This answer is over, or it belongs to somebody else.".to_owned());
    assert_eq!(answered(&bot.telegram.press(GROUP, BOB, message.id, data)).await, sorry);
    assert_eq!(answered(&bot.telegram.press(GROUP, ANN, message.id, "stop:999")).await, sorry);
    assert_eq!(answered(&bot.telegram.press(GROUP, ANN, message.id, "nonsense")).await, None);
    assert_eq!(bot.model.open_streams(), 1, "the answer still runs");
    assert_eq!(answered(&bot.telegram.press(GROUP, ANN, message.id, data)).await, None);
    let stopped = bot.telegram.until("the stopped answer", BOUND, |view| {
        view.answers(GROUP).find(|message| message.text == "The beginning\n\n⏹ Stopped.").cloned()
    });
    let stopped = stopped.await.unwrap();
    assert_eq!(stopped.reply_markup, None, "a finished answer has no button");
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn an_answer_arrives_when_its_message_was_deleted_or_its_topic_is_gone() {
    for (method, description) in [
        ("editMessageText", "Bad Request: message to edit not found"),
        ("sendMessage", "Bad Request: message thread not found"),
    ] {
        let bot = Bot::start().await;
        let topic = bot.telegram.create_topic(GROUP, "Soon gone");
        let (gate, keeper) = Gate::new();
        bot.model.script(Reply::steps(vec![
            Step::Text("The beginning".to_owned()),
            Step::Gate(gate),
            Step::Text(" and the end.".to_owned()),
        ]));
        let gone = || Fault::Error { code: 400, description: description.to_owned() };
        bot.telegram.fail_next(method, 1, gone());
        bot.telegram.say_in_topic(GROUP, ANN, topic, "@starling_bot tell me");
        bot.answer(GROUP, 1).await;
        keeper.open();
        let whole = bot.telegram.until("the whole answer", BOUND, |view| {
            view.answers(GROUP).find(|message| message.text == "The beginning and the end.").map(drop)
        });
        whole.await.unwrap();
        assert_eq!(bot.database.count("SELECT count(*) FROM messages WHERE role = 'assistant'").await, 1);
        bot.end().await;
    }
}

#[tokio::test]
async fn answers_in_several_topics_take_turns_with_their_chat_actions() {
    let bot = Bot::under_limits().await;
    let topics: Vec<i64> = (1..=4).map(|n| bot.telegram.create_topic(GROUP, &format!("Topic {n}"))).collect();
    let (gate, keeper) = Gate::new();
    for &topic in &topics {
        bot.model.script(Reply::steps(vec![Step::Gate(gate.clone()), Step::Text("Done.".to_owned())]));
        bot.telegram.say_in_topic(GROUP, ANN, topic, "@starling_bot think about it");
    }
    bot.request(topics.len()).await;
    let busy = bot.telegram.view(|view| view.calls_of("sendChatAction").count());
    let rounds = bot.telegram.until("two rounds of actions", BOUND, |view| {
        (view.calls_of("sendChatAction").count() > busy + 2 * topics.len()).then_some(())
    });
    rounds.await.unwrap();
    let shown: Vec<(Option<i64>, Instant)> = bot.telegram.view(|view| {
        let all = view.calls_of("sendChatAction");
        all.map(|call| (call.params["message_thread_id"].as_i64(), call.at)).collect()
    });
    for pair in shown.windows(2) {
        let gap = pair[1].1.duration_since(pair[0].1);
        assert!(gap >= Duration::from_secs(1), "one loop for the whole chat: {gap:?}");
    }
    for round in shown[busy + 1..].windows(topics.len()) {
        assert!(topics.iter().all(|&topic| round.iter().any(|&(seen, _)| seen == Some(topic))), "{round:?}");
    }
    keeper.open();
    bot.answer(GROUP, 4).await;
    bot.end().await;
}

/// After a crash the courier looks for messages that may have been sent. It must not mistake another user's
/// live message, which is still to be replaced, for one of them.
#[tokio::test]
async fn what_waits_for_a_group_after_a_crash_overwrites_nothing() {
    let mut bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::Text("The beginning".to_owned()),
        Step::Gate(gate),
        Step::Text(" and the end.".to_owned()),
    ]));
    bot.telegram.say(GROUP, ANN, "@starling_bot tell me");
    bot.answer(GROUP, 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE live_message_id IS NOT NULL", 1).await;
    let holds = ["editMessageText", "sendMessage"].map(|method| bot.telegram.hold(method));
    bot.telegram.say(GROUP, BOB, "/terms@starling_bot");
    bot.database.until("SELECT count(*) FROM outbox", 1).await;
    keeper.open();
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 2).await;
    bot.kill().await;
    for hold in holds {
        hold.release();
    }
    bot.run().await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    let answers = bot.answers(GROUP);
    let count = |part: &str| answers.iter().filter(|text| text.starts_with(part)).count();
    assert_eq!((count("The beginning and the end."), count("You pay in advance")), (1, 1), "{answers:#?}");
    assert_eq!(answers.len(), 2, "{answers:#?}");
    bot.end().await;
}

#[tokio::test]
async fn a_growing_answer_does_not_overtake_what_is_being_delivered() {
    let bot = Bot::start().await;
    let ((begin, beginning), (end, ending)) = (Gate::new(), Gate::new());
    bot.model.script(Reply::steps(vec![
        Step::Gate(begin),
        Step::Text("The beginning".to_owned()),
        Step::Gate(end),
        Step::Text(" and the end.".to_owned()),
    ]));
    bot.telegram.say(GROUP, ANN, "@starling_bot tell me");
    bot.request(1).await;
    // The delivery is tried again after a pause.
    bot.telegram.fail_next("sendMessage", 1, Fault::Status(502));
    bot.telegram.say(GROUP, BOB, "/terms@starling_bot");
    let failed =
        bot.telegram.until("a failed call", BOUND, |view| view.calls_of("sendMessage").next().map(drop));
    failed.await.unwrap();
    beginning.open();
    assert_eq!(bot.answer(GROUP, 2).await, "The beginning");
    ending.open();
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    let answers = bot.answers(GROUP);
    assert!(answers[0].starts_with("You pay in advance"), "{answers:#?}");
    bot.end().await;
}

/// Every chat numbers its messages, so the same id means different messages.
#[tokio::test]
async fn messages_with_the_same_number_in_two_chats_stay_apart() {
    let bot = Bot::start().await;
    let private = bot.ann("a secret");
    bot.answer(ANN, 1).await;
    let group = bot.telegram.say(GROUP, BOB, "@starling_bot hello");
    assert_eq!(private.message_id, group.message_id, "both are the first of their chat");
    bot.answer(GROUP, 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 2).await;
    bot.telegram.edit(GROUP, group.message_id, "@starling_bot hello again");
    bot.database.until("SELECT count(*) FROM messages WHERE edits = 1", 1).await;
    bot.ask("and now?").await;
    bot.ask_in(GROUP, BOB, "@starling_bot and now?").await;
    let prompts: Vec<Vec<String>> = bot.model.requests().iter().rev().take(2).map(conversation).collect();
    assert!(prompts[1].iter().any(|line| line == "user: a secret"), "{prompts:?}");
    let of_group = prompts[0].join("\n");
    assert!(of_group.contains("hello again") && !of_group.contains("secret"), "{of_group}");
    bot.end().await;
}
