//! Topics that nobody has named get a name after their first answer: once, paid once, whatever crashes, and
//! never against a person's own name.

use std::collections::BTreeMap;

use playground::anthropic::{Gate, Recorded, Reply, Step};
use playground::telegram::{Call, CallOutcome, Fault, Person};
use rust_decimal::Decimal;

use crate::harness::money::OLGA;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, scaled};

/// The account of the bot.
const BOT: i64 = 123_456;
/// A text of every request for a name.
const WANTED: &str = "<person>";
const NAME: &str = "Borscht for six people";
const UNFINISHED: &str = "SELECT count(*) FROM topic_names WHERE state IN ('implicit', 'chosen')";

/// Returns the requests for names.
fn wishes(bot: &Bot) -> Vec<Recorded> {
    bot.model.requests().into_iter().filter(|asked| asked.newest_user_text().starts_with(WANTED)).collect()
}

/// Returns the calls that name topics.
fn edits(bot: &Bot) -> Vec<Call> {
    bot.telegram.view(|view| view.calls_of("editForumTopic").cloned().collect())
}

/// Waits until a topic has this name; returns its icon.
async fn named(bot: &Bot, chat: i64, topic: i64, name: &str) -> Option<String> {
    let what = format!("the name '{name}'");
    let found = bot.telegram.until(&what, BOUND, |view| {
        let (current, icon) = view.topic(chat, topic)?;
        (current == name).then(|| icon.map(str::to_owned))
    });
    found.await.unwrap()
}

/// Starts a topic with a question and waits for the answer to it.
async fn started(bot: &Bot, text: &str) -> i64 {
    let before = bot.answers(ANN).len();
    let (topic, _) = bot.telegram.start_topic(ANN, text);
    bot.answer(ANN, before + 1).await;
    topic
}

async fn texts(bot: &Bot, query: &'static str) -> Vec<String> {
    sqlx::query_scalar(query).fetch_all(bot.books()).await.unwrap()
}

#[tokio::test]
async fn a_topic_is_named_after_its_first_answer_and_paid_once() {
    let bot = Bot::start().await;
    bot.model.script_for(WANTED, Reply::text(format!("🍽 {NAME}")));
    let topic = started(&bot, "How do I cook borscht for six people without beetroot?").await;
    let icon = named(&bot, ANN, topic, NAME).await;
    assert_eq!(icon.as_deref(), Some("5312536423851630010"), "the plate");
    bot.database.until(UNFINISHED, 0).await;
    let wish = &wishes(&bot)[0];
    assert_eq!(wish.body["model"], "claude-haiku-5-5", "the cheapest");
    assert!(wish.newest_user_text().contains("without beetroot?") && wish.body["tools"].is_null());
    let booked: Vec<(String, String, Decimal)> = sqlx::query_as(
        "SELECT kind, subject, -amount FROM balance_operations WHERE kind <> 'starter' ORDER BY seq",
    )
    .fetch_all(bot.books())
    .await
    .unwrap();
    let cost: Decimal =
        sqlx::query_scalar("SELECT cost FROM model_calls WHERE attempt = 0 AND payer = 'user'")
            .fetch_one(bot.books())
            .await
            .unwrap();
    assert_eq!(booked[1], ("topic_name".to_owned(), "Claude Haiku 5.5".to_owned(), cost));
    assert!(cost > Decimal::ZERO && booked.len() == 2, "{booked:?}");
    let shown = bot.tell("/balance").await;
    assert!(shown.contains("name for a topic, Claude Haiku 5.5"), "{shown}");
    // The next answers change nothing.
    bot.telegram.say_in_topic(ANN, ANN, topic, "And with beans?");
    bot.answer(ANN, 3).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 2).await;
    assert_eq!((wishes(&bot).len(), edits(&bot).len()), (1, 1));
    assert_eq!(texts(&bot, "SELECT coalesce(name, '') FROM topic_names").await, [""], "the name is not kept");
    bot.end().await;
}

#[tokio::test]
async fn a_name_that_a_person_gave_stays() {
    let bot = Bot::start().await;
    // Given at once.
    let topic = bot.telegram.create_topic(ANN, "Recipes");
    bot.telegram.say_in_topic(ANN, ANN, topic, "first");
    bot.answer(ANN, 1).await;
    // Given before the answer.
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("Slowly.".to_owned())]));
    let (renamed, _) = bot.telegram.start_topic(ANN, "second");
    bot.request(2).await;
    bot.telegram.rename_topic(ANN, renamed, "Mine").unwrap();
    bot.database.until("SELECT count(*) FROM topic_names WHERE state = 'given'", 1).await;
    keeper.open();
    bot.answer(ANN, 2).await;
    // Given while the model is asked for a name.
    let (gate, keeper) = Gate::new();
    bot.model.script_for(
        WANTED,
        Reply::steps(vec![Step::Text("💬 Too ".to_owned()), Step::Gate(gate), Step::Text("late".to_owned())]),
    );
    let late = started(&bot, "third").await;
    keeper.reached().await;
    bot.telegram.rename_topic(ANN, late, "Mine too").unwrap();
    bot.database.until("SELECT count(*) FROM topic_names WHERE state = 'given'", 2).await;
    keeper.open();
    bot.database.until("SELECT count(*) FROM model_calls WHERE attempt = 0 AND payer = 'owner'", 1).await;
    let names = bot.telegram.view(|view| {
        [topic, renamed, late].map(|topic| view.topic(ANN, topic).map(|(name, _)| name.to_owned()).unwrap())
    });
    assert_eq!(names, ["Recipes", "Mine", "Mine too"]);
    assert_eq!((wishes(&bot).len(), edits(&bot).len()), (1, 0));
    assert_eq!(
        bot.database.count("SELECT count(*) FROM balance_operations WHERE kind = 'topic_name'").await,
        0
    );
    bot.end().await;
}

#[tokio::test]
async fn an_icon_that_a_person_chose_stays_and_a_refused_one_is_left_out() {
    let bot = Bot::start().await;
    bot.model.set_author(|asked| asked.text.starts_with(WANTED).then(|| Reply::text("🍽 Borscht")));
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("Slowly.".to_owned())]));
    let (topic, _) = bot.telegram.start_topic(ANN, "first");
    bot.request(1).await;
    bot.telegram.change_topic_icon(ANN, topic, "5312536423851630003").unwrap();
    bot.database.until("SELECT count(*) FROM topic_names WHERE icon_given", 1).await;
    keeper.open();
    assert_eq!(named(&bot, ANN, topic, "Borscht").await.as_deref(), Some("5312536423851630003"));
    let refused = Fault::Error { code: 400, description: "Bad Request: DOCUMENT_INVALID".to_owned() };
    bot.telegram.fail_next("editForumTopic", 1, refused);
    let topic = started(&bot, "second").await;
    assert_eq!(named(&bot, ANN, topic, "Borscht").await, None);
    bot.database.until(UNFINISHED, 0).await;
    bot.end().await;
}

#[tokio::test]
async fn nothing_is_asked_for_a_person_with_nothing_to_spend() {
    let bot = Bot::of_olga([("STARTER_BALANCE_USD", "0.000001")]).await;
    let topic = started(&bot, "Which tea is the best?").await;
    bot.database.until("SELECT count(*) FROM topic_names WHERE lease <> 0 AND due_at IS NULL", 1).await;
    assert_eq!((wishes(&bot).len(), edits(&bot).len()), (0, 0));
    bot.command_of(OLGA, "/topup 42 1").await;
    bot.telegram.say_in_topic(ANN, ANN, topic, "And which coffee?");
    bot.database.until(UNFINISHED, 0).await;
    named(&bot, ANN, topic, "Which tea is the best?").await;
    assert_eq!(wishes(&bot).len(), 1, "after the first answer, not the second");
    bot.end().await;
}

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

#[tokio::test]
async fn a_forum_is_asked_for_the_right_first_and_a_deleted_topic_is_left() {
    let bot = Bot::start().await;
    bot.telegram.promote_without_topics(GROUP, BOT);
    let forbidden = bot.telegram.create_topic(GROUP, "A");
    implicit(&bot, forbidden).await;
    bot.telegram.say_in_topic(GROUP, BOB, forbidden, "@starling_bot first");
    bot.database.until("SELECT count(*) FROM topic_names WHERE failure = 'no right'", 1).await;
    assert_eq!((wishes(&bot).len(), edits(&bot).len()), (0, 0));
    let (gate, keeper) = Gate::new();
    bot.model.script_for(WANTED, Reply::steps(vec![Step::Gate(gate), Step::Text("💬 Gone".to_owned())]));
    let gone = started(&bot, "second").await;
    keeper.reached().await;
    bot.telegram.delete_topic(ANN, gone);
    keeper.open();
    bot.database.until("SELECT count(*) FROM topic_names WHERE failure = 'gone'", 1).await;
    bot.end().await;
}

/// Stores of a topic of the forum that its name was made up, as Telegram would say of a new one.
async fn implicit(bot: &Bot, topic: i64) {
    let row = "INSERT INTO topic_names (chat_id, topic_id, state) VALUES ($1, $2, 'implicit')";
    let topic = i32::try_from(topic).unwrap();
    sqlx::query(row).bind(GROUP).bind(topic).execute(bot.books()).await.unwrap();
}

#[tokio::test]
async fn in_a_forum_where_the_bot_manages_topics_each_is_named_and_paid_once_by_who_asked() {
    let bot = Bot::start().await;
    bot.telegram.promote(GROUP, BOT);
    bot.model.script_for(WANTED, Reply::text(format!("🍽 {NAME}")));
    let topic = bot.telegram.create_topic(GROUP, "A");
    implicit(&bot, topic).await;
    bot.telegram.say_in_topic(GROUP, BOB, topic, "@starling_bot How do I cook borscht for six people?");
    assert_eq!(named(&bot, GROUP, topic, NAME).await.as_deref(), Some("5312536423851630010"), "the plate");
    bot.database.until(UNFINISHED, 0).await;
    // Ann's first answer there comes later.
    bot.telegram.say_in_topic(GROUP, ANN, topic, "@starling_bot And with beans?");
    bot.answer(GROUP, 2).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 2).await;
    assert_eq!((wishes(&bot).len(), edits(&bot).len()), (1, 1));
    let charged = "SELECT count(*) FROM balance_operations WHERE kind = 'topic_name' AND user_id = 43";
    assert_eq!(bot.database.count(charged).await, 1);
    assert_eq!(
        bot.database.count("SELECT count(*) FROM balance_operations WHERE kind = 'topic_name'").await,
        1
    );
    bot.end().await;
}

#[tokio::test]
async fn in_a_forum_a_name_that_a_person_gave_stays() {
    let bot = Bot::start().await;
    bot.telegram.promote(GROUP, BOT);
    // Given at once: Telegram says of nobody that the app has made it up.
    let recipes = bot.telegram.create_topic(GROUP, "Recipes");
    bot.telegram.say_in_topic(GROUP, BOB, recipes, "@starling_bot first");
    bot.answer(GROUP, 1).await;
    // Given while the model is asked for one.
    let (gate, keeper) = Gate::new();
    bot.model.script_for(WANTED, Reply::steps(vec![Step::Gate(gate), Step::Text("💬 Too late".to_owned())]));
    let late = bot.telegram.create_topic(GROUP, "A");
    implicit(&bot, late).await;
    bot.telegram.say_in_topic(GROUP, BOB, late, "@starling_bot second");
    keeper.reached().await;
    bot.telegram.rename_topic(GROUP, late, "Ours").unwrap();
    bot.database.until("SELECT count(*) FROM topic_names WHERE state = 'given'", 1).await;
    keeper.open();
    bot.database.until("SELECT count(*) FROM model_calls WHERE attempt = 0 AND payer = 'owner'", 1).await;
    let names = bot.telegram.view(|view| {
        [recipes, late].map(|topic| view.topic(GROUP, topic).map(|(name, _)| name.to_owned()).unwrap())
    });
    assert_eq!(names, ["Recipes", "Ours"]);
    assert_eq!((wishes(&bot).len(), edits(&bot).len()), (1, 0));
    let charges = "SELECT count(*) FROM balance_operations WHERE kind = 'topic_name'";
    assert_eq!(bot.database.count(charges).await, 0);
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
