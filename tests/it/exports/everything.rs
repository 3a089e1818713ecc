//! Everything that is stored about a person as a file, asked for by the button of `/privacy`.

use serde_json::{Value, json};

use super::{WAITING, ask_for_everything, extension, file, unpack, unpacked};
use crate::harness::money::person;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP};
use crate::models_command::{buttons, card};

#[tokio::test]
async fn everything_comes_as_a_file_once_an_hour() {
    let bot = Bot::start().await;
    bot.telegram.add_user(person(ANN, "Ann", "ann_of_leeds", "en"));
    bot.ask("I like borscht").await;
    bot.ann("/clear");
    bot.hears(ANN, "forg").await;
    bot.ask("hello again").await;
    bot.ask_in(BOB, BOB, "Bob's secret").await;
    let privacy = card(&bot, ANN, ANN, "/privacy").await;
    insta::assert_snapshot!(privacy.text, @r"
    What I keep about you

    • Your name, username and language, as Telegram tells them, and what you have chosen here
    • Our conversations, with transcripts and the names of your files: 90 days
    • Messages as Telegram has delivered them: 7 days; mine to you: 30 days
    • Your balance, payments and what each answer has cost: for good, because these are the books. They contain no words of yours.

    To answer you, I pass your messages and files on to the provider of the model. The copies of files there are deleted together with the conversation.

    /export sends you one conversation as a file. Here you get everything, or have it erased.
    ");
    assert_eq!(buttons(&privacy), [vec!["📦 Send me everything"], vec!["🗑 Erase everything …"]]);
    let told = bot.tap(ANN, ANN, privacy.id, "data:everything").await;
    assert_eq!(told.as_deref(), Some("I am collecting everything. The file comes here in a moment."));
    let sent = file(&bot, ANN, 1).await;
    assert!(
        sent.file_name.starts_with("export_20") && extension(&sent.file_name) == Some("zip"),
        "{}",
        sent.file_name
    );
    let members = unpack(&sent);
    assert!(members["about.txt"].ends_with("Nothing is left out.\n"), "{}", members["about.txt"]);
    let conversations: Vec<_> = members.keys().filter(|path| path.starts_with("conversations/")).collect();
    assert_eq!(conversations.len(), 1);
    let conversation = &members[conversations[0]];
    assert!(
        conversation.contains("I like borscht") && conversation.contains("hello again"),
        "{conversation}"
    );
    let users: Value = serde_json::from_str(&members["data/users.json"]).unwrap();
    assert_eq!((&users[0]["username"], users.as_array().unwrap().len()), (&json!("ann_of_leeds"), 1));
    assert!(members["data/inbox.json"].contains("I like borscht"));
    let all = members.values().cloned().collect::<String>();
    assert!(!all.contains("secret") && !all.contains("Bob"), "others are not in it");
    bot.database.until(WAITING, 0).await;
    let again = bot.tap(ANN, ANN, privacy.id, "data:everything").await.unwrap();
    assert!(again.starts_with("You can have everything once an hour; the next one in "), "{again}");
    // Somebody else has an hour of their own.
    bot.telegram.add_user(person(BOB, "Bob", "bob", "de"));
    assert_eq!(ask_for_everything(&bot, BOB).await, "Ich sammle alles ein. Die Datei kommt gleich hierher.");
    assert!(unpack(&file(&bot, BOB, 1).await)["data/messages.json"].contains("Bob's secret"));
    bot.sql("UPDATE data_requests SET created_at = created_at - interval '61 minutes'").await;
    assert!(ask_for_everything(&bot, ANN).await.starts_with("I am collecting everything."));
    file(&bot, ANN, 2).await;
    bot.end().await;
}

#[tokio::test]
async fn files_that_the_bot_still_has_come_with_everything() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    bot.ask_in(BOB, BOB, "hello").await;
    // Two that Telegram has not got yet, one that it has, one of Bob, and one that is too large for the file.
    bot.sql(
        "INSERT INTO made_files (id, thread_id, turn_id, name, mime, size, sha256, description, cached, created_at, expires_at)
           SELECT gen_random_uuid(), threads.id, turns.id, made.name, 'image/png', made.size, sha256('x'), '', FALSE,
             now() + make_interval(secs => made.number), now() + interval '1 hour'
           FROM (VALUES (1, 42, 'plot.png', 4), (2, 42, '../odd:name', 3), (3, 42, 'sent.png', 4), (4, 43, 'bob.png', 4),
                        (5, 42, 'film.mp4', 20000000)) AS made (number, person, name, size)
             JOIN threads ON user_id = person JOIN turns ON turns.thread_id = threads.id;
         INSERT INTO made_file_contents (file_id, content)
           SELECT id, CASE name WHEN 'plot.png' THEN '\\x89504e47'::bytea WHEN 'film.mp4' THEN '\\x00' ELSE 'odd' END
           FROM made_files WHERE name <> 'sent.png'",
    )
    .await;
    ask_for_everything(&bot, ANN).await;
    let members = unpacked(&file(&bot, ANN, 1).await);
    let files: Vec<(&str, &[u8])> = members
        .iter()
        .filter(|(path, _)| path.starts_with("files/"))
        .map(|(path, content)| (path.as_str(), content.as_slice()))
        .collect();
    assert_eq!(files, [("files/2_.._odd_name", &b"odd"[..]), ("files/3_plot.png", &b"\x89PNG"[..])]);
    let about = String::from_utf8(members["about.txt"].clone()).unwrap();
    assert!(about.ends_with("These parts are not complete:\n- files/1_film.mp4\n"), "{about}");
    assert!(String::from_utf8(members["data/made_files.json"].clone()).unwrap().contains("sent.png"));
    bot.end().await;
}

#[tokio::test]
async fn forged_and_old_taps_get_nothing() {
    let bot = Bot::start().await;
    bot.ask_in(GROUP, ANN, "@starling_bot hello").await;
    assert_eq!(
        bot.ask_in(GROUP, ANN, "/privacy@starling_bot").await,
        "Please send this command in our private chat: its answer is not for others to read."
    );
    let message = bot.telegram.messages(GROUP).into_iter().rfind(|message| message.from_bot).unwrap();
    for data in ["data:everything", "data:erase", "erase:yes:1", "erase:no:1", "erase:yes:x", "data:x"] {
        bot.tap(GROUP, BOB, message.id, data).await;
    }
    assert_eq!(bot.database.count("SELECT count(*) FROM data_requests").await, 0);
    bot.end().await;
}

/// A process that dies makes no second file, and no file gets lost.
#[tokio::test]
async fn whenever_the_process_dies_one_file_comes() {
    let deaths = ["export: made", "deliver files: after the call"].map(|point| async move {
        let mut bot = Bot::prepare([("KILL_AT", point)]).await;
        bot.run().await;
        bot.ask("hello").await;
        bot.ann("/export");
        tokio::time::timeout(BOUND, bot.died()).await.expect("the bot dies in time");
        bot.set("KILL_AT", "");
        bot.run().await;
        file(&bot, ANN, 1).await;
        bot.database.until(WAITING, 0).await;
        bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
        assert_eq!(bot.telegram.sent_media(ANN).len(), 1, "{point}");
        bot.end().await;
    });
    futures::future::join_all(deaths).await;
}
