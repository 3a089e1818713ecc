//! Outages of the database: nothing is lost.

use std::time::Duration;

use playground::anthropic::{Gate, Reply, Step};
use playground::telegram::{Call, View};

use crate::harness::{ANN, BOB, BOUND, Bot, conversation};

/// How long the database is away; the promise is ten seconds.
const OUTAGE: Duration = Duration::from_secs(10);
/// More than a draft lasts, which is 30 s.
const LONGEST_DRAFT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn ten_seconds_without_the_database_lose_nothing() {
    let bot = Bot::start().await;
    bot.ask("before").await;
    // One answer is in progress when the database goes away, one message arrives meanwhile.
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
async fn a_finished_answer_stays_visible_as_a_draft_until_it_can_be_settled() {
    let bot = Bot::start().await;
    bot.ask("before").await;
    // What it costs has to be read before it can be settled.
    bot.sql("UPDATE users SET shows_cost = TRUE").await;
    let (gate, keeper) = Gate::new();
    let steps =
        vec![Step::Text("An answer ".to_owned()), Step::Gate(gate), Step::Text("that ends.".to_owned())];
    bot.model.script_for("during", Reply::steps(steps));
    bot.ann("during");
    bot.telegram.until("a draft", BOUND, |view| view.live_draft(ANN).map(drop)).await.unwrap();
    bot.proxy.cut();
    keeper.open();
    // The whole answer, and 18 s later the same again, before the draft expires.
    let shown = |view: &View<'_>| {
        let whole = |call: &&Call| {
            call.params["text"].as_str().is_some_and(|text| text.starts_with("An answer that ends."))
        };
        view.calls_of("sendMessageDraft").filter(whole).count()
    };
    let again = bot.telegram.until("the draft again", LONGEST_DRAFT, |view| (shown(view) >= 2).then_some(()));
    again.await.unwrap();
    bot.proxy.mend();
    let answer = bot.answer(ANN, 2).await;
    assert!(answer.starts_with("An answer that ends.\n\n≈ $"), "{answer}");
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
    // The statement that closes the turn is the first to contain this text.
    bot.proxy.swallow_answer_to("An answer.");
    keeper.open();
    bot.proxy.swallowed().await;
    assert_eq!(bot.answer(ANN, 2).await, "An answer.");
    assert_eq!(bot.ask("after").await, "You said: after");
    assert_eq!(bot.answers(ANN).len(), 3);
    assert_eq!(bot.database.count("SELECT count(*) FROM messages WHERE role = 'assistant'").await, 3);
    bot.end().await;
}

#[tokio::test]
async fn stored_work_that_nobody_has_in_hand_is_taken_up_again() {
    let bot = Bot::with([("STRANDED_AFTER_SECONDS", "1")]).await;
    bot.ask("hello").await;
    // Simulates a session that died of a fault: only the database knows of the update, the message and the
    // turn.
    let update = serde_json::json!({"update_id": 5, "message": {
        "message_id": 9_000, "date": 1, "text": "forgotten",
        "chat": {"id": ANN, "type": "private", "first_name": "Ann"},
        "from": {"id": ANN, "is_bot": false, "first_name": "Ann"},
    }});
    sqlx::query("INSERT INTO inbox (update_id, kind, payload) VALUES (5, 'message', $1::json)")
        .bind(update.to_string())
        .execute(bot.books())
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO outbox (key, chat_id, text, entities) VALUES ('lost', $1, 'Lost and found.', '[]')",
    )
    .bind(BOB)
    .execute(bot.books())
    .await
    .unwrap();
    bot.telegram.say(BOB, BOB, "/start");
    assert_eq!(bot.answer(ANN, 2).await, "You said: forgotten");
    bot.answer(BOB, 2).await;
    assert!(bot.answers(BOB).contains(&"Lost and found.".to_owned()));
    // A turn older than everything else: its ids are set explicitly.
    sqlx::raw_sql(
        "INSERT INTO turns (id, thread_id, question_id, model_id) OVERRIDING SYSTEM VALUE
         SELECT 0, thread_id, 8999, model_id FROM turns WHERE id = 1;
         INSERT INTO messages (id, thread_id, turn_id, chat_id, message_id, role, text, sent_at)
         OVERRIDING SYSTEM VALUE
         SELECT 0, thread_id, 0, chat_id, 8999, 'user', 'left behind', sent_at FROM messages WHERE id = 1",
    )
    .execute(bot.books())
    .await
    .unwrap();
    assert_eq!(bot.answer(ANN, 3).await, "You said: left behind");
    let asked = conversation(bot.model.requests().last().unwrap());
    assert_eq!(asked, ["user: left behind"], "the turn is asked as it stood, without what came later");
    bot.end().await;
}

#[tokio::test]
async fn an_outage_longer_than_the_patience_of_the_sweep_answers_each_message_once() {
    let bot = Bot::with([("STRANDED_AFTER_SECONDS", "1"), ("BATCH_WINDOW_MS", "900")]).await;
    bot.ann("hello");
    bot.database.until("SELECT count(*) FROM inbox", 1).await;
    // The message waits in its batch window when the database goes away; the sweep finds it as soon as it is
    // back.
    bot.proxy.cut();
    bot.log("the database is away, waiting").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    bot.proxy.mend();
    assert_eq!(bot.answer(ANN, 1).await, "You said: hello");
    assert_eq!(bot.ask("next").await, "You said: next");
    assert_eq!(bot.answers(ANN).len(), 2);
    bot.end().await;
}

#[tokio::test]
async fn more_messages_than_one_look_reads_are_all_taken_up() {
    let bot = Bot::with([("STRANDED_AFTER_SECONDS", "1")]).await;
    for person in 1_001..=1_600 {
        bot.telegram.open_chat(person);
    }
    sqlx::query(
        "INSERT INTO outbox (key, chat_id, text, entities)
         SELECT 'lost:' || person, person, 'Lost and found.', '[]' FROM generate_series(1001, 1600) person",
    )
    .execute(bot.books())
    .await
    .unwrap();
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 600).await;
    for person in 1_001..=1_600 {
        assert_eq!(bot.answers(person), ["Lost and found."]);
    }
    bot.end().await;
}

#[tokio::test]
async fn an_update_that_can_never_be_handled_is_given_up_and_its_sender_is_told() {
    let mut bot = Bot::with([("STRANDED_AFTER_SECONDS", "1")]).await;
    bot.expect_error("a handler failed");
    bot.expect_error("is given up");
    bot.ask("hi").await;
    let refusal = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                   $$ BEGIN RAISE EXCEPTION 'refused for the test'; END $$;
                   CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON users FOR EACH ROW
                   WHEN (NEW.first_name = 'Refused') EXECUTE FUNCTION refuse();";
    sqlx::raw_sql(refusal).execute(bot.books()).await.unwrap();
    let update = r#"{"update_id": 5, "message": {"message_id": 9000, "date": 1, "text": "/start",
        "chat": {"id": 42, "type": "private", "first_name": "Refused"},
        "from": {"id": 42, "is_bot": false, "first_name": "Refused", "language_code": "ru"}}}"#;
    sqlx::query(
        "INSERT INTO inbox (update_id, kind, payload, chat_id, message_id) VALUES (5, 'message', $1::json, 42, 9000)",
    )
    .bind(update)
    .execute(bot.books())
    .await
    .unwrap();
    assert!(bot.answer(ANN, 2).await.contains("У меня что-то сломалось"));
    assert_eq!(bot.database.count("SELECT count(*) FROM inbox WHERE given_up").await, 1);
    assert_eq!(bot.ask("hello").await, "You said: hello");
    bot.end().await;
}
