//! Messages that arrive without a confirmation are searched for, and found among many others.

use playground::anthropic::{Gate, GateKeeper, Reply, Step};
use playground::telegram::{Fault, Person};

use starling::db::Db;
use starling::db::outbox::LostSearch;
use starling::domain::ids::{ChatId, MessageId, OutboxId};
use starling::telemetry::metrics::Metrics;

use crate::harness::{ANN, Bot};

/// The people who ask at once.
const PEOPLE: i64 = 30;

/// All arrive and none is confirmed, so the search for one passes by the others.
#[tokio::test]
async fn thirty_answers_that_arrive_unconfirmed_are_all_found() {
    let (bot, keeper) = with_thirty_questions().await;
    bot.telegram.fail_next("sendMessage", thirty(), Fault::DropAfter);
    keeper.open();
    everybody_has_one_answer(bot).await;
}

/// The first message in the outbox is the last that arrives.
#[tokio::test]
async fn thirty_answers_that_arrive_unconfirmed_and_in_reverse_order_are_all_found() {
    let (bot, keeper) = with_thirty_questions().await;
    let hold = bot.telegram.hold("sendMessage");
    keeper.open();
    hold.waiting_for(usize::try_from(PEOPLE).unwrap()).await;
    bot.telegram.fail_next("sendMessage", thirty(), Fault::DropAfter);
    hold.release_newest_first();
    everybody_has_one_answer(bot).await;
}

fn thirty() -> u32 {
    u32::try_from(PEOPLE).unwrap()
}

/// Starts a bot that was asked by thirty people, whose answers wait for the keeper of their gate.
async fn with_thirty_questions() -> (Bot, GateKeeper) {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.set_author(move |_| {
        Some(Reply::steps(vec![Step::Gate(gate.clone()), Step::Text("The answer.".to_owned())]))
    });
    for id in 1_001..=1_000 + PEOPLE {
        bot.telegram.add_user(Person::new(id, "Somebody"));
        bot.telegram.say(id, id, "hello");
    }
    bot.request(usize::try_from(PEOPLE).unwrap()).await;
    (bot, keeper)
}

async fn everybody_has_one_answer(bot: Bot) {
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", PEOPLE).await;
    for id in 1_001..=1_000 + PEOPLE {
        assert_eq!(bot.answers(id), ["The answer."], "{}", bot.screen(id));
    }
    bot.end().await;
}

/// Returns the ids that a search still yields, in its order.
async fn rest_of(search: &mut LostSearch, db: &Db) -> Vec<i32> {
    let mut ids = Vec::new();
    while let Some(MessageId(id)) = search.next(db).await.expect("the database of the test answers") {
        ids.push(id);
    }
    ids
}

/// Of a message to Ann nothing is known but that it came after message 100. Thirty older messages to others may have
/// arrived or not, 200 ids behind 100 are unknown, and the message has the lowest of them.
#[tokio::test]
async fn a_message_that_overtook_older_ones_is_found() {
    let mut bot = Bot::start().await;
    bot.kill().await;
    let db = Db::open(&bot.database.url().into(), 3, Metrics::new().unwrap()).unwrap();
    let row = |key: &str, chat: i64, message: Option<i32>| {
        let (state, settled) = if message.is_some() { ("sent", "now()") } else { ("pending", "NULL") };
        let message = message.map_or("NULL".to_owned(), |message| message.to_string());
        format!(
            "INSERT INTO outbox (key, chat_id, text, entities, begun, state, message_id, settled_at)
             VALUES ('{key}', {chat}, 'text', '[]', true, '{state}', {message}, {settled});"
        )
    };
    let others: String = (1..=30).map(|id| row(&format!("other {id}"), 1_000 + id, None)).collect();
    bot.sql(&others).await;
    // Only the person's own message precedes it.
    bot.sql(&row("first", ANN, None)).await;
    bot.sql(&row("later", 1_001, Some(300))).await;
    let tried = |key: &'static str, after: Option<MessageId>| {
        let (bot, db) = (&bot, &db);
        async move {
            let query = sqlx::query_scalar("SELECT id FROM outbox WHERE key = $1").bind(key);
            let id: i64 = query.fetch_one(bot.books()).await.unwrap();
            let mut search = LostSearch::new(Some(OutboxId(id)), ChatId(ANN), after, 12);
            rest_of(&mut search, db).await
        }
    };
    let of_first = tried("first", Some(MessageId(100))).await;
    assert!(of_first.contains(&101), "{of_first:?}");
    assert!(of_first.len() <= 60, "{of_first:?}");
    // A message of the bot precedes it that was sent after the others were begun.
    bot.sql("UPDATE outbox SET state = 'sent', message_id = 101, settled_at = now() WHERE key = 'first'")
        .await;
    bot.sql(&row("second", ANN, None)).await;
    let of_second = tried("second", None).await;
    assert!(of_second[..3].contains(&102), "{of_second:?}");
    // What is begun after the search gets a higher id than the lost message, but not if it replaces an older one.
    let query = sqlx::query_scalar("SELECT max(id) FROM outbox");
    let id: i64 = query.fetch_one(bot.books()).await.unwrap();
    let mut search = LostSearch::new(Some(OutboxId(id)), ChatId(ANN), Some(MessageId(100)), 12);
    let first = search.next(&db).await.unwrap().unwrap();
    bot.sql(&row("replacing", ANN, Some(101))).await;
    bot.sql("UPDATE outbox SET replaces = 101 WHERE key = 'replacing'").await;
    bot.sql(&row("newer", 1_002, Some(111))).await;
    let tried = [vec![first.0], rest_of(&mut search, &db).await].concat();
    assert_eq!(tried, (102..111).collect::<Vec<_>>());
    bot.sql("DELETE FROM outbox").await;
    db.close().await;
    bot.end().await;
}
