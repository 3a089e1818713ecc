//! Updates: stored before they are confirmed, handled once, whatever Telegram does.

use playground::ports::free_address;
use playground::telegram::Fault;
use serde_json::json;

use crate::harness::{ANN, BOUND, Bot};

#[tokio::test]
async fn an_update_that_comes_twice_is_answered_once() {
    let bot = Bot::start().await;
    let said = bot.ann("hello");
    bot.answer(ANN, 1).await;
    assert!(bot.telegram.redeliver(said.update_id));
    // The next message follows the repeated one.
    assert_eq!(bot.ask("next").await, "You said: next");
    assert_eq!(bot.answers(ANN), ["You said: hello", "You said: next"]);
    assert_eq!(bot.database.count("SELECT count(*) FROM messages WHERE role = 'user'").await, 2);
    bot.end().await;
}

#[tokio::test]
async fn unknown_kinds_are_stored_and_ignored() {
    let bot = Bot::start().await;
    bot.telegram.push_update(json!({"something_of_tomorrow": {"chat": {"id": ANN}}}));
    assert_eq!(bot.ask("hello").await, "You said: hello");
    let stored: (String, bool) =
        sqlx::query_as("SELECT kind, handled_at IS NOT NULL FROM inbox ORDER BY update_id LIMIT 1")
            .fetch_one(bot.books())
            .await
            .unwrap();
    assert_eq!(stored, ("something_of_tomorrow".to_owned(), true));
    bot.end().await;
}

#[tokio::test]
async fn faults_of_telegram_lose_nothing() {
    let bot = Bot::start().await;
    bot.telegram.fail_next("getUpdates", 1, Fault::Status(502));
    bot.telegram.fail_next("getUpdates", 1, Fault::DropAfter);
    bot.telegram.fail_next("sendMessageDraft", 1, Fault::Flood { retry_after_s: 1 });
    bot.telegram.fail_next("sendMessage", 1, Fault::Status(500));
    bot.telegram.fail_next("sendMessage", 1, Fault::DropConnection);
    assert_eq!(bot.ask("hello").await, "You said: hello");
    assert_eq!(bot.answers(ANN).len(), 1);
    bot.end().await;
}

#[tokio::test]
async fn a_flood_wait_delays_the_answer_and_nothing_is_called_meanwhile() {
    let bot = Bot::start().await;
    bot.telegram.fail_next("sendMessage", 1, Fault::Flood { retry_after_s: 2 });
    assert_eq!(bot.ask("hello").await, "You said: hello");
    let sent: Vec<_> = bot
        .telegram
        .calls()
        .into_iter()
        .filter(|call| call.chat == Some(ANN))
        .map(|call| (call.method, call.at))
        .collect();
    let refused = sent.iter().position(|(method, _)| method == "sendMessage").unwrap();
    let (next, at) = &sent[refused + 1];
    assert_eq!(next, "sendMessage", "nothing else in between");
    assert!(at.duration_since(sent[refused].1).as_secs() >= 2);
    bot.end().await;
}

#[tokio::test]
async fn a_second_poller_is_a_clear_error_and_a_slow_retry() {
    let mut bot = Bot::start().await;
    bot.expect_error("somebody else fetches the updates of this bot");
    let conflict =
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
    bot.telegram.fail_next("getUpdates", 1, Fault::Error { code: 409, description: conflict.to_owned() });
    bot.ann("hello");
    bot.log("somebody else fetches the updates of this bot").await;
    let calls = || bot.telegram.view(|view| view.calls_of("getUpdates").count());
    let polls = calls();
    assert_eq!(bot.answer(ANN, 1).await, "You said: hello");
    assert!(calls() - polls <= 2, "{} polls after the conflict", calls() - polls);
    bot.end().await;
}

#[tokio::test]
async fn a_chat_that_refuses_drafts_gets_edits_and_one_that_is_closed_nothing() {
    let bot = Bot::start().await;
    let refusal = || Fault::Error {
        code: 400,
        description: "Bad Request: method is available only for bots".to_owned(),
    };
    bot.telegram.fail_next("sendMessageDraft", 1, refusal());
    let answer = bot.ask("!slow 20").await;
    let edited = bot.telegram.until("an edited answer", BOUND, |view| {
        view.answers(ANN).next().filter(|message| message.edits > 0).map(drop)
    });
    edited.await.unwrap();
    assert!(!answer.is_empty());
    // Everything has arrived, so no further update can be refused.
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 1).await;
    bot.telegram.block(ANN);
    bot.telegram.push_update(json!({"message": {
        "message_id": 900, "date": 1, "text": "are you there?",
        "chat": {"id": ANN, "type": "private", "first_name": "Ann"},
        "from": {"id": ANN, "is_bot": false, "first_name": "Ann"},
    }}));
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'refused'", 1).await;
    assert_eq!(bot.answers(ANN).len(), 1);
    bot.end().await;
}

#[tokio::test]
async fn updates_can_be_delivered_to_a_webhook() {
    let addr = free_address().unwrap().to_string();
    let url = format!("http://{addr}/telegram");
    let settings = [
        ("TELEGRAM_MODE", "webhook"),
        ("WEBHOOK_URL", url.as_str()),
        ("WEBHOOK_ADDR", &addr),
        ("WEBHOOK_SECRET", "s3cret"),
    ];
    let bot = Bot::with(settings).await;
    assert_eq!(bot.ask("hello").await, "You said: hello");
    let forged = reqwest::Client::new().post(&url).json(&json!({"update_id": 1})).send().await.unwrap();
    assert_eq!(forged.status(), 401);
    assert_eq!(bot.database.count("SELECT count(*) FROM inbox WHERE update_id = 1").await, 0);
    bot.end().await;
}

#[tokio::test]
async fn a_telegram_that_fails_during_the_start_is_waited_for() {
    let mut bot = Bot::prepare([]).await;
    bot.telegram.fail_next("deleteWebhook", 1, Fault::Status(502));
    bot.telegram.fail_next("getMe", 2, Fault::Status(502));
    bot.run().await;
    assert_eq!(bot.ask("hello").await, "You said: hello");
    bot.end().await;
}

#[tokio::test]
async fn who_blocks_the_bot_is_known_until_they_write_or_let_it_write_again() {
    const BLOCKED: &str = "SELECT count(*) FROM users WHERE blocked_at IS NOT NULL";
    let bot = Bot::start().await;
    bot.ask("hello").await;
    assert_eq!(bot.database.count(BLOCKED).await, 0);
    bot.telegram.block(ANN);
    bot.database.until(BLOCKED, 1).await;
    bot.telegram.unblock(ANN);
    bot.database.until(BLOCKED, 0).await;
    // Telegram reports an earlier block late: no change.
    let member = |status: &str| json!({"user": {"id": 1, "is_bot": true, "first_name": "B"}, "status": status, "until_date": 0});
    let late = json!({"my_chat_member": {
        "chat": {"id": ANN, "type": "private", "first_name": "Ann"}, "date": 1_000,
        "from": {"id": ANN, "is_bot": false, "first_name": "Ann"},
        "old_chat_member": member("member"), "new_chat_member": member("kicked"),
    }});
    bot.telegram.push_update(late);
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NOT NULL", 4).await;
    assert_eq!(bot.database.count(BLOCKED).await, 0);
    // The refusal of a message also marks the user as blocked, and a message of theirs clears the mark.
    let gone = "Forbidden: user is deactivated".to_owned();
    bot.telegram.fail_next("sendMessage", 1, Fault::Error { code: 403, description: gone });
    bot.ann("are you there?");
    bot.database.until(BLOCKED, 1).await;
    assert_eq!(bot.ask("and now?").await, "You said: and now?");
    assert_eq!(bot.database.count(BLOCKED).await, 0);
    bot.end().await;
}
