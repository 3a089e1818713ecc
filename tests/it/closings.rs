//! Answers that end at the same moment are settled together without affecting each other.

use std::time::Duration;

use playground::anthropic::{Gate, GateKeeper, Reply, Step, StopReason};
use playground::telegram::Person;
use serde_json::json;

use crate::harness::Bot;

/// The id of the first user.
const FIRST: i64 = 1_001;
/// A group of users: one more than there are connections, so that some must share a statement.
const ODD: [i64; 2] = [1_004, 1_006];

/// The number of users whose answers all end when the gate opens; the first user's answer has its own gate.
async fn asked(bot: &Bot, people: i64) -> (GateKeeper, GateKeeper) {
    let ((first, first_keeper), (rest, rest_keeper)) = (Gate::new(), Gate::new());
    bot.model.set_author(move |asked| {
        let gate = if asked.text.contains("It is me.") { &first } else { &rest };
        Some(Reply::steps(vec![Step::Gate(gate.clone()), Step::Text("The answer.".to_owned())]))
    });
    for id in FIRST..FIRST + people {
        bot.telegram.add_user(Person::new(id, "Somebody"));
        bot.telegram.say(id, id, if id == FIRST { "It is me." } else { "hello" });
    }
    bot.request(usize::try_from(people).unwrap()).await;
    (first_keeper, rest_keeper)
}

/// Restores the database's speed, and asserts that every user reads the answer and is charged once, in at
/// most one transaction per two users.
async fn settled_by_few_transactions(bot: &Bot, people: i64) {
    for id in FIRST..FIRST + people {
        assert_eq!(bot.answer(id, 1).await, "The answer.");
    }
    bot.proxy.delay(Duration::ZERO);
    let charges = "SELECT count(*) FROM balance_operations WHERE kind = 'usage'";
    assert_eq!(bot.database.count(charges).await, people);
    let commits = "SELECT count(DISTINCT xmin::text) FROM balance_operations WHERE kind = 'usage'";
    let commits = bot.database.count(commits).await;
    assert!(commits <= people / 2, "{commits} transactions for {people} answers");
}

#[tokio::test]
async fn answers_that_end_together_are_settled_by_few_transactions() {
    const PEOPLE: i64 = 40;
    // Enough connections, so that the answers do not wait for the notes of the calls.
    let bot = Bot::with([("DATABASE_POOL_SIZE", "40")]).await;
    let (first, rest) = asked(&bot, PEOPLE).await;
    // While the response to the first settlement is in flight, the other answers end.
    bot.proxy.delay(Duration::from_millis(500));
    first.open();
    rest.open();
    settled_by_few_transactions(&bot, PEOPLE).await;
    bot.end().await;
}

#[tokio::test]
async fn answers_that_used_tools_are_settled_together_with_them() {
    const PEOPLE: i64 = 16;
    let bot = Bot::with([("DATABASE_POOL_SIZE", "40")]).await;
    let (gate, keeper) = Gate::new();
    bot.model.set_author(move |asked| {
        let input = json!({"input_chars": 1, "output_chars": 1});
        Some(Reply::steps(if asked.results.is_empty() {
            vec![Step::ToolUse { name: "cost_estimator".to_owned(), input }, Step::Stop(StopReason::ToolUse)]
        } else {
            vec![Step::Gate(gate.clone()), Step::Text("The answer.".to_owned())]
        }))
    });
    for id in FIRST..FIRST + PEOPLE {
        bot.telegram.add_user(Person::new(id, "Somebody"));
        bot.telegram.say(id, id, "hello");
    }
    bot.request(2 * usize::try_from(PEOPLE).unwrap()).await;
    bot.proxy.delay(Duration::from_millis(500));
    keeper.open();
    settled_by_few_transactions(&bot, PEOPLE).await;
    assert_eq!(bot.database.count("SELECT count(DISTINCT turn_id) FROM tool_calls").await, PEOPLE);
    bot.end().await;
}

#[tokio::test]
async fn an_account_that_somebody_has_locked_holds_up_nobody_else() {
    const PEOPLE: i64 = 8;
    let bot = Bot::start().await;
    let (first, rest) = asked(&bot, PEOPLE).await;
    let mut lock = bot.books().begin().await.unwrap();
    sqlx::query("SELECT FROM users WHERE id = ANY($1) FOR UPDATE")
        .bind(ODD)
        .execute(&mut *lock)
        .await
        .unwrap();
    in_vain(&bot, first, rest).await;
    for id in (FIRST..FIRST + PEOPLE).filter(|id| !ODD.contains(id)) {
        assert_eq!(bot.answer(id, 1).await, "The answer.");
    }
    lock.rollback().await.unwrap();
    for id in ODD {
        assert_eq!(bot.answer(id, 1).await, "The answer.");
    }
    bot.end().await;
}

/// Ends all answers; the statement that settles several of them is refused because of one.
async fn in_vain(bot: &Bot, first: GateKeeper, rest: GateKeeper) {
    // While the response to the first settlement is in flight, the other answers end.
    bot.proxy.delay(Duration::from_millis(500));
    first.open();
    rest.open();
    bot.log("what was wanted together is asked for one by one").await;
    bot.proxy.delay(Duration::ZERO);
}

#[tokio::test]
async fn a_turn_that_cannot_be_settled_spoils_no_other() {
    const PEOPLE: i64 = 8;
    let mut bot = Bot::start().await;
    bot.expect_error("is not settled");
    let (first, rest) = asked(&bot, PEOPLE).await;
    // A fault in the books of one account.
    let fault =
        "ALTER TABLE balance_operations ADD CONSTRAINT fault CHECK (user_id NOT IN (1004, 1006) OR seq = 1)";
    sqlx::query(fault).execute(bot.books()).await.unwrap();
    in_vain(&bot, first, rest).await;
    bot.log("is not settled").await;
    for id in (FIRST..FIRST + PEOPLE).filter(|id| !ODD.contains(id)) {
        assert_eq!(bot.answer(id, 1).await, "The answer.");
    }
    for id in ODD {
        assert_eq!(bot.answers(id), Vec::<String>::new(), "what is not paid for is not said");
    }
    sqlx::query("ALTER TABLE balance_operations DROP CONSTRAINT fault").execute(bot.books()).await.unwrap();
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    for id in ODD {
        bot.answer(id, 1).await;
    }
    bot.end().await;
}
