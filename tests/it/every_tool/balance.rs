//! Little money and many wishes at once: nobody overdraws by more than one turn.

use playground::anthropic::{Gate, Reply, Step, StopReason};
use playground::gemini;
use playground::telegram::Person;
use rust_decimal::{Decimal, dec};
use serde_json::json;

use super::workshop::Workshop;
use crate::harness::{ANN, BOUND};

/// Charges that began at or below zero. The first one that crosses zero is the only one allowed.
const WITHOUT_MONEY: &str =
    "SELECT count(*) FROM balance_operations WHERE kind = 'usage' AND balance_before <= 0";
const REFUSED: &str = "SELECT count(*) FROM turns WHERE detail = 'no_funds'";
const OVER: &str = "SELECT count(*) FROM turns WHERE state <> 'open'";
const WAITING: &str = "SELECT count(*) FROM turns WHERE state = 'open' AND held IS NULL";
/// A forum; others have the numbers below it.
const FORUM: i64 = -1_000_500;

#[tokio::test]
async fn five_people_with_a_cent_each_overdraw_by_one_turn_at_most() {
    let shop = Workshop::with([("STARTER_BALANCE_USD", "0.01")]).await;
    let telegram = &shop.bot.telegram;
    let people: Vec<i64> = (501..=505).collect();
    for &id in &people {
        telegram.add_user(Person::new(id, &format!("Person {id}")));
    }
    telegram.add_group(FORUM, "Five", true, &people);
    let (gate, keeper) = Gate::new();
    shop.bot.model.set_author(move |view| {
        if !view.results.is_empty() {
            return Some(Reply::text("That is all."));
        }
        let call = |name: &str, input| Step::ToolUse { name: name.to_owned(), input };
        Some(Reply::steps(vec![
            Step::Gate(gate.clone()),
            // 8,000 tokens cost eight cents.
            call("cost_estimator", json!({"nonsense": "long ".repeat(6_400)})),
            call("execute_python", json!({"code": "print(1)"})),
            call("generate_image", json!({"prompt": "A cat"})),
            Step::Stop(StopReason::ToolUse),
        ]))
    });
    let topics: Vec<i64> =
        (0..2).map(|number| telegram.create_topic(FORUM, &format!("Topic {number}"))).collect();
    for &person in &people {
        telegram.say(person, person, "A lot, please.");
        for &topic in &topics {
            telegram.say_in_topic(FORUM, person, topic, "@starling_bot a lot, please");
        }
    }
    shop.bot.database.until("SELECT count(*) FROM turns", 15).await;
    keeper.reached_by(people.len()).await;
    keeper.open();
    shop.settled().await;

    assert_eq!(shop.bot.database.count(WITHOUT_MONEY).await, 0);
    let charges: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT user_id, count(*) FROM balance_operations WHERE kind = 'usage' GROUP BY user_id ORDER BY user_id",
    )
    .fetch_all(shop.bot.books())
    .await
    .unwrap();
    let expected: Vec<(i64, i64)> = people.iter().map(|&person| (person, 1)).collect();
    assert_eq!(charges, expected, "each has had one answer");
    assert_eq!(shop.bot.database.count(REFUSED).await, 10);
    assert!(shop.gemini.requests().is_empty(), "a picture was drawn for a cent");
    for person in people {
        assert!(shop.bot.balance(person).await < Decimal::ZERO);
    }
    assert!(shop.e2b.calls().is_empty(), "code was run for less than nothing");
    let refused = "bot_tools_refused_total{reason=\"balance\",tool_name=\"generate_image\"}";
    assert_eq!(shop.bot.metric(refused).await, 5);
    shop.end().await;
}

#[tokio::test]
async fn of_ten_pictures_in_ten_topics_only_those_are_drawn_that_the_balance_covers() {
    let shop = Workshop::with([("STARTER_BALANCE_USD", "2"), ("MAX_TURNS_PER_USER", "10")]).await;
    let telegram = &shop.bot.telegram;
    let (gate, keeper) = Gate::new();
    shop.gemini.script_times(10, &gemini::Reply::picture().held(gate));
    // Several groups, because few messages a minute are allowed in each.
    let groups: Vec<i64> = (0..5).map(|number| FORUM - number).collect();
    for &group in &groups {
        telegram.add_group(group, "Friends", true, &[ANN]);
    }
    let topic = |group: &i64| (*group, telegram.create_topic(*group, "A cat"));
    let topics: Vec<(i64, i64)> = groups.iter().chain(&groups).map(topic).collect();
    for &(group, topic) in &topics {
        telegram.say_in_topic(group, ANN, topic, "@starling_bot\n!draw a cat");
    }
    // Those that are covered are being drawn; the others have been refused, or wait until nothing else runs.
    let drawing = async {
        loop {
            let held = shop.sum("SELECT coalesce(sum(held), 0) FROM users").await;
            let asked = i64::try_from(shop.gemini.requests().len()).unwrap();
            let [over, waiting] = [OVER, WAITING].map(|query| shop.bot.database.count(query));
            if asked + over.await + waiting.await == 10 {
                return (asked, held);
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let (at_once, held) = tokio::time::timeout(BOUND, drawing).await.expect("they are drawn");
    assert!((1..10).contains(&at_once), "{at_once} are drawn at once, {held} are held");
    assert!(held >= dec!(0.13) * Decimal::from(at_once), "{held} is held for {at_once}");
    keeper.open();
    shop.settled().await;

    assert_eq!(shop.bot.database.count(WITHOUT_MONEY).await, 0);
    let dearest = shop.sum("SELECT max(-amount) FROM balance_operations WHERE kind = 'usage'").await;
    assert!(shop.bot.balance(ANN).await > -dearest);
    let drawn = shop.gemini.requests().len();
    let sent: usize = groups.iter().map(|&group| telegram.sent_media(group).len()).sum();
    assert_eq!(sent, drawn);
    for (group, topic) in topics {
        let told = telegram.messages(group).iter().any(|said| said.from_bot && said.topic == Some(topic));
        assert!(told, "nothing is said in topic {topic} of {group}");
    }
    shop.end().await;
}
