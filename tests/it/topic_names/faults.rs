//! Refused calls, a silent model, crashes and a kill among two hundred topics: each is named and paid once.

use std::collections::BTreeMap;

use playground::anthropic::{Gate, Reply, Step};
use playground::telegram::{CallOutcome, Fault, Person};

use super::{NAME, UNFINISHED, WANTED, edits, named, started, wishes};
use crate::harness::{ANN, BOUND, Bot, scaled};

#[tokio::test]
async fn a_failed_try_is_repeated_and_the_name_paid_once() {
    let bot = Bot::start().await;
    bot.model.script_for(WANTED, Reply::status(500, "api_error"));
    bot.model.script_for(WANTED, Reply::text(format!("🍽 {NAME}")));
    bot.telegram.fail_next("editForumTopic", 1, Fault::Status(502));
    let topic = started(&bot, "first").await;
    named(&bot, ANN, topic, NAME).await;
    bot.database.until(UNFINISHED, 0).await;
    assert_eq!((wishes(&bot).len(), edits(&bot).len()), (2, 2));
    assert_eq!(
        bot.database.count("SELECT count(*) FROM balance_operations WHERE kind = 'topic_name'").await,
        1
    );
    // Whoever has failed too often is left alone.
    bot.model.script_for(WANTED, Reply::text("🍽"));
    let topic = started(&bot, "second").await;
    let answered = "SELECT count(*) FROM topic_names WHERE attempts = 1 AND held = 0 AND state = 'implicit'";
    bot.database.until(answered, 1).await;
    let last = "UPDATE topic_names SET attempts = 6, due_at = now() WHERE state = 'implicit'";
    sqlx::query(last).execute(bot.books()).await.unwrap();
    bot.database.until("SELECT count(*) FROM topic_names WHERE failure = 'tries'", 1).await;
    assert_eq!(
        bot.database.count("SELECT count(*) FROM topic_names WHERE lost > 0").await,
        0,
        "all are known"
    );
    assert_eq!(bot.telegram.view(|view| view.topic(ANN, topic).unwrap().0.to_owned()), "second");
    bot.end().await;
}

/// The model has 45 seconds for a name, on any machine.
#[tokio::test]
async fn a_model_that_does_not_answer_is_given_up_and_asked_again_at_the_owners_cost() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script_for(WANTED, Reply::steps(vec![Step::Text("🍽 ".to_owned()), Step::Gate(gate)]));
    bot.model.script_for(WANTED, Reply::text(format!("🍽 {NAME}")));
    let topic = started(&bot, "How do I cook borscht?").await;
    keeper.reached().await;
    let given_up = "SELECT count(*) FROM topic_names
                    WHERE state = 'implicit' AND attempts = 1 AND held = 0 AND lost > 0 AND due_at > now()";
    bot.database.until(given_up, 1).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM users WHERE held <> 0").await, 0);
    bot.sql("UPDATE topic_names SET due_at = now()").await;
    named(&bot, ANN, topic, NAME).await;
    bot.database.until(UNFINISHED, 0).await;
    assert_eq!((wishes(&bot).len(), edits(&bot).len()), (2, 1));
    // Nobody knows what the first call has cost.
    assert_eq!(bot.database.count("SELECT count(*) FROM topic_names WHERE lost > 0").await, 1);
    let charges = "SELECT count(*) FROM balance_operations WHERE kind = 'topic_name'";
    assert_eq!(bot.database.count(charges).await, 1);
    drop(keeper);
    bot.end().await;
}

/// Returns how often the name of each topic of a chat was changed.
fn renamings(bot: &Bot, chat: i64) -> BTreeMap<i64, usize> {
    let mut count = BTreeMap::new();
    for message in bot.telegram.messages(chat) {
        if let Some(topic) = message.topic.filter(|_| message.raw["forum_topic_edited"]["name"].is_string()) {
            *count.entry(topic).or_default() += 1;
        }
    }
    count
}

#[tokio::test]
async fn whatever_point_the_process_dies_at_a_topic_is_named_and_paid_once() {
    const POINTS: [&str; 5] = [
        "topic name: claimed",
        "topic name: answered",
        "topic name: before the commit",
        "topic name: paid",
        "topic name: after the call",
    ];
    let deaths = POINTS.map(|point| async move {
        let mut bot = Bot::with([("KILL_AT", point)]).await;
        let (topic, _) = bot.telegram.start_topic(ANN, "Why is the sky blue?");
        tokio::time::timeout(BOUND, bot.died()).await.expect("the bot dies in time");
        bot.set("KILL_AT", "");
        bot.run().await;
        bot.database.until("SELECT count(*) FROM topic_names WHERE state = 'named'", 1).await;
        named(&bot, ANN, topic, "Why is the sky blue?").await;
        // The emulated person's app has named the topic after the text, so the same name again is no change.
        assert_eq!(bot.answers(ANN).len(), 1, "{point}");
        let charges = "SELECT count(*) FROM balance_operations WHERE kind = 'topic_name'";
        assert_eq!(bot.database.count(charges).await, 1, "{point}");
        assert_eq!(bot.database.count("SELECT count(*) FROM users WHERE held <> 0").await, 0, "{point}");
        // Nobody knows whether a call that was begun has cost anything.
        let unknown = !matches!(point, "topic name: paid" | "topic name: after the call");
        let lost = bot.database.count("SELECT count(*) FROM topic_names WHERE lost > 0").await;
        assert_eq!(lost, i64::from(unknown), "{point}");
        bot.end().await;
    });
    futures::future::join_all(deaths).await;
}

#[tokio::test]
async fn two_hundred_topics_opened_at_once_are_named_once_each_across_a_kill() {
    const FIRST: i64 = 5_000;
    let (people, topics) = (scaled(40, 40), 5);
    let mut bot = Bot::under_limits().await;
    bot.model.set_author(|asked| {
        let said = asked.text.strip_prefix(WANTED)?;
        let number = said.split_whitespace().find_map(|word| word.strip_prefix('#'))?;
        Some(Reply::text(format!("💡 Question number {number}")))
    });
    let mut opened = Vec::new();
    for user in FIRST..FIRST + people {
        bot.telegram.add_user(Person::new(user, "Somebody"));
        for number in 0..topics {
            let (topic, _) =
                bot.telegram.start_topic(user, &format!("Tell me about #{user}-{number} please"));
            opened.push((user, topic, format!("Question number {user}-{number}")));
        }
    }
    assert_eq!(opened.len(), 200);
    bot.telegram
        .until("a quarter of the names", BOUND * 4, |view| {
            let done = view.calls_of("editForumTopic").filter(|call| matches!(call.answer, CallOutcome::Ok));
            (done.count() >= 50).then_some(())
        })
        .await
        .unwrap();
    bot.kill().await;
    // A penalty from before the kill is not known afterwards, so the next call may still fall into it.
    bot.telegram.end_penalties();
    bot.run().await;
    bot.database.until_within(BOUND * 4, "SELECT count(*) FROM topic_names WHERE state = 'named'", 200).await;
    for (user, topic, name) in &opened {
        assert_eq!(bot.telegram.view(|view| view.topic(*user, *topic).unwrap().0.to_owned()), *name);
    }
    for user in FIRST..FIRST + people {
        assert!(renamings(&bot, user).values().all(|&count| count == 1), "{:?}", renamings(&bot, user));
    }
    let charges = "SELECT count(*) FROM balance_operations WHERE kind = 'topic_name'";
    assert_eq!(bot.database.count(charges).await, 200);
    // What the kill has cost is the owner's.
    let most = "SELECT count(*) FROM topic_names WHERE held <> 0";
    assert_eq!(bot.database.count(most).await, 0);
    assert!(wishes(&bot).len() < 220, "{}", wishes(&bot).len());
    bot.end().await;
}
