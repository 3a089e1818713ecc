//! `/export` and `/privacy`: a conversation, or everything that is stored about a person, as a file.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use playground::anthropic::{Reply, Step, StopReason};
use playground::telegram::{Attachment, MediaMessage, NewFile};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::group_settings::group_card;
use crate::harness::money::person;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP};
use crate::models_command::{buttons, card};
use crate::upgrades::samples;

/// The requests that a worker has still to carry out.
pub(crate) const WAITING: &str = "SELECT count(*) FROM data_requests WHERE state = 'waiting'";

/// Returns what stands behind the last point of a name.
fn extension(name: &str) -> Option<&str> {
    std::path::Path::new(name).extension().and_then(|extension| extension.to_str())
}

/// Waits for the `number`th file of the bot in a chat (from 1).
pub(crate) async fn file(bot: &Bot, chat: i64, number: usize) -> MediaMessage {
    let what = format!("file {number} in chat {chat}");
    let sent = bot.telegram.until(&what, BOUND, |view| view.sent_media(chat).nth(number - 1));
    sent.await.unwrap()
}

/// Returns the text of a file without the times in it, which differ from run to run.
fn timeless(file: &MediaMessage) -> String {
    let text = String::from_utf8(file.bytes.to_vec()).unwrap();
    let mut parts: Vec<&str> = text.split(" UTC").collect();
    let last = parts.pop().unwrap_or_default().to_owned();
    let without = |part: &str| {
        let time = part.len() - "2026-11-29 09:58".len();
        assert!(part[time..].starts_with("20"), "{part}");
        format!("{}(time)", &part[..time])
    };
    parts.into_iter().map(without).chain([last]).collect()
}

/// Unpacks a file of texts.
fn unpack(file: &MediaMessage) -> BTreeMap<String, String> {
    let text = |(path, content)| (path, String::from_utf8(content).unwrap());
    unpacked(file).into_iter().map(text).collect()
}

/// Unpacks a file.
fn unpacked(file: &MediaMessage) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file.bytes.to_vec())).unwrap();
    let mut members = BTreeMap::new();
    for number in 0..archive.len() {
        let mut member = archive.by_index(number).unwrap();
        let mut content = Vec::new();
        member.read_to_end(&mut content).unwrap();
        members.insert(member.name().unwrap().into_owned(), content);
    }
    members
}

/// Asks for everything by the button of `/privacy` and returns the answer to the tap.
async fn ask_for_everything(bot: &Bot, user: i64) -> String {
    let privacy = card(bot, user, user, "/privacy").await;
    bot.tap(user, user, privacy.id, "data:everything").await.unwrap()
}

#[tokio::test]
async fn a_conversation_comes_as_a_file() {
    let bot = Bot::start().await;
    let text = NewFile::new(Attachment::Document, "notes.txt", "text/plain", b"Milk and bread".to_vec());
    let said = bot.telegram.send(ANN, ANN, text.captioned("what is this?"));
    bot.answer(ANN, 1).await;
    bot.telegram.edit(ANN, said.message_id, "what is in this?");
    bot.model.script(Reply::steps(vec![
        Step::Text("Let me see.".to_owned()),
        Step::ToolUse {
            name: "cost_estimator".to_owned(),
            input: json!({"input_chars": 1, "output_chars": 1}),
        },
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.model.script(Reply::text("It is **cheap**."));
    let asked = bot.ann("and what does it cost?");
    bot.hears(ANN, "It is cheap.").await;
    bot.telegram.reply(ANN, ANN, asked.message_id, "really?");
    bot.hears(ANN, "In reply to Ann: and what does it cost?").await;
    bot.database.until("SELECT count(*) FROM tool_calls", 1).await;
    bot.database.until("SELECT count(*) FROM messages WHERE edits > 0", 1).await;
    bot.ann("/export");
    let sent = file(&bot, ANN, 1).await;
    assert_eq!(sent.caption, "Our conversation as a file.");
    assert_eq!((sent.kind, sent.mime.as_str()), (Attachment::Document, "text/markdown"));
    assert!(sent.file_name.starts_with("conversation_20") && extension(&sent.file_name) == Some("md"));
    insta::assert_snapshot!(timeless(&sent).trim_end(), @r#"
    # Conversation

    Made at (time). Messages: 6.

    Files stand here by their names only. They themselves are in the chat.

    ---

    **Ann** · (time) · edited

    what is in this?

    📎 notes.txt

    ---

    **@starling_bot** · (time)

    You sent a text "notes.txt" (14 characters).

    You said: what is this?

    ---

    **Ann** · (time)

    and what does it cost?

    ---

    **@starling_bot** · (time)

    ✅ estimating costs

    Let me see.

    It is **cheap**.

    ---

    **Ann** · (time)

    > Reply to Ann:
    > and what does it cost?

    really?

    ---

    **@starling_bot** · (time)

    You said: **Ann**:

    > In reply to Ann: and what does it cost?

    really?
    "#);
    bot.end().await;
}

#[tokio::test]
async fn an_empty_conversation_gets_a_sentence() {
    let bot = Bot::start().await;
    bot.telegram.add_user(person(BOB, "Боб", "bob", "ru"));
    let empty = "Выгружать нечего: этот разговор пуст.";
    assert_eq!(bot.command_of(BOB, "/export").await, empty);
    bot.ask_in(BOB, BOB, "привет").await;
    bot.telegram.say(BOB, BOB, "/export");
    assert!(
        timeless(&file(&bot, BOB, 1).await).starts_with("# Разговор\n\nСоставлено (time). Сообщений: 2.\n")
    );
    bot.database.until(WAITING, 0).await;
    // A minute passes between two files with the same conversation.
    let soon = bot.command_of(BOB, "/export").await;
    assert!(soon.starts_with("Вы только что получили этот разговор. Смогу прислать снова через "), "{soon}");
    bot.telegram.say(BOB, BOB, "/clear");
    bot.hears(BOB, "абыл").await;
    assert_eq!(bot.command_of(BOB, "/export").await, empty);
    assert_eq!(bot.telegram.sent_media(BOB).len(), 1);
    bot.end().await;
}

#[tokio::test]
async fn in_a_group_everybody_gets_their_own_conversation() {
    let bot = Bot::start().await;
    let topic = bot.telegram.create_topic(GROUP, "Holidays");
    bot.ask_in(GROUP, ANN, "@starling_bot I am Ann").await;
    bot.ask_in(GROUP, BOB, "@starling_bot I am Bob").await;
    bot.telegram.say_in_topic(GROUP, BOB, topic, "@starling_bot where to?");
    bot.answer(GROUP, 3).await;
    let asked = bot.telegram.say(GROUP, BOB, "/export@starling_bot");
    let sent = file(&bot, GROUP, 1).await;
    assert_eq!((sent.reply_to, sent.topic), (Some(asked.message_id), None));
    let text = timeless(&sent);
    assert!(text.contains("**Bob** · (time)\n\n@starling_bot I am Bob\n"), "{text}");
    assert!(!text.contains("Ann") && !text.contains("where to?"), "{text}");
    bot.telegram.say_in_topic(GROUP, BOB, topic, "/export@starling_bot");
    let sent = file(&bot, GROUP, 2).await;
    assert_eq!(sent.topic, Some(topic));
    let text = timeless(&sent);
    assert!(text.starts_with(&format!("# Conversation, topic {topic}\n")), "{text}");
    assert!(text.contains("where to?") && !text.contains("I am Bob"), "{text}");
    bot.end().await;
}

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
async fn of_a_shared_conversation_everybody_gets_what_they_asked_to_read() {
    let bot = Bot::start().await;
    let group = group_card(&bot).await;
    bot.tap(GROUP, ANN, group.id, "group:talks:shared").await;
    bot.database.until("SELECT count(*) FROM group_settings WHERE shared", 1).await;
    bot.ask_in(GROUP, ANN, "@starling_bot tell me of the xylophone").await;
    bot.ask_in(GROUP, BOB, "@starling_bot tell me of the saxophone").await;
    bot.ask_in(GROUP, BOB, "@starling_bot tell me of the triangle").await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 3).await;
    ask_for_everything(&bot, BOB).await;
    let members = unpack(&file(&bot, BOB, 1).await);
    let conversations: Vec<&String> =
        members.iter().filter(|(path, _)| path.starts_with("conversations/")).map(|(_, text)| text).collect();
    let [text] = conversations[..] else { panic!("{conversations:?}") };
    assert!(text.starts_with("# Conversation in Friends\n"), "{text}");
    assert!(
        text.contains("Messages: 4.\n\nOthers share this conversation. Here are your questions"),
        "{text}"
    );
    assert!(text.contains("saxophone") && text.contains("triangle") && !text.contains("xylophone"), "{text}");
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

/// Columns that name a person, beside those that refer to `users`.
const PERSONS: [&str; 9] = [
    "user_id",
    "owner_id",
    "admin_id",
    "payer_id",
    "actor_id",
    "changed_by",
    "asker_id",
    "author_id",
    "sponsor_id",
];
/// Tables that name persons in no such column.
const NAMELESS: [&str; 3] = ["inbox", "dead_letters", "chats"];
/// Tables that are left out, with the reason.
const LEFT_OUT: [(&str, &str); 1] = [("made_file_contents", "contents are files of their own")];

/// Returns the tables that may tell something of a person: they name one, or refer to a table that does.
async fn personal_tables(bot: &Bot) -> BTreeSet<String> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'",
    )
    .fetch_all(bot.books())
    .await
    .unwrap();
    let references: Vec<(String, String)> = sqlx::query_as(
        "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'",
    )
    .fetch_all(bot.books())
    .await
    .unwrap();
    let mut personal: BTreeSet<String> =
        ["users"].iter().chain(&NAMELESS).map(|&table| table.to_owned()).collect();
    let named = columns.into_iter().filter(|(_, column)| PERSONS.contains(&column.as_str()));
    personal.extend(named.map(|(table, _)| table));
    loop {
        let before = personal.len();
        let found = references.iter().filter(|(_, to)| personal.contains(to)).map(|(from, _)| from.clone());
        let found: Vec<String> = found.collect();
        personal.extend(found);
        if personal.len() == before {
            return personal;
        }
    }
}

/// What makes a row one of the person 43 or 42, by the first column that the table has.
const OWN: [(&str, &str); 8] = [
    ("user_id", "user_id = $1"),
    ("author_id", "id IN (SELECT message_row FROM messages_of_people WHERE person_id = $1)"),
    ("asker_id", "id IN (SELECT turn_id FROM turns_of_people WHERE person_id = $1)"),
    (
        "owner_id",
        "(owner_id = $1 OR chat_id = $1 OR turn_id IN (SELECT turn_id FROM turns_of_people WHERE person_id = $1))",
    ),
    ("admin_id", "admin_id = $1"),
    ("changed_by", "changed_by = $1"),
    ("thread_id", "thread_id IN (SELECT id FROM threads WHERE user_id = $1)"),
    ("turn_id", "turn_id IN (SELECT turn_id FROM turns_of_people WHERE person_id = $1)"),
];

/// Counts the rows of a person in a table, by its columns; `None` if these do not tell.
async fn own_rows(bot: &Bot, table: &str, user: i64) -> Option<i64> {
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1",
    )
    .bind(table)
    .fetch_all(bot.books())
    .await
    .unwrap();
    let (_, condition) = OWN.iter().find(|(column, _)| columns.iter().any(|known| known == column))?;
    let query = format!("SELECT count(*) FROM {table} WHERE {condition}");
    sqlx::query_scalar(AssertSqlSafe(query)).bind(user).fetch_one(bot.books()).await.unwrap()
}

#[tokio::test]
async fn every_table_that_tells_something_of_a_person_is_exported() {
    let mut bot = Bot::prepare_empty([]).await;
    samples::fill(&bot).await;
    let mut exported = BTreeSet::new();
    for user in [ANN, BOB] {
        bot.telegram.open_chat(user);
    }
    bot.run().await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    // Bob is no administrator any more, so the menu goes. Ann's stays, if she has chosen a language.
    bot.database.until("SELECT count(*) FROM personal_menus WHERE user_id = 43", 0).await;
    bot.sql(
        "UPDATE users SET language = 'en' WHERE id = 42;
         INSERT INTO bans (update_id, user_id, changed_by) VALUES (900000095, 42, 43);
         INSERT INTO checkpoints (turn_id, attempt, sequence, text) VALUES (1, 1, 1, 'Lim');
         INSERT INTO dead_letters (item_id, payload, error) VALUES ('user_stats:1', '{\"type\":\"user_stats\",\"turn\":1}', 'x');",
    )
    .await;
    for user in [ANN, BOB] {
        let before = bot.telegram.sent_media(user).len();
        ask_for_everything(&bot, user).await;
        let members = unpacked(&file(&bot, user, before + 1).await);
        for table in personal_tables(&bot).await {
            if LEFT_OUT.iter().any(|(left_out, _)| *left_out == table) {
                continue;
            }
            let Some(rows) = members.get(&format!("data/{table}.json")) else {
                panic!(
                    "{table} is not exported: it needs a variant of PersonalTable, and its rows a place in an erasure"
                )
            };
            let rows: Vec<Value> = serde_json::from_slice(rows).unwrap();
            // What the export itself adds comes after it.
            let new = ["outbox", "made_files", "data_requests", "inbox"].contains(&table.as_str());
            if let Some(own) = own_rows(&bot, &table, user).await.filter(|_| !new) {
                assert_eq!(i64::try_from(rows.len()).unwrap(), own, "{table} of {user}");
            }
            if !rows.is_empty() {
                exported.insert(table);
            }
        }
    }
    let empty: Vec<String> =
        personal_tables(&bot).await.into_iter().filter(|table| !exported.contains(table)).collect();
    assert_eq!(empty, ["made_file_contents"], "nothing was exported of these");
    bot.end().await;
}
