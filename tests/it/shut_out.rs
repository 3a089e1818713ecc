//! Blocked and gone: who has blocked the bot or deleted the account, and groups that have removed it, get nothing
//! until they write again.

use playground::anthropic::{Gate, Reply, Step};
use playground::telegram::{CallOutcome, Fault};

use crate::harness::{ANN, BOUND, Bot, GROUP};

const BLOCKED: &str = "SELECT count(*) FROM users WHERE blocked_at IS NOT NULL";
const REMOVED: &str = "SELECT count(*) FROM chats WHERE removed_at IS NOT NULL";
const REFUSED: &str = "SELECT count(*) FROM outbox WHERE state = 'refused' AND shut_out";

/// Returns how many messages were sent to a chat, with and without success.
fn sends(bot: &Bot, chat: i64) -> usize {
    bot.telegram.view(|view| view.calls_of("sendMessage").filter(|call| call.chat == Some(chat)).count())
}

/// A long answer in several parts, the first of which is refused.
fn long() -> Reply {
    let words: String =
        (1..=1_500).map(|n| format!("word{n}{}", if n % 50 == 0 { "\n\n" } else { " " })).collect();
    Reply::steps(vec![Step::Text(words)])
}

#[tokio::test]
async fn after_one_refusal_the_rest_of_an_answer_is_not_tried() {
    for description in ["Forbidden: bot was blocked by the user", "Forbidden: user is deactivated"] {
        let bot = Bot::start().await;
        bot.ask("hello").await;
        let before = sends(&bot, ANN);
        bot.model.script(long());
        let refusal = Fault::Error { code: 403, description: description.to_owned() };
        bot.telegram.fail_next("sendMessage", 1, refusal);
        bot.ann("tell me a lot");
        bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 2).await;
        bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
        assert_eq!(sends(&bot, ANN), before + 1, "{description}");
        assert!(bot.database.count(REFUSED).await >= 3);
        assert_eq!(bot.database.count(BLOCKED).await, 1);
        assert_eq!(bot.ask("are you still there?").await, "You said: are you still there?");
        assert_eq!(bot.database.count(BLOCKED).await, 0);
        bot.end().await;
    }
}

#[tokio::test]
async fn what_is_owed_to_somebody_who_has_blocked_the_bot_is_not_sent_at_the_next_start() {
    let mut bot = Bot::start().await;
    bot.ask("hello").await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    bot.telegram.block(ANN);
    bot.database.until(BLOCKED, 1).await;
    bot.kill().await;
    bot.sql("INSERT INTO outbox (key, chat_id, text, entities) VALUES ('late', 42, 'Late news', '[]')").await;
    let before = sends(&bot, ANN);
    bot.run().await;
    bot.database.until(REFUSED, 1).await;
    assert_eq!(sends(&bot, ANN), before);
    bot.telegram.unblock(ANN);
    bot.database.until(BLOCKED, 0).await;
    assert_eq!(bot.ask("I am back").await, "You said: I am back");
    bot.end().await;
}

#[tokio::test]
async fn a_deleted_account_gets_nothing_more() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("Nobody will read".to_owned())]));
    bot.ann("and then?");
    bot.request(2).await;
    bot.telegram.delete_account(ANN);
    keeper.open();
    bot.database.until(BLOCKED, 1).await;
    bot.database.until(REFUSED, 1).await;
    bot.end().await;
}

#[tokio::test]
async fn a_group_that_has_removed_the_bot_gets_nothing_until_it_is_back() {
    let bot = Bot::start().await;
    bot.ask_in(GROUP, ANN, "@starling_bot hello").await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("Nobody will read".to_owned())]));
    bot.telegram.say(GROUP, ANN, "@starling_bot and then?");
    bot.request(2).await;
    bot.telegram.kick_bot(GROUP);
    bot.database.until(REMOVED, 1).await;
    keeper.open();
    bot.database.until(REFUSED, 1).await;
    bot.telegram.readmit_bot(GROUP);
    bot.database.until(REMOVED, 0).await;
    assert_eq!(bot.ask_in(GROUP, ANN, "@starling_bot again").await, "You said: Ann:\n\n@starling_bot again");
    // Telegram's report may be lost: the refusal marks the group, and a message from it clears the mark.
    let kicked = || Fault::Error {
        code: 403,
        description: "Forbidden: bot was kicked from the supergroup chat".to_owned(),
    };
    bot.telegram.fail_next("sendMessage", 1, kicked());
    bot.telegram.say(GROUP, ANN, "/help@starling_bot");
    bot.database.until(REMOVED, 1).await;
    let said = bot.telegram.say(GROUP, ANN, "/terms@starling_bot");
    bot.message_of(&format!("update:{}", said.update_id)).await;
    assert_eq!(bot.database.count(REMOVED).await, 0);
    bot.end().await;
}

#[tokio::test]
async fn an_older_report_about_a_group_changes_nothing() {
    let bot = Bot::start().await;
    bot.ask_in(GROUP, ANN, "@starling_bot hello").await;
    bot.telegram.kick_bot(GROUP);
    bot.database.until(REMOVED, 1).await;
    bot.telegram.readmit_bot(GROUP);
    bot.database.until(REMOVED, 0).await;
    let bot_user = serde_json::json!({"id": 123_456, "is_bot": true, "first_name": "Starling"});
    let late = serde_json::json!({"my_chat_member": {
        "chat": {"id": GROUP, "type": "supergroup", "title": "Friends"}, "date": 1_000,
        "from": {"id": ANN, "is_bot": false, "first_name": "Ann"},
        "old_chat_member": {"user": bot_user, "status": "member"},
        "new_chat_member": {"user": bot_user, "status": "left"},
    }});
    bot.telegram.push_update(late);
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NOT NULL", 4).await;
    assert_eq!(bot.database.count(REMOVED).await, 0);
    let told = bot.telegram.until("no refusal", BOUND, |view| {
        view.calls()
            .iter()
            .all(|call| !matches!(call.answer, CallOutcome::Error { code: 403, .. }))
            .then_some(())
    });
    told.await.unwrap();
    bot.end().await;
}
