//! Deliveries that meet refusals, faults, stops and crashes.

use playground::anthropic::{Gate, Reply, Step, StopReason};
use playground::samples;
use playground::telegram::{Attachment, Fault};
use serde_json::json;

use super::{CONTENTS, SENT, arrived, course, delivers, made, result, with_picture};
use crate::harness::{ANN, BOB, BOUND, Bot, conversation};

fn calls(bot: &Bot, method: &str) -> usize {
    bot.telegram.view(|view| view.calls().iter().filter(|call| call.method == method).count())
}

#[tokio::test]
async fn a_file_that_was_promised_arrives_although_its_answer_was_superseded_and_its_hour_is_over() {
    let (mut bot, id) = with_picture().await;
    let hold = bot.telegram.hold("sendPhoto");
    delivers(&bot, "Look.", json!({"file_id": id, "sequential": true}));
    bot.ann("Explain the chart.");
    hold.waiting().await;
    bot.sql("UPDATE made_files SET expires_at = now() - interval '1 minute'").await;
    bot.ann("Never mind, say hello.");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'interrupted'", 1).await;
    // The janitor works at every start.
    bot.kill().await;
    drop(hold);
    bot.run().await;
    arrived(&bot, ANN, 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    assert_eq!(course(&bot, ANN).iter().filter(|line| *line == "<Photo>").count(), 1);
    bot.end().await;
}

#[tokio::test]
async fn a_photo_that_telegram_refuses_becomes_a_document() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let id = made(&bot, "strip.png", "image/png", &samples::png(9_000, 10)).await;
    delivers(&bot, "", json!({"file_id": id, "sequential": true}));
    bot.ann("Send me the strip.");
    let files = arrived(&bot, ANN, 1).await;
    assert_eq!((files[0].kind, files[0].file_name.as_str()), (Attachment::Document, "strip.png"));
    assert_eq!((calls(&bot, "sendPhoto"), calls(&bot, "sendDocument")), (1, 1));
    assert_eq!(result(&bot, 3).await["status"], "sent");
    bot.end().await;
}

#[tokio::test]
async fn floods_broken_connections_and_failures_delay_a_file_and_never_double_it() {
    for fault in [
        Fault::Flood { retry_after_s: 1 },
        Fault::Status(502),
        Fault::DropConnection,
        // The file is there, but the answer is lost.
        Fault::DropAfter,
    ] {
        let (bot, id) = with_picture().await;
        bot.telegram.fail_next("sendPhoto", 1, fault.clone());
        delivers(&bot, "", json!({"file_id": id, "caption": "A chart"}));
        bot.ann("Send me the chart.");
        bot.database.until(SENT, 1).await;
        assert_eq!(course(&bot, ANN), ["Here you are.", "<Photo> A chart"], "{fault:?}");
        bot.end().await;
    }
}

/// Bob's answer, which is still on its way, makes it likely that something of Bob's has the id behind Ann's question.
#[tokio::test]
async fn an_album_that_arrives_unconfirmed_is_known_by_its_first_message() {
    let (bot, first) = with_picture().await;
    let second = made(&bot, "map.png", "image/png", &samples::png(300, 200)).await;
    bot.model.script(Reply::text("Hello, Bob."));
    let hold = bot.telegram.hold("sendMessage");
    bot.telegram.say(BOB, BOB, "hello");
    hold.waiting().await;
    bot.telegram.fail_next("sendMediaGroup", 1, Fault::DropAfter);
    delivers(&bot, "", json!({"file_ids": [first, second], "caption": "Both", "sequential": true}));
    bot.ann("Send me the chart and the map.");
    let album = arrived(&bot, ANN, 2).await;
    bot.database.until(SENT, 1).await;
    hold.release();
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    assert_eq!(course(&bot, ANN), ["<Photo> Both", "<Photo>", "Here you are."]);
    let known = "SELECT message_id::bigint FROM outbox WHERE media IS NOT NULL";
    assert_eq!(bot.database.count(known).await, album[0].message_id);
    assert_eq!(bot.answers(BOB), ["Hello, Bob."]);
    bot.end().await;
}

#[tokio::test]
async fn a_kill_at_any_moment_of_a_delivery_loses_and_doubles_nothing() {
    for sequential in [false, true] {
        for point in
            ["deliver files: before the call", "deliver files: after the call", "deliver files: written down"]
        {
            let mut bot = Bot::with([("KILL_AT", point)]).await;
            bot.ask("hello").await;
            let id = made(&bot, "chart.png", "image/png", &samples::png(640, 480)).await;
            delivers(
                &bot,
                "First this.",
                json!({"file_id": id, "caption": "A chart", "sequential": sequential}),
            );
            bot.ann("Send me the chart.");
            tokio::time::timeout(BOUND, bot.died()).await.expect("the bot dies");
            bot.set("KILL_AT", "");
            bot.run().await;
            bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
            bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
            let course = course(&bot, ANN);
            let what = format!("{point}, sequential {sequential}: {course:#?}");
            assert_eq!(course.iter().filter(|line| *line == "<Photo> A chart").count(), 1, "{what}");
            assert_eq!(course.iter().filter(|line| line.contains("First this.")).count(), 1, "{what}");
            assert_eq!(bot.database.count(SENT).await, 1, "{what}");
            bot.end().await;
        }
    }
}

#[tokio::test]
async fn what_was_not_promised_before_a_stop_is_not_sent() {
    let (bot, id) = with_picture().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "deliver_file".to_owned(), input: json!({"file_id": id}) },
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.model.script(Reply::steps(vec![Step::Text("It will come".to_owned()), Step::Gate(gate)]));
    bot.ann("Send me the chart.");
    bot.request(3).await;
    bot.ann("/stop");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'interrupted'", 1).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM outbox WHERE media IS NOT NULL").await, 0);
    assert_eq!(bot.database.count(CONTENTS).await, 1, "it is still there");
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn a_file_that_is_refused_in_every_form_is_told_to_the_model() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let id = made(&bot, "/tmp/мои заметки.txt", "text/plain", b"Notes.").await;
    let refusal = Fault::Error { code: 413, description: "Request Entity Too Large".to_owned() };
    bot.telegram.fail_next("sendDocument", 1, refusal);
    delivers(&bot, "", json!({"file_id": id, "sequential": true, "caption": "My notes"}));
    bot.ask("Send me the notes.").await;
    bot.answer(ANN, 3).await;
    let told = result(&bot, 3).await;
    assert_eq!(
        (&told["status"], &told["files"][0]["status"]),
        (&json!("not_all_sent"), &json!("refused_by_telegram"))
    );
    bot.ask("And?").await;
    let prompt = conversation(&bot.request(4).await).join("\n");
    assert!(prompt.contains("not delivered, Telegram refused it"), "{prompt}");
    assert_eq!(bot.database.count(CONTENTS).await, 1, "another try is possible");
    let told =
        "⚠️ Telegram did not accept this: мои заметки.txt. Ask me to send it in another format.\n\nMy notes";
    assert_eq!(course(&bot, ANN)[..2], [told, "Here you are."]);
    delivers(&bot, "", json!({"file_id": id}));
    bot.ann("Try again.");
    assert_eq!(arrived(&bot, ANN, 1).await[0].file_name, "мои заметки.txt");
    bot.end().await;
}
