//! Which files of a conversation `preview_file` reads: sent, replied to, made by tools, after a restart, and never
//! those of others.

use playground::anthropic::{Recorded, Reply, Step, StopReason};
use playground::samples;
use playground::telegram::{Fault, NewFile};
use serde_json::json;
use starling::domain::file_id::PublicFileId;

use super::{DOCX, document, first, ids, letter, previewed, text};
use crate::files_out::made;
use crate::harness::{ANN, BOB, Bot, GROUP, conversation};

#[tokio::test]
async fn a_letter_needs_no_words_and_is_remembered_by_another_instance() {
    let mut bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, document("письмо.docx", DOCX, letter("Уважаемая Анна!")));
    bot.answer(ANN, 1).await;
    let asked = first(&bot.request(1).await);
    assert!(
        asked.contains("Word document (DOCX), 1 part\n") && asked.contains("\nУважаемая Анна!\n"),
        "{asked}"
    );
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.kill().await;
    bot.run().await;
    bot.ask("Who wrote it?").await;
    assert_eq!(first(&bot.request(2).await), asked);
    let list = {
        bot.model.script(Reply::steps(vec![
            Step::ToolUse { name: "list_files".to_owned(), input: json!({}) },
            Step::Stop(StopReason::ToolUse),
        ]));
        bot.ask("What have I sent?").await;
        bot.request(4).await.body["messages"].to_string()
    };
    assert!(list.contains(&ids(&asked)[0]) && list.contains("preview_file"), "{list}");
    bot.end().await;
}

#[tokio::test]
async fn files_of_others_are_not_found_and_stand_in_no_prompt() {
    let bot = Bot::start().await;
    bot.telegram.send(BOB, BOB, document("secret of bob.docx", DOCX, letter("Bob's secret.")));
    bot.answer(BOB, 1).await;
    let of_bob = ids(&first(&bot.request(1).await))[0].clone();
    for id in [of_bob.as_str(), "file_0000000000000000000000", "7", "BQACAgI", ""] {
        let told = previewed(&bot, json!({"file_id": id})).await;
        assert_eq!(told["error"], "not_found", "{id}: {told}");
        let words = format!("Not found in this conversation: {id}.");
        assert!(told["message"].as_str().unwrap().starts_with(&words), "{told}");
    }
    for request in &bot.model.requests()[1..] {
        let prompt = request.body["messages"].to_string();
        assert!(!prompt.contains("secret"), "{prompt}");
    }
    // Nor does Ann find her own after /clear.
    bot.telegram.send(ANN, ANN, document("own.docx", DOCX, letter("Mine.")));
    let before = bot.model.requests().len();
    let own = ids(conversation(&bot.request(before + 1).await).last().unwrap())[0].clone();
    bot.request_end(before + 1).await;
    bot.sql("UPDATE threads SET cleared_up_to = 2000000000, history_version = history_version + 1").await;
    assert_eq!(previewed(&bot, json!({"file_id": own})).await["error"], "not_found");
    bot.end().await;
}

#[tokio::test]
async fn texts_can_be_read_and_pictures_are_seen() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, NewFile::text("notes.txt", "First.\nSecond.").captioned("Keep this."));
    bot.answer(ANN, 1).await;
    bot.telegram.send(ANN, ANN, document("a.png", "image/png", samples::png(10, 10)).captioned("And this."));
    bot.answer(ANN, 2).await;
    let rows: Vec<String> = sqlx::query_scalar("SELECT public_id::text FROM files ORDER BY id")
        .fetch_all(bot.books())
        .await
        .unwrap();
    let id = |row: &str| PublicFileId::from_column(row).unwrap().to_string();
    let read = previewed(&bot, json!({"file_id": id(&rows[0]), "offset": 7})).await;
    assert!(text(&read).contains("\nSecond.\n") && !text(&read).contains("First."), "{read}");
    let seen = previewed(&bot, json!({"file_id": id(&rows[1])})).await;
    assert_eq!(seen["error"], "not_a_document", "{seen}");
    bot.end().await;
}

#[tokio::test]
async fn a_document_that_is_replied_to_stands_in_the_prompt_once() {
    let bot = Bot::start().await;
    let sent = bot.telegram.send(ANN, ANN, document("a.docx", DOCX, letter("Once.")));
    bot.answer(ANN, 1).await;
    bot.telegram.reply(ANN, ANN, sent.message_id, "And what does it say?");
    bot.answer(ANN, 2).await;
    assert_eq!(count(&bot.request(2).await, "\nOnce.\n"), 1);
    // What a friend has sent comes with the reply to it.
    let sent = bot.telegram.send(GROUP, BOB, document("b.docx", DOCX, letter("Twice.")));
    for _ in 0..2 {
        bot.telegram.reply(GROUP, ANN, sent.message_id, "@starling_bot what does it say?");
        let asked = bot.request(bot.model.requests().len() + 1).await;
        bot.request_end(bot.model.requests().len()).await;
        assert_eq!(count(&asked, "\nTwice.\n"), 1);
        assert!(
            first(&asked)
                .starts_with("user: [the file of the message that is replied to:] | [document \"b.docx\"")
        );
    }
    bot.end().await;
}

/// Counts a text in what people have said; the model repeats it.
fn count(request: &Recorded, text: &str) -> usize {
    let said = conversation(request);
    said.iter().filter(|said| said.starts_with("user: ")).map(|said| said.matches(text).count()).sum()
}

#[tokio::test]
async fn what_a_tool_has_made_can_be_read_before_and_after_its_delivery() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let id = made(&bot, "report.docx", DOCX, &letter("Made.")).await;
    let read = previewed(&bot, json!({"file_id": id})).await;
    assert_eq!((&read["whole_file"], text(&read).contains("\nMade.\n")), (&json!(true), true), "{read}");
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "deliver_file".to_owned(), input: json!({"file_id": id}) },
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.ask("Send it to me.").await;
    bot.database.until("SELECT count(*) FROM made_files WHERE telegram_id IS NOT NULL", 1).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM made_file_contents").await, 0);
    bot.telegram.fail_next("getFile", 1, Fault::Status(502));
    let read = previewed(&bot, json!({"file_id": id})).await;
    assert!(text(&read).contains("\nMade.\n"), "{read}");
    bot.end().await;
}
