//! `/export`: a conversation as a file, for each person their own.

use playground::anthropic::{Reply, Step, StopReason};
use playground::telegram::{Attachment, MediaMessage, NewFile};
use serde_json::json;

use super::{WAITING, ask_for_everything, extension, file, unpack};
use crate::group_settings::group_card;
use crate::harness::money::person;
use crate::harness::{ANN, BOB, Bot, GROUP};

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
