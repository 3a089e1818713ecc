//! Only the person confirms an erasure, in the private chat, in time and once.

use rust_decimal::Decimal;

use super::{button, found, offer};
use crate::exports::WAITING;
use crate::harness::money::person;
use crate::harness::{ANN, BOB, Bot, GROUP};

#[tokio::test]
async fn only_the_person_confirms_in_time_and_once() {
    let bot = Bot::start().await;
    bot.telegram.add_user(person(BOB, "Bob", "bob", "de"));
    bot.ask("I play the xylophone").await;
    bot.ask_in(BOB, BOB, "hello").await;
    let question = offer(&bot, ANN).await;
    let (yes, no) = (button(&question, 0), button(&question, 1));
    // Bob forges Ann's button, and one that never was.
    let own = bot.telegram.messages(BOB).into_iter().rfind(|message| message.from_bot).unwrap();
    for data in [yes.as_str(), no.as_str(), "erase:yes:4711"] {
        let told = bot.tap(BOB, BOB, own.id, data).await;
        assert_eq!(
            told.as_deref(),
            Some("Dieser Knopf ist veraltet. Bitte schick den Befehl noch einmal."),
            "{data}"
        );
    }
    assert_eq!(bot.database.count("SELECT count(*) FROM data_requests WHERE state = 'offered'").await, 1);
    // In a group, nobody erases anything.
    bot.ask_in(GROUP, ANN, "@starling_bot hello").await;
    let in_group = bot.telegram.messages(GROUP).into_iter().rfind(|message| message.from_bot).unwrap();
    bot.tap(GROUP, ANN, in_group.id, &yes).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM data_requests WHERE state = 'offered'").await, 1);
    // An offer expires.
    bot.sql("UPDATE data_requests SET expires_at = now() - interval '1 second'").await;
    let told = bot.tap(ANN, ANN, question.id, &yes).await;
    assert_eq!(told.as_deref(), Some("That offer has expired. /privacy begins anew."));
    // Another one is taken back.
    let question = offer(&bot, ANN).await;
    let told = bot.tap(ANN, ANN, question.id, &button(&question, 1)).await;
    assert_eq!(told.as_deref(), Some("Nothing was erased."));
    let told = bot.tap(ANN, ANN, question.id, &button(&question, 0)).await;
    assert_eq!(told.as_deref(), Some("You have taken that back. /privacy begins anew."));
    assert_eq!(bot.database.count(WAITING).await, 0);
    assert!(!found(&bot, &["xylophone"]).await.is_empty());
    assert!(bot.balance(ANN).await > Decimal::ZERO);
    bot.end().await;
}
