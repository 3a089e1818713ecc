//! The dialog of an administrator: command, content, preview and approval, in any language and by nobody else.

use std::collections::BTreeSet;

use playground::telegram::{NewFile, SentIds, kinds};

use super::{ASK, ENDED, approve, bot_of_three, button, copies, prepare, report, summary};
use crate::harness::money::{OLGA, person};
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP};

/// Sends a message of one kind.
type Sending<'a> = Box<dyn Fn() -> SentIds + 'a>;

#[tokio::test]
async fn an_announcement_is_shown_approved_and_sent_to_everybody_once() {
    let bot = bot_of_three().await;
    let offer = prepare(&bot, "/announce", || bot.telegram.say(OLGA, OLGA, "News: https://a.example")).await;
    assert_eq!(offer.text, "☝️ Shall I send this to 3 people?");
    assert_eq!(button(&offer, 0).0, "📣 Send to 3 people");
    assert_eq!(button(&offer, 1).0, "Cancel");
    let preview = copies(&bot, OLGA);
    assert_eq!((preview.len(), preview[0].text.as_str()), (1, "News: https://a.example"));
    assert_eq!(approve(&bot, &offer).await, None);
    let told = summary(&bot, 1).await;
    assert_eq!(told, "✅ The announcement has been sent.\n• received: 3");
    for (chat, label) in [(ANN, "🔕 No more announcements"), (BOB, "🔕 Не присылать объявления")]
    {
        let got = copies(&bot, chat);
        assert_eq!(got.len(), 1, "{}", bot.screen(chat));
        assert_eq!((got[0].text.as_str(), button(&got[0], 0).0.as_str()), ("News: https://a.example", label));
        assert_eq!(got[0].entities[0]["type"], "url", "formatting is kept");
    }
    assert_eq!(copies(&bot, OLGA).len(), 2, "the preview and the announcement itself");
    assert_eq!(report(&bot), ["42,@ann,sent,", "43,@bob,sent,", "44,@olga,sent,"]);
    let progress = bot.telegram.messages(OLGA).into_iter().find(|message| message.id == offer.id).unwrap();
    assert_eq!((progress.text.as_str(), &progress.reply_markup), (told.as_str(), &None), "edited in place");
    assert!(bot.model.requests().is_empty(), "the model sees none of it");
    // The next message is an ordinary one again.
    assert_eq!(bot.ask_in(OLGA, OLGA, "hello").await, "You said: hello");
    bot.end().await;
}

#[tokio::test]
async fn the_whole_dialog_is_in_the_administrators_language() {
    let bot = bot_of_three().await;
    bot.telegram.add_user(person(OLGA, "Olga", "olga", "ru"));
    let asked = bot.command_of(OLGA, "/announce @ann nobody").await;
    assert!(asked.starts_with("📣 Пришлите объявление следующим сообщением"), "{asked}");
    assert!(asked.ends_with("Оно для 1 человека.\n\nИх я никогда не видел: nobody"), "{asked}");
    let said = bot.telegram.say(OLGA, OLGA, "Новости");
    let offer = bot.reply_to(said.update_id).await;
    assert_eq!(offer.text, "☝️ Отправить это 1 человеку?");
    assert_eq!(
        (button(&offer, 0).0.as_str(), button(&offer, 1).0.as_str()),
        ("📣 Отправить 1 человеку", "Отменить")
    );
    approve(&bot, &offer).await;
    assert_eq!(summary(&bot, 1).await, "✅ Объявление отправлено.\n• получили: 1");
    let again = approve(&bot, &offer).await;
    assert_eq!(again.as_deref(), Some("Это уже решено."));
    assert_eq!(bot.command_of(BOB, "/announce").await, "Эта команда только для администраторов бота.");
    bot.end().await;
}

#[tokio::test]
async fn whatever_can_be_copied_can_be_announced() {
    let bot = bot_of_three().await;
    let telegram = &bot.telegram;
    let contents: Vec<(&str, Sending<'_>)> = vec![
        ("photo", Box::new(|| telegram.send(OLGA, OLGA, NewFile::photo(90, 60).captioned("look")))),
        ("voice", Box::new(|| telegram.send(OLGA, OLGA, NewFile::voice(2)))),
        ("document", Box::new(|| telegram.send(OLGA, OLGA, NewFile::pdf("a.pdf", 1)))),
        ("video_note", Box::new(|| telegram.send(OLGA, OLGA, NewFile::video_note(2)))),
        (
            "sticker",
            Box::new(|| {
                telegram.send(OLGA, OLGA, NewFile::sticker("🙂", "application/x-tgsticker", vec![1]))
            }),
        ),
        ("poll", Box::new(|| telegram.say_with(OLGA, OLGA, None, kinds::poll("Which?", &["a", "b"])))),
        ("location", Box::new(|| telegram.say_with(OLGA, OLGA, None, kinds::location(1.0, 2.0)))),
        ("dice", Box::new(|| telegram.say_with(OLGA, OLGA, None, kinds::dice("🎲", 4)))),
    ];
    for (number, (field, content)) in contents.iter().enumerate() {
        let offer = prepare(&bot, "/announce 42", content).await;
        approve(&bot, &offer).await;
        summary(&bot, i64::try_from(number).unwrap() + 1).await;
        let got = copies(&bot, ANN).pop().unwrap();
        assert!(got.raw.get(field).is_some(), "{field}: {}", got.raw);
        assert_eq!(got.text, if *field == "photo" { "look" } else { "" });
    }
    assert_eq!(copies(&bot, ANN).len(), contents.len());
    drop(contents);
    assert!(bot.model.requests().is_empty());
    assert_eq!(bot.database.count("SELECT count(*) FROM files").await, 0, "nothing is fetched");
    bot.end().await;
}

#[tokio::test]
async fn what_cannot_be_announced_is_told_and_another_message_is_awaited() {
    let bot = bot_of_three().await;
    assert!(bot.command_of(OLGA, "/announce").await.starts_with(ASK));
    let album = bot.telegram.send_album(OLGA, OLGA, None, vec![NewFile::photo(9, 9), NewFile::photo(8, 8)]);
    let no_album = "An album cannot be announced. Please send one photo, video or file, or /cancel.";
    bot.hears(OLGA, no_album).await;
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    assert_eq!(album.len(), 2);
    assert_eq!(bot.answers(OLGA).iter().filter(|text| *text == no_album).count(), 1);
    let story = bot.telegram.say_with(OLGA, OLGA, None, kinds::story(7, "Eve"));
    let told = bot.reply_to(story.update_id).await.text;
    assert_eq!(told, "Telegram does not let me copy this message. Please send another one, or /cancel.");
    let said = bot.telegram.say(OLGA, OLGA, "at last");
    let offer = bot.reply_to(said.update_id).await;
    assert_eq!(offer.text, "☝️ Shall I send this to 3 people?");
    assert_eq!(bot.tap(OLGA, OLGA, offer.id, &button(&offer, 1).1).await, None);
    bot.hears(OLGA, "The announcement is cancelled. Nobody got it.").await;
    let late = approve(&bot, &offer).await;
    assert_eq!(late.as_deref(), Some("This was decided before."));
    assert_eq!(bot.database.count("SELECT count(*) FROM announcement_recipients").await, 0);
    bot.end().await;
}

#[tokio::test]
async fn commands_pass_through_the_dialog_and_another_chat_is_not_caught() {
    let mut bot = bot_of_three().await;
    assert!(bot.command_of(OLGA, "/announce").await.starts_with(ASK));
    assert!(bot.command_of(OLGA, "/balance").await.starts_with("Your balance"));
    assert_eq!(
        bot.ask_in(GROUP, OLGA, "@starling_bot hello").await,
        "You said: @olga:\n\n@starling_bot hello"
    );
    bot.kill().await;
    bot.run().await;
    let said = bot.telegram.say(OLGA, OLGA, "after the restart");
    let offer = bot.reply_to(said.update_id).await;
    assert_eq!(offer.text, "☝️ Shall I send this to 3 people?");
    // A new one replaces what was being prepared, and /cancel ends it.
    assert!(bot.command_of(OLGA, "/announce").await.starts_with(ASK));
    assert_eq!(approve(&bot, &offer).await.as_deref(), Some("This was decided before."));
    assert_eq!(bot.command_of(OLGA, "/cancel").await, "Cancelled.");
    assert_eq!(bot.ask_in(OLGA, OLGA, "hello").await, "You said: hello");
    assert!(bot.command_of(OLGA, "/announce").await.starts_with(ASK));
    bot.sql("UPDATE dialogs SET expires_at = now() - interval '1 second'").await;
    assert_eq!(bot.ask_in(OLGA, OLGA, "too late").await, "You said: too late");
    assert_eq!(bot.database.count(ENDED).await, 0);
    bot.end().await;
}

#[tokio::test]
async fn the_content_may_come_with_the_command() {
    let bot = bot_of_three().await;
    bot.telegram.say(OLGA, OLGA, "/announce");
    let said = bot.telegram.say(OLGA, OLGA, "quick");
    let offer = bot.reply_to(said.update_id).await;
    assert_eq!(offer.text, "☝️ Shall I send this to 3 people?", "{}", bot.screen(OLGA));
    bot.end().await;
}

#[tokio::test]
async fn nobody_else_announces_approves_or_stops() {
    let bot = Bot::of_olga([("PRIVILEGED_USERS", "43,44")]).await;
    for user in [ANN, BOB, OLGA] {
        bot.command_of(user, "/start").await;
    }
    let refusal = "This command is for administrators of the bot.";
    assert_eq!(bot.tell("/announce").await, refusal);
    bot.log("the user 42 is no administrator").await;
    assert_eq!(bot.ask("not announced").await, "You said: not announced");
    let said = bot.telegram.say(GROUP, OLGA, "/announce");
    let told = bot.reply_to(said.update_id).await.text;
    assert_eq!(told, "Please send this command in our private chat: its answer is not for others to read.");
    let offer = prepare(&bot, "/announce", || bot.telegram.say(OLGA, OLGA, "news")).await;
    let (send, cancel) = (button(&offer, 0).1, button(&offer, 1).1);
    let stop = send.replace("send", "stop");
    let old = "This button has expired. Please send the command again.";
    for data in [&send, &cancel, &stop] {
        assert_eq!(bot.tap(ANN, ANN, 1, data).await.as_deref(), Some(refusal), "{data}");
        assert_eq!(bot.tap(GROUP, ANN, 1, data).await.as_deref(), Some(refusal), "{data}");
    }
    let bobs = bot.telegram.messages(BOB).last().unwrap().id;
    for (data, said) in [(&send, old), (&cancel, old), (&stop, "This was decided before.")] {
        assert_eq!(
            bot.tap(BOB, BOB, bobs, data).await.as_deref(),
            Some(said),
            "another administrator: {data}"
        );
    }
    assert_eq!(bot.tap(OLGA, OLGA, 9_999, &send).await.as_deref(), Some(old), "below a message that is gone");
    let forged = "announce:send:99";
    assert_eq!(bot.tap(OLGA, OLGA, offer.id, forged).await.as_deref(), Some(old));
    assert_eq!(bot.database.count("SELECT count(*) FROM announcements WHERE state = 'offered'").await, 1);
    // Two taps at once send it once.
    let taps = [(); 2].map(|()| bot.telegram.press(OLGA, OLGA, offer.id, &send));
    let answers = bot.telegram.until("both answers", BOUND, |view| {
        let answer = |tap: &String| Some(view.press_answer(tap)?["text"].as_str().map(str::to_owned));
        taps.iter().map(answer).collect::<Option<BTreeSet<_>>>()
    });
    let before = Some("This was decided before.".to_owned());
    assert_eq!(answers.await.unwrap(), BTreeSet::from([None, before]));
    summary(&bot, 1).await;
    assert_eq!(copies(&bot, ANN).len(), 1);
    bot.end().await;
}
