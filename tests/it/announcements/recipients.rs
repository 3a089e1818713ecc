//! Who gets an announcement: people who are named, who take announcements and who can be reached.

use super::{ENDED, approve, bot_of_three, button, copies, prepare, report, summary};
use crate::harness::money::{OLGA, person};
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP};

/// Olga announces a text to everybody; returns the summary.
async fn announce(bot: &Bot, text: &str) -> String {
    let before = bot.database.count(ENDED).await;
    let offer = prepare(bot, "/announce", || bot.telegram.say(OLGA, OLGA, text)).await;
    assert_eq!(approve(bot, &offer).await, None);
    summary(bot, before + 1).await
}

#[tokio::test]
async fn some_people_are_named_and_wrong_names_are_reported() {
    let bot = bot_of_three().await;
    bot.telegram.add_user(person(45, "Eve", "eve", "en"));
    bot.telegram.add_user(person(46, "Eve", "EVE", "en"));
    for user in [45, 46] {
        bot.command_of(user, "/start").await;
    }
    let asked = bot.command_of(OLGA, "/announce @nobody 999 -1 x").await;
    assert!(asked.starts_with("I know none of those you have named"), "{asked}");
    assert_eq!(bot.ask_in(OLGA, OLGA, "no dialog is open").await, "You said: no dialog is open");
    let asked = bot.command_of(OLGA, "/announce @ANN, 42 43 @eve @nobody 999").await;
    let ends = "It is for 2 people.\n\nI have never seen these: @nobody, 999\n\n\
                These names belong to several people, so please use their ids: @eve";
    assert!(asked.ends_with(ends), "{asked}");
    let said = bot.telegram.say(OLGA, OLGA, "for some");
    let offer = bot.reply_to(said.update_id).await;
    assert_eq!(offer.text, "☝️ Shall I send this to 2 people?");
    approve(&bot, &offer).await;
    assert_eq!(summary(&bot, 1).await, "✅ The announcement has been sent.\n• received: 2");
    assert_eq!(report(&bot), ["42,@ann,sent,", "43,@bob,sent,"]);
    assert!(copies(&bot, 45).is_empty() && copies(&bot, 46).is_empty());
    bot.end().await;
}

#[tokio::test]
async fn who_wants_no_announcements_gets_none() {
    let bot = bot_of_three().await;
    announce(&bot, "first").await;
    let first = copies(&bot, BOB).pop().unwrap();
    let told = bot.tap(BOB, BOB, first.id, &button(&first, 0).1).await;
    assert_eq!(told.as_deref(), Some("Объявлений больше не будет."));
    let on = bot.telegram.until("the other button", BOUND, |view| {
        let message = view.messages(BOB).find(|message| message.id == first.id)?;
        let data = message.reply_markup.as_ref()?["inline_keyboard"][0][0].clone();
        (data["text"] == "🔔 Снова присылать объявления")
            .then(|| data["callback_data"].as_str().unwrap().to_owned())
    });
    let on = on.await.unwrap();
    let offer = prepare(&bot, "/announce @bob @ann", || bot.telegram.say(OLGA, OLGA, "second")).await;
    assert_eq!(offer.text, "☝️ Shall I send this to 1 person?\nLeft out: 1 without announcements.");
    approve(&bot, &offer).await;
    let told = summary(&bot, 2).await;
    assert_eq!(told, "✅ The announcement has been sent.\n• received: 1\n• take no announcements: 1");
    assert_eq!(copies(&bot, BOB).len(), 1);
    // Ann's tap below Bob's message counts for Ann, wherever the button comes from.
    let told = bot.tap(ANN, ANN, 9_999, "announcements:off").await;
    assert_eq!(told.as_deref(), Some("You will get no more announcements."));
    assert_eq!(bot.tap(BOB, BOB, first.id, &on).await.as_deref(), Some("Объявления снова будут приходить."));
    let told = announce(&bot, "third").await;
    assert_eq!(told, "✅ The announcement has been sent.\n• received: 2\n• take no announcements: 1");
    assert_eq!((copies(&bot, ANN).len(), copies(&bot, BOB).len()), (2, 2));
    bot.end().await;
}

#[tokio::test]
async fn people_who_cannot_be_reached_are_marked_and_left_out_the_next_time() {
    let bot = bot_of_three().await;
    let names = [(45, "left"), (46, "deleted"), (47, "banned"), (48, "silent"), (49, "grumpy")];
    for (user, name) in names {
        bot.telegram.add_user(person(user, name, name, "en"));
        if user == 48 {
            // Has only ever written in a group.
            bot.ask_in(GROUP, user, "@starling_bot hello").await;
        } else {
            bot.command_of(user, "/start").await;
        }
    }
    bot.command_of(OLGA, "/user 47 ban spam").await;
    let offer = prepare(&bot, "/announce 45 46 47 48 49 42", || bot.telegram.say(OLGA, OLGA, "news")).await;
    assert_eq!(offer.text, "☝️ Shall I send this to 5 people?\nLeft out: 1 banned.");
    bot.telegram.delete_account(46);
    bot.telegram.block(45);
    bot.database.until("SELECT count(*) FROM users WHERE blocked_at IS NOT NULL", 1).await;
    approve(&bot, &offer).await;
    let told = summary(&bot, 1).await;
    assert_eq!(
        told,
        "✅ The announcement has been sent.\n• received: 2\n• blocked me or deleted the account: 2\n\
         • no private chat with me: 1\n• banned: 1"
    );
    let lines = report(&bot);
    assert!(
        lines.contains(
            &"46,@deleted,blocked,the person does not take messages: Forbidden: user is deactivated"
                .to_owned()
        ),
        "{lines:#?}"
    );
    assert!(lines.contains(&"47,@banned,banned,".to_owned()), "{lines:#?}");
    let asked =
        bot.telegram.view(|view| view.calls_of("copyMessage").filter(|call| call.chat == Some(45)).count());
    assert_eq!(asked, 0, "nothing is sent to somebody who is known to have blocked the bot");
    assert_eq!(bot.database.count("SELECT count(*) FROM users WHERE blocked_at IS NOT NULL").await, 2);
    let offer = prepare(&bot, "/announce 45 46", || bot.telegram.say(OLGA, OLGA, "more")).await;
    assert_eq!(offer.text, "There is nobody to send this to.\nLeft out: 2 who have blocked me.");
    assert_eq!(offer.reply_markup, None);
    // Who writes again gets announcements again.
    bot.telegram.unblock(45);
    bot.command_of(45, "/start").await;
    let offer = prepare(&bot, "/announce 45 46", || bot.telegram.say(OLGA, OLGA, "more")).await;
    assert_eq!(offer.text, "☝️ Shall I send this to 1 person?\nLeft out: 1 who have blocked me.");
    bot.end().await;
}
