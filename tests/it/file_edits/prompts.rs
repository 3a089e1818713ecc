//! What the next prompts show after an edit: the new file, or a line about one that cannot be had.

use playground::anthropic::{Gate, Reply, Step, StopReason};
use playground::telegram::{Attachment, Fault, NewFile};
use serde_json::json;

use super::{EDITS, REPLACED, STORED, TO_DELETE, UNHANDLED, copies, newest, note, shown, with_answer};
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOUND, Bot, GROUP, conversation};

async fn public_id(bot: &Bot) -> String {
    sqlx::query_scalar("SELECT public_id::text FROM files").fetch_one(bot.books()).await.unwrap()
}

/// The next question is asked while the new file is on its way, and waits for it.
#[tokio::test]
async fn the_next_prompt_shows_the_new_file_and_the_old_copy_is_deleted() {
    let (bot, message) = with_answer([]).await;
    let former = public_id(&bot).await;
    let hold = bot.telegram.hold("download");
    bot.telegram.edit_file(ANN, message, note("new.txt").captioned("Read that.")).unwrap();
    hold.waiting().await;
    bot.ann("And now?");
    bot.database.until("SELECT count(*) FROM inbox", 3).await;
    hold.release();
    bot.answer(ANN, 2).await;
    let asked = bot.request(2).await;
    assert_eq!(shown(&asked), ["new.txt"]);
    let said = &conversation(&asked)[0];
    assert!(
        said.contains("(edited)") && said.contains("Read that.") && !said.contains("Read this."),
        "{said}"
    );
    assert_ne!(public_id(&bot).await, former, "an id means one content for ever");
    assert_eq!(bot.database.count(EDITS).await, 1);
    bot.database.until(TO_DELETE, 0).await;
    assert_eq!(copies(&bot), ["new.txt"]);
    bot.end().await;
}

#[tokio::test]
async fn a_message_that_waits_for_its_file_goes_on_with_the_new_one() {
    let bot = Bot::start().await;
    let hold = bot.telegram.hold("download");
    let said = bot.telegram.send(ANN, ANN, note("old.txt").captioned("Read this."));
    hold.waiting().await;
    bot.telegram.edit_file(ANN, said.message_id, note("new.txt").captioned("Read that.")).unwrap();
    let asked = bot.telegram.until("a second call of getFile", BOUND, |view| {
        (view.calls().iter().filter(|call| call.method.eq_ignore_ascii_case("getFile")).count() == 2)
            .then_some(())
    });
    asked.await.unwrap();
    hold.release();
    bot.answer(ANN, 1).await;
    let asked = bot.request(1).await;
    assert_eq!(
        (shown(&asked), conversation(&asked)),
        (vec!["new.txt".to_owned()], vec!["user: Read that.".to_owned()])
    );
    bot.database.until(UNHANDLED, 0).await;
    assert_eq!((bot.database.count(STORED).await, bot.model.requests().len()), (1, 1));
    bot.database.until(TO_DELETE, 0).await;
    assert_eq!(copies(&bot), ["new.txt"]);
    bot.end().await;
}

/// Like an edit of the text, it changes nothing for the answer that runs. The old copy stays until it has
/// ended.
#[tokio::test]
async fn a_running_answer_goes_on_with_the_file_that_it_was_asked_about() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "list_files".to_owned(), input: json!({}) },
        Step::Gate(gate),
        Step::Stop(StopReason::ToolUse),
    ]));
    let said = bot.telegram.send(ANN, ANN, note("old.txt").captioned("Read this."));
    bot.request(1).await;
    bot.telegram.edit_file(ANN, said.message_id, note("new.txt").captioned("Read that.")).unwrap();
    bot.database.until(REPLACED, 1).await;
    keeper.open();
    bot.answer(ANN, 1).await;
    assert_eq!(shown(&bot.request(2).await), ["old.txt"]);
    bot.ask("And now?").await;
    assert_eq!(shown(&bot.request(3).await), ["new.txt"]);
    let later = "SELECT count(*) FROM copy_deletions WHERE due_at > now() + interval '50 minutes'";
    assert_eq!(bot.database.count(later).await, 1);
    assert_eq!(copies(&bot), ["new.txt", "old.txt"]);
    bot.end().await;
}

#[tokio::test]
async fn of_a_new_file_that_cannot_be_had_a_line_is_left_and_nothing_of_the_old_one() {
    let (bot, message) = with_answer([]).await;
    let refused = Fault::Error { code: 400, description: "Bad Request: wrong file_id".to_owned() };
    bot.telegram.fail_next("getFile", 1, refused);
    let large = NewFile::new(Attachment::Document, "large.pdf", "application/pdf", vec![1; 21 << 20]);
    let video = NewFile::video("film.mp4", 3);
    let foreign =
        NewFile::new(Attachment::Document, "scan.pdf", "application/pdf", b"<html>No</html>".to_vec());
    for (number, (file, line)) in [
        (
            note("lost.txt"),
            "[document \"lost.txt\" (text/plain, 24 bytes): could not be fetched from Telegram",
        ),
        (large, "[document \"large.pdf\" (application/pdf, 22.0 MB): too large to be read here"),
        (video, "[video \"film.mp4\" (video/mp4"),
        (foreign, "[document \"scan.pdf\" (unknown/unknown, 15 bytes): not readable here"),
    ]
    .into_iter()
    .enumerate()
    {
        bot.telegram.edit_file(ANN, message, file).unwrap();
        bot.database.until("SELECT count(*) FROM inbox", 2 + 2 * i64::try_from(number).unwrap()).await;
        bot.ask("And now?").await;
        let asked = newest(&bot);
        let said = &conversation(&asked)[0];
        assert!(said.contains(line), "{said}");
        assert!(shown(&asked).is_empty() && !said.contains("old.txt"), "{said}");
    }
    bot.database.until(TO_DELETE, 0).await;
    assert_eq!(copies(&bot), [""; 0]);
    // A file that can be read takes the line's place.
    bot.telegram.edit_file(ANN, message, NewFile::photo(64, 64)).unwrap();
    bot.database.until("SELECT count(*) FROM files WHERE kind = 'photo'", 1).await;
    bot.ask("And now?").await;
    assert_eq!(newest(&bot).files()[0].block, "image");
    assert_eq!(bot.database.count(STORED).await, 1);
    bot.end().await;
}

#[tokio::test]
async fn with_the_same_file_only_the_caption_changes_and_nothing_is_fetched_again() {
    let (mut bot, message) = with_answer([]).await;
    let former = public_id(&bot).await;
    let update = bot.telegram.edit(ANN, message, "Read that.").unwrap();
    bot.database.until("SELECT count(*) FROM messages WHERE text = 'Read that.'", 1).await;
    bot.ask("And now?").await;
    assert_eq!(shown(&newest(&bot)), ["old.txt"]);
    // The same edit once more, as after a crash before it was marked as handled.
    bot.database.until(UNHANDLED, 0).await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.sql(&format!("UPDATE inbox SET handled_at = NULL WHERE update_id = {update}")).await;
    bot.run().await;
    bot.database.until(UNHANDLED, 0).await;
    assert_eq!(bot.telegram.view(|view| view.downloads().len()), 1);
    assert_eq!((public_id(&bot).await, copies(&bot)), (former, vec!["old.txt".to_owned()]));
    assert_eq!(bot.database.count(EDITS).await, 1);
    bot.end().await;
}

#[tokio::test]
async fn one_part_of_an_album_is_replaced_in_its_place() {
    let bot = Bot::start().await;
    let album = ["1.txt", "2.txt", "3.txt"].map(note).to_vec();
    let parts = bot.telegram.send_album(GROUP, ANN, None, {
        let mut album = album;
        album[0] = album[0].clone().captioned("@starling_bot compare");
        album
    });
    bot.answer(GROUP, 1).await;
    // While a turn is open, a copy that it may show is spared.
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.telegram.edit_file(GROUP, parts[1].message_id, note("new.txt")).unwrap();
    bot.database.until(REPLACED, 1).await;
    bot.ask_in(GROUP, ANN, "@starling_bot and now?").await;
    let asked = newest(&bot);
    assert_eq!(shown(&asked), ["1.txt", "new.txt", "3.txt"]);
    assert!(conversation(&asked)[0].contains("compare"), "{:?}", conversation(&asked));
    bot.database.until(TO_DELETE, 0).await;
    assert_eq!(copies(&bot), ["1.txt", "3.txt", "new.txt"]);
    bot.end().await;
}

#[tokio::test]
async fn a_text_can_become_a_photo() {
    let bot = Bot::start().await;
    let said = bot.ann("Look at this!");
    bot.answer(ANN, 1).await;
    bot.telegram.edit_file(ANN, said.message_id, NewFile::photo(64, 64).captioned("Look at that!")).unwrap();
    bot.database.until(STORED, 1).await;
    bot.ask("And now?").await;
    let asked = newest(&bot);
    assert_eq!(asked.files()[0].block, "image");
    assert!(conversation(&asked)[0].contains("Look at that!"), "{:?}", conversation(&asked));
    bot.end().await;
}

#[tokio::test]
async fn an_edit_of_what_was_cleared_or_never_answered_stores_no_file() {
    let (bot, message) = with_answer([]).await;
    let hold = bot.telegram.hold("download");
    bot.telegram.edit_file(ANN, message, note("new.txt")).unwrap();
    hold.waiting().await;
    bot.ask("/clear").await;
    hold.release();
    bot.database.until(UNHANDLED, 0).await;
    bot.database.until(TO_DELETE, 0).await;
    assert_eq!(copies(&bot), [""; 0]);
    let said = bot.telegram.send(GROUP, ANN, note("old.txt"));
    bot.telegram.edit_file(GROUP, said.message_id, note("new.txt")).unwrap();
    bot.database.until("SELECT count(*) FROM inbox", 5).await;
    bot.database.until(UNHANDLED, 0).await;
    assert_eq!(bot.database.count(REPLACED).await, 0);
    assert_eq!(bot.telegram.view(|view| view.downloads().len()), 2, "what nobody asked about is not fetched");
    bot.end().await;
}

#[tokio::test]
async fn a_cached_conversation_shows_the_new_file() {
    let redis = Redis::start().await;
    let (bot, message) = with_answer([("REDIS_URL", &*redis.url())]).await;
    bot.log("turn 1 complete").await;
    bot.telegram.edit_file(ANN, message, note("new.txt").captioned("Read this.")).unwrap();
    bot.database.until(REPLACED, 1).await;
    bot.ask("And now?").await;
    assert_eq!(shown(&newest(&bot)), ["new.txt"]);
    assert!(conversation(&newest(&bot))[0].contains("(edited)"), "{:?}", conversation(&newest(&bot)));
    bot.end().await;
}
