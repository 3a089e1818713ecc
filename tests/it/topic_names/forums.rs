//! In a forum: the bot needs the right to manage topics, and whoever has asked first pays for the name.

use playground::anthropic::{Gate, Reply, Step};

use super::{NAME, UNFINISHED, WANTED, edits, named, started, wishes};
use crate::harness::{ANN, BOB, Bot, GROUP};

/// The account of the bot.
const BOT: i64 = 123_456;
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
