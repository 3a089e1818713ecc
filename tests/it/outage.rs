//! The database goes away and comes back: nothing is lost.

use std::time::Duration;

use playground::anthropic::{Gate, Reply, Step};

use crate::harness::{ANN, BOB, BOUND, Bot, conversation};

/// How long the database is away; the promise is ten seconds.
const OUTAGE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn ten_seconds_without_the_database_lose_nothing() {
    let bot = Bot::start().await;
    bot.ask("before").await;
    // One answer is under way when the database goes, one message comes while it is away.
    let (gate, keeper) = Gate::new();
    bot.model.script_for(
        "during",
        Reply::steps(vec![
            Step::Text("An answer ".to_owned()),
            Step::Gate(gate),
            Step::Text("that ends.".to_owned()),
        ]),
    );
    bot.ann("during");
    let draft = bot.telegram.until("a draft", BOUND, |view| view.live_draft(ANN).map(drop));
    draft.await.unwrap();
    bot.proxy.cut();
    keeper.open();
    let stranded = bot.telegram.say(BOB, BOB, "hello from Bob");
    bot.log("the database is away, waiting").await;
    tokio::time::sleep(OUTAGE).await;
    assert_eq!(bot.answers(BOB), Vec::<String>::new());
    assert!(bot.telegram.confirmed_offset() <= stranded.update_id, "what is not stored is not confirmed");
    bot.proxy.mend();
    assert_eq!(bot.answer(ANN, 2).await, "An answer that ends.");
    assert_eq!(bot.answer(BOB, 1).await, "You said: hello from Bob");
    bot.ask("after").await;
    let said = conversation(bot.model.requests().last().unwrap());
    assert_eq!(said[3], "assistant: An answer that ends.");
    assert_eq!(bot.answers(ANN).len(), 3);
    bot.end().await;
}

#[tokio::test]
async fn a_bot_that_starts_without_its_database_waits_for_it() {
    let mut bot = Bot::prepare([]).await;
    bot.proxy.cut();
    bot.launch();
    bot.log("the database is away, waiting").await;
    bot.ann("hello");
    bot.proxy.mend();
    assert_eq!(bot.answer(ANN, 1).await, "You said: hello");
    bot.end().await;
}

#[tokio::test]
async fn a_lost_answer_to_the_storing_of_an_update_loses_no_message() {
    let bot = Bot::start().await;
    bot.ask("before").await;
    bot.proxy.swallow_answer_to("a message on a bad wire");
    bot.ann("a message on a bad wire");
    bot.proxy.swallowed().await;
    assert_eq!(bot.answer(ANN, 2).await, "You said: a message on a bad wire");
    assert_eq!(bot.ask("after").await, "You said: after");
    assert_eq!(bot.answers(ANN).len(), 3);
    bot.end().await;
}

#[tokio::test]
async fn a_lost_answer_to_the_settlement_neither_loses_nor_doubles_the_answer() {
    let bot = Bot::start().await;
    bot.ask("before").await;
    let (gate, keeper) = Gate::new();
    bot.model.script_for("during", Reply::steps(vec![Step::Gate(gate), Step::Text("An answer.".to_owned())]));
    bot.ann("during");
    bot.request(2).await;
    // From here on the settlement is the next to commit.
    bot.proxy.swallow_answer_to("COMMIT");
    keeper.open();
    bot.proxy.swallowed().await;
    assert_eq!(bot.answer(ANN, 2).await, "An answer.");
    assert_eq!(bot.ask("after").await, "You said: after");
    assert_eq!(bot.answers(ANN).len(), 3);
    assert_eq!(bot.database.count("SELECT count(*) FROM messages WHERE role = 'assistant'").await, 3);
    bot.end().await;
}
