//! `/announce`: prepared in a dialog, shown, approved, sent to each person once, stopped, reported.

use std::collections::{BTreeMap, BTreeSet};

use playground::telegram::{CallOutcome, Fault, Message, NewFile, SentIds, kinds};

use crate::harness::money::{OLGA, person};
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP};

const ENDED: &str = "SELECT count(*) FROM announcements WHERE state IN ('sent', 'stopped')";
const RUNS: &str = "SELECT count(*) FROM announcements WHERE state = 'sending'";
const ASK: &str = "📣 Send me the announcement as your next message";

/// Returns the label and the data of a message's `number`th button (from 0).
fn button(message: &Message, number: usize) -> (String, String) {
    let markup = message.reply_markup.as_ref().unwrap_or_else(|| panic!("no buttons: {}", message.text));
    let button = &markup["inline_keyboard"][number][0];
    let text = |field: &str| button[field].as_str().unwrap_or_default().to_owned();
    (text("text"), text("callback_data"))
}

/// Sends a message of one kind.
type Sending<'a> = Box<dyn Fn() -> SentIds + 'a>;

/// Returns the copies of announcements in a chat, without previews.
fn copies(bot: &Bot, chat: i64) -> Vec<Message> {
    let is_copy = |message: &Message| {
        let markup = message.reply_markup.as_ref().map(ToString::to_string).unwrap_or_default();
        message.from_bot && markup.contains("announcements:o")
    };
    bot.telegram.messages(chat).into_iter().filter(is_copy).collect()
}

/// Olga gives a command and then a content; returns the question for approval.
async fn prepare(bot: &Bot, command: &str, content: impl FnOnce() -> SentIds) -> Message {
    let asked = bot.command_of(OLGA, command).await;
    assert!(asked.starts_with(ASK), "{asked}");
    bot.reply_to(content().update_id).await
}

/// Olga approves an announcement.
async fn approve(bot: &Bot, offer: &Message) -> Option<String> {
    bot.tap(OLGA, OLGA, offer.id, &button(offer, 0).1).await
}

/// Olga announces a text to everybody; returns the summary.
async fn announce(bot: &Bot, text: &str) -> String {
    let before = bot.database.count(ENDED).await;
    let offer = prepare(bot, "/announce", || bot.telegram.say(OLGA, OLGA, text)).await;
    assert_eq!(approve(bot, &offer).await, None);
    summary(bot, before + 1).await
}

/// Returns the summary of the `number`th announcement that has ended.
async fn summary(bot: &Bot, number: i64) -> String {
    let ended = async {
        while bot.database.count(ENDED).await < number {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(BOUND * 4, ended).await.expect("the announcement ends");
    let newest = "SELECT id FROM announcements WHERE finished_at IS NOT NULL ORDER BY begun_at DESC NULLS LAST LIMIT 1";
    let id = bot.database.count(newest).await;
    bot.message_of(&format!("announced:{id}:report")).await;
    bot.message_of(&format!("announced:{id}")).await.text
}

/// Returns the lines of the newest report, without its head.
fn report(bot: &Bot) -> Vec<String> {
    let file = bot.telegram.sent_media(OLGA).pop().expect("a report");
    assert_eq!(file.file_name.split('_').next(), Some("announcement"));
    let text = String::from_utf8(file.bytes.to_vec()).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

/// Returns how many recipients are in each state.
async fn states(bot: &Bot) -> BTreeMap<String, i64> {
    let query = "SELECT state, count(*) FROM announcement_recipients GROUP BY state";
    let rows: Vec<(String, i64)> = sqlx::query_as(query).fetch_all(bot.books()).await.unwrap();
    rows.into_iter().collect()
}

/// Starts a bot that Ann, Bob (in Russian) and Olga have written to.
async fn bot_of_three() -> Bot {
    let bot = Bot::of_olga([]).await;
    bot.telegram.add_user(person(BOB, "Bob", "bob", "ru"));
    for user in [ANN, BOB, OLGA] {
        bot.command_of(user, "/start").await;
    }
    bot
}

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

#[tokio::test]
async fn a_request_of_unknown_fate_is_not_repeated_and_one_that_was_not_sent_is() {
    let bot = bot_of_three().await;
    for fault in [Fault::DropAfter, Fault::Status(502)] {
        let offer = prepare(&bot, "/announce 42", || bot.telegram.say(OLGA, OLGA, "news")).await;
        bot.telegram.fail_next("copyMessage", 1, fault);
        let before = bot.database.count(ENDED).await;
        approve(&bot, &offer).await;
        let told = summary(&bot, before + 1).await;
        assert!(
            told.ends_with("• may have got it: 1 (Telegram did not answer, and nobody gets it twice)"),
            "{told}"
        );
    }
    assert_eq!(copies(&bot, ANN).len(), 1, "only the first had arrived");
    let offer = prepare(&bot, "/announce 42", || bot.telegram.say(OLGA, OLGA, "news")).await;
    bot.telegram.fail_next("copyMessage", 1, Fault::Flood { retry_after_s: 1 });
    approve(&bot, &offer).await;
    assert_eq!(summary(&bot, 3).await, "✅ The announcement has been sent.\n• received: 1");
    let calls: Vec<_> = bot.telegram.view(|view| {
        view.calls_of("copyMessage").filter(|call| call.chat == Some(ANN)).map(|call| call.at).collect()
    });
    assert!(calls[3] - calls[2] >= std::time::Duration::from_secs(1), "the flood wait is obeyed");
    assert_eq!(copies(&bot, ANN).len(), 2);
    // A refusal of the message itself is told with Telegram's words.
    bot.telegram.forbid_voice(ANN);
    let offer = prepare(&bot, "/announce 42", || bot.telegram.send(OLGA, OLGA, NewFile::voice(1))).await;
    approve(&bot, &offer).await;
    assert!(summary(&bot, 4).await.ends_with("• could not get it: 1"));
    assert_eq!(report(&bot), ["42,@ann,refused,refused with 400: Bad Request: VOICE_MESSAGES_FORBIDDEN"]);
    bot.end().await;
}

/// Adds people who have written before, with ids from 1,001 on.
async fn people(bot: &Bot, count: i64) {
    bot.sql(&format!(
        "INSERT INTO users (id, first_name) SELECT id, 'Somebody' FROM generate_series(1001, {}) AS id",
        1_000 + count
    ))
    .await;
    for id in 1_001..=1_000 + count {
        bot.telegram.open_chat(id);
    }
}

#[tokio::test]
async fn a_stopped_announcement_reaches_nobody_else_and_only_one_runs() {
    let bot = bot_of_three().await;
    people(&bot, 20).await;
    let other = prepare(&bot, "/announce 42", || bot.telegram.say(OLGA, OLGA, "other")).await;
    bot.sql("UPDATE announcements SET admin_id = 43 WHERE id = 1").await;
    let offer = prepare(&bot, "/announce", || bot.telegram.say(OLGA, OLGA, "news")).await;
    bot.sql("UPDATE announcements SET admin_id = 44 WHERE id = 1").await;
    let hold = bot.telegram.hold("copyMessage");
    approve(&bot, &offer).await;
    tokio::time::timeout(BOUND, hold.waiting_for(4)).await.unwrap();
    let busy = approve(&bot, &other).await.unwrap();
    assert!(busy.starts_with("Another announcement is being sent."), "{busy}");
    let said = bot.telegram.say(OLGA, OLGA, "/announce");
    let shown = bot.reply_to(said.update_id).await;
    assert_eq!(shown.text, "📣 An announcement is being sent: 0 of 23.");
    let (label, stop) = button(&shown, 0);
    assert_eq!(label, "⏹ Stop");
    let told = bot.tap(OLGA, OLGA, shown.id, &stop).await;
    assert_eq!(told.as_deref(), Some("It stops; you will get the report in a moment."));
    let stopped = bot.telegram.until("the second card without its button", BOUND, |view| {
        let card = view.answers(OLGA).find(|message| message.id == shown.id)?;
        (card.text == "⏹ The announcement was stopped." && card.reply_markup.is_none()).then_some(())
    });
    stopped.await.unwrap();
    hold.release();
    let told = summary(&bot, 1).await;
    assert_eq!(told, "⏹ The announcement was stopped.\n• received: 4\n• not reached before the stop: 19");
    assert_eq!(bot.tap(OLGA, OLGA, shown.id, &stop).await.as_deref(), Some("This was decided before."));
    approve(&bot, &other).await;
    assert_eq!(summary(&bot, 2).await, "✅ The announcement has been sent.\n• received: 1");
    bot.end().await;
}

#[tokio::test]
async fn an_announcement_whose_content_is_deleted_stops() {
    let bot = bot_of_three().await;
    let mut content = 0;
    let offer = prepare(&bot, "/announce", || {
        let said = bot.telegram.say(OLGA, OLGA, "news");
        content = said.message_id;
        said
    })
    .await;
    let gone = Fault::Error { code: 400, description: "Bad Request: message to copy not found".to_owned() };
    bot.telegram.fail_next("copyMessage", 3, gone);
    approve(&bot, &offer).await;
    let told = summary(&bot, 1).await;
    let ends = "was deleted.\n• not reached before the stop: 3";
    assert!(told.starts_with("⚠️ The announcement was stopped:") && told.ends_with(ends), "{told}");
    bot.end().await;
}

/// Asserts that the table says of everybody what the chats show: nobody has got it twice, and whoever is said to
/// have got it has.
async fn assert_told_truly(bot: &Bot) {
    let rows: Vec<(i64, String)> = sqlx::query_as("SELECT user_id, state FROM announcement_recipients")
        .fetch_all(bot.books())
        .await
        .unwrap();
    let mut arrived: BTreeMap<i64, usize> = BTreeMap::new();
    bot.telegram.view(|view| {
        let copied = view.calls_of("copyMessage").filter(|call| call.answer == CallOutcome::Ok);
        for call in copied.skip(1) {
            *arrived.entry(call.chat.unwrap()).or_default() += 1;
        }
    });
    for (user, state) in rows {
        let times = arrived.get(&user).copied().unwrap_or_default();
        let expected = match state.as_str() {
            "sent" => times == 1,
            "unknown" => times <= 1,
            _ => times == 0,
        };
        assert!(expected, "{user} is {state} and got it {times} times");
    }
}

#[tokio::test]
async fn a_thousand_people_get_it_once_however_often_the_bot_is_killed() {
    const PEOPLE: i64 = 1_000;
    let mut bot = Bot::under_limits_of_olga().await;
    bot.command_of(OLGA, "/start").await;
    people(&bot, PEOPLE).await;
    let offer = prepare(&bot, "/announce", || bot.telegram.say(OLGA, OLGA, "news")).await;
    approve(&bot, &offer).await;
    for reached in [300, 700] {
        let sent = bot.telegram.until("a part of the announcement", BOUND * 2, |view| {
            (view.calls_of("copyMessage").count() >= reached).then_some(())
        });
        sent.await.unwrap();
        bot.kill().await;
        bot.run().await;
    }
    let told = summary(&bot, 1).await;
    assert!(told.starts_with("✅ The announcement has been sent."), "{told}");
    assert_told_truly(&bot).await;
    let states = states(&bot).await;
    let unknown = states.get("unknown").copied().unwrap_or_default();
    assert!(unknown <= 8, "of each kill at most the requests on their way: {states:?}");
    assert_eq!(states["sent"] + unknown, PEOPLE + 1, "{states:?}");
    let lines = report(&bot);
    assert_eq!(i64::try_from(lines.len()).unwrap(), PEOPLE + 1);
    // The limits: `end` fails on calls during a penalty, and none was imposed.
    let floods = bot.telegram.view(|view| {
        let refused =
            |call: &&playground::telegram::Call| matches!(call.answer, CallOutcome::Error { code: 429, .. });
        view.calls().iter().filter(refused).count()
    });
    assert_eq!(floods, 0);
    bot.end().await;
}

#[tokio::test]
async fn killed_at_every_step_nothing_is_lost_and_nothing_comes_twice() {
    for (point, unknown) in [
        ("announce: shown", 0),
        ("announce: marked", 1),
        ("announce: sent", 1),
        ("announce: before the end", 0),
    ] {
        let mut bot = Bot::of_olga([("KILL_AT", point)]).await;
        for user in [ANN, OLGA] {
            bot.command_of(user, "/start").await;
        }
        assert!(bot.command_of(OLGA, "/announce 42").await.starts_with(ASK));
        let said = bot.telegram.say(OLGA, OLGA, "news");
        if point == "announce: shown" {
            tokio::time::timeout(BOUND, bot.died()).await.unwrap();
            bot.set("KILL_AT", "");
            bot.run().await;
        }
        let offer = bot.reply_to(said.update_id).await;
        bot.telegram.press(OLGA, OLGA, offer.id, &button(&offer, 0).1);
        if point != "announce: shown" {
            tokio::time::timeout(BOUND, bot.died()).await.unwrap();
            bot.set("KILL_AT", "");
            bot.run().await;
        }
        let told = summary(&bot, 1).await;
        let expected = if unknown > 0 { "• may have got it: 1" } else { "• received: 1" };
        assert!(told.contains(expected), "{point}: {told}");
        let arrived = usize::from(point != "announce: marked");
        assert_eq!(copies(&bot, ANN).len(), arrived, "{point}: {}", bot.screen(ANN));
        assert_eq!(bot.telegram.sent_media(OLGA).len(), 1, "{point}: one report");
        let ends = bot.answers(OLGA).iter().filter(|text| text.starts_with("✅ The announcement")).count();
        assert_eq!(ends, 1, "{point}: {}", bot.screen(OLGA));
        bot.end().await;
    }
}

#[tokio::test]
async fn what_another_instance_sends_is_left_alone_until_its_lease_ends() {
    let bot = bot_of_three().await;
    let offer = prepare(&bot, "/announce 42 43", || bot.telegram.say(OLGA, OLGA, "news")).await;
    // Another instance has begun to send it to Ann, and is gone.
    bot.sql(
        "UPDATE announcements SET state = 'sending', begun_at = now(), lease = 7, leased_until = now() + interval '3 seconds';
         INSERT INTO announcement_recipients (announcement_id, user_id, state, lease)
         VALUES (1, 42, 'begun', 7), (1, 43, 'waiting', NULL);",
    )
    .await;
    assert_eq!(approve(&bot, &offer).await.as_deref(), Some("This was decided before."));
    assert_eq!(bot.database.count(RUNS).await, 1);
    let told = summary(&bot, 1).await;
    assert!(told.contains("• received: 1\n• may have got it: 1"), "{told}");
    assert!(copies(&bot, ANN).is_empty(), "nobody knows whether the other instance had sent it");
    assert_eq!(copies(&bot, BOB).len(), 1);
    bot.end().await;
}
