//! In a private chat: the name and the icon, what they cost, and when none is asked for.

use playground::anthropic::{Gate, Reply, Step};
use playground::telegram::Fault;
use rust_decimal::Decimal;

use super::{NAME, UNFINISHED, WANTED, edits, named, started, wishes};
use crate::harness::money::OLGA;
use crate::harness::{ANN, Bot};

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
